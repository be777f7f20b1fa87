import { frame } from '../../collector/receivers/grpc-frames.ts'
import { mutatedBytes } from './mutate-protobuf.ts'
import type { Random } from './random.ts'

/** HTTP/2 by hand (RFC 9113): a gRPC call as a client sends it, with frames that are wrong in every way. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const Type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  more: 9,
}

interface Frame {
  type: number
  flags: number
  stream: number
  content: Buffer
  /** Added to the length that the frame says. */
  lie?: number
}

function bytesOf({ type, flags, stream, content, lie = 0 }: Frame): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(Math.min(2 ** 24 - 1, Math.max(0, content.length + lie)), 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, content])
}

/** HPACK, a literal without indexing. */
const header = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)])
const headers = Buffer.concat([
  ...[header(':method', 'POST'), header(':scheme', 'http'), header(':authority', 'x'), header('te', 'trailers')],
  header(':path', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
  header('content-type', 'application/grpc'),
])

/** A call without a span, so that nothing is stored however it ends. */
const conversation: Frame[] = [
  { type: Type.settings, flags: 0, stream: 0, content: Buffer.alloc(0) },
  { type: Type.headers, flags: 4, stream: 1, content: headers },
  { type: Type.data, flags: 1, stream: 1, content: frame(Buffer.alloc(0)) },
]

const extra = (random: Random): Frame => ({
  type: random.pick([...Object.values(Type), 10, 200]),
  flags: random.pick([0, 1, 4, 5, 8, 0x20, 0xff]),
  stream: random.pick([0, 1, 1, 2, 3, 5, 2 ** 31 - 1]),
  content: random.bytes(random.pick([0, 1, 4, 5, 6, 8, 9, 16, 40])),
})

export function mutatedFrames(random: Random): Buffer {
  const frames = [...conversation]
  for (let rounds = random.int(4); rounds > 0; rounds--) {
    const at = random.int(frames.length)
    const one = frames[at]!
    random.pick([
      () => frames.splice(at, 0, extra(random)),
      () => frames.splice(at, 1, { ...one, flags: random.int(256) }),
      () => frames.splice(at, 1, { ...one, stream: random.pick([0, 1, 2, 3, 2 ** 31 - 1]) }),
      () => frames.splice(at, 1, { ...one, lie: random.pick([-1, 1, 5, 2 ** 20]) }),
      () => frames.splice(at, 1, { ...one, content: mutatedBytes(one.content, random) }),
      () => frames.splice(at, 0, ...Array.from({ length: 200 }, () => extra(random))),
      () => frames.push(one),
      // The same stream opened and given up again and again (CVE-2023-44487).
      () =>
        frames.push(
          ...Array.from({ length: 100 }, (_, n): Frame[] => [
            { type: Type.headers, flags: 4, stream: 2 * n + 3, content: headers },
            { type: Type.reset, flags: 0, stream: 2 * n + 3, content: Buffer.from([0, 0, 0, 8]) },
          ]).flat(),
        ),
    ])()
    if (frames.length === 0) frames.push(extra(random))
  }
  const bytes = Buffer.concat([preface, ...frames.map(bytesOf)])
  return random.oneIn(5) ? mutatedBytes(bytes, random) : bytes
}
