import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateRequest } from '../../bench/generate.ts'
import { MalformedError } from '../../storage/protobuf.ts'
import { newMetrics } from '../../collector/metrics.ts'
import { newSenders } from '../../collector/pipeline/senders.ts'
import { newAdmission } from '../../collector/pipeline/admission.ts'
import type { Pipeline } from '../../collector/pipeline/pipeline.ts'
import type { Usage } from '../../collector/pipeline/usage.ts'
import { everybody } from '../../collector/receivers/access.ts'
import { startGrpcReceiver } from '../../collector/receivers/grpc.ts'
import { frame } from '../../collector/receivers/grpc-frames.ts'
import type { Running } from '../../storage/running.ts'
import { quiet } from '../harness.ts'

/** gRPC over HTTP/2 as its specification has it, by the frame: what clients other than grpc-js may do. */
const taken = { stored: 1, rejected: 0, reasons: new Map(), sources: [], firstStart: 0n, lastStart: 0n }
let accepted: Buffer[] = []
let accept: Pipeline['accept']
const pipeline: Pipeline = {
  accept: (body, transport) => accept(body, transport),
  refuseWhenFull: () => {},
  ready: () => true,
  close: () => Promise.resolve(),
}
const noUsage: Usage = {
  accept: () => Promise.reject(new Error('nobody sends metrics here')),
  close: () => Promise.resolve(),
}
const maxRequestBytes = 64 * 2 ** 20
const options = () => {
  const admission = newAdmission(maxRequestBytes)
  const metrics = newMetrics(admission)
  return {
    host: '127.0.0.1',
    port: 0,
    admission,
    access: everybody,
    tls: null,
    metrics,
    senders: newSenders(15_000),
    log: quiet,
  }
}
let receiver: Running
let session: ClientHttp2Session
beforeAll(async () => {
  receiver = await startGrpcReceiver(pipeline, noUsage, options())
  // Sending more than 10 MB at once is more than this side would remember by default.
  session = connect(receiver.addresses[0]!.url, { maxSessionMemory: 1000 })
})
afterAll(async () => {
  session?.close()
  await receiver?.close()
})

interface Answer {
  http: number
  status: string | undefined
  message: string
  details: Buffer
  body: Buffer
  encodings: string | undefined
}

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** Sends `chunks` one by one; resolves with what came back, headers and trailers as one. */
async function call(chunks: readonly Uint8Array[], more: OutgoingHttpHeaders = {}, end = true): Promise<Answer> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more }
  const stream = session.request(headers, { endStream: false })
  const seen: Record<string, unknown> = {}
  const body: Buffer[] = []
  stream.on('response', (received) => Object.assign(seen, received))
  stream.on('trailers', (received) => Object.assign(seen, received))
  stream.on('data', (chunk: Buffer) => body.push(chunk))
  stream.on('error', () => {})
  const closed = new Promise((resolve) => stream.once('close', resolve))
  for (const chunk of chunks) if (!stream.destroyed) stream.write(chunk)
  if (end) stream.end()
  await closed
  const text = (name: string) => seen[name] as string | undefined
  return {
    http: Number(seen[':status']),
    status: text('grpc-status'),
    message: decodeURIComponent(text('grpc-message') ?? ''),
    details: Buffer.from(text('grpc-status-details-bin') ?? '', 'base64'),
    body: Buffer.concat(body),
    encodings: text('grpc-accept-encoding'),
  }
}

const take: Pipeline['accept'] = (body) => {
  accepted.push(Buffer.from(body.bytes()))
  return Promise.resolve(taken)
}
const { body: request } = generateRequest(24, 1)

describe('a call', () => {
  beforeAll(() => {
    accept = take
  })

  it('is answered with one message and status 0', async () => {
    accepted = []
    const answer = await call([frame(request)])
    expect([answer.http, answer.status, answer.body]).toEqual([200, '0', frame(Buffer.alloc(0))])
    expect(accepted).toEqual([request])
  })

  it('may come a byte at a time', async () => {
    accepted = []
    const small = frame(request.subarray(0, 300))
    const answer = await call([...small].map((byte) => Uint8Array.of(byte)))
    expect(answer.status).toBe('0')
    expect(accepted).toEqual([request.subarray(0, 300)])
  })

  it('may be larger than every window', async () => {
    accepted = []
    const large = Buffer.alloc(30 * 2 ** 20, 7)
    expect((await call([frame(large)])).status).toBe('0')
    expect(accepted[0]!.equals(large)).toBe(true)
  })

  it('may be compressed, message by message', async () => {
    accepted = []
    const compressed = frame(gzipSync(request))
    compressed[0] = 1
    expect((await call([compressed], { 'grpc-encoding': 'gzip' })).status).toBe('0')
    expect((await call([frame(request)], { 'grpc-encoding': 'gzip' })).status).toBe('0')
    expect(accepted).toEqual([request, request])
  })

  it('says in a partial success what was rejected', async () => {
    accept = () => Promise.resolve({ ...taken, rejected: 2, reasons: new Map([['no id', 2]]) })
    const { status, body } = await call([frame(request)])
    expect(status).toBe('0')
    expect(body.toString('latin1')).toContain('2 spans: no id')
    accept = take
  })
})

describe('what is no call', () => {
  beforeAll(() => {
    accept = take
  })

  it.each([
    ['another method', [], { ':path': '/grpc.health.v1.Health/Check' }, '12'],
    ['an encoding nobody asked for', [frame(request)], { 'grpc-encoding': 'snappy' }, '12'],
    ['no message', [], {}, '12'],
    ['two messages', [frame(request), frame(request)], {}, '12'],
    ['half a message', [frame(request).subarray(0, 100)], {}, '12'],
    ['a deadline that is none', [frame(request)], { 'grpc-timeout': 'soon' }, '3'],
  ])('%s', async (_, chunks, headers, status) => {
    accepted = []
    const answer = await call(chunks, headers)
    expect([answer.http, answer.status]).toEqual([200, status])
    expect(answer.encodings).toBe('identity,gzip,deflate')
    expect(accepted).toEqual([])
  })

  it('is answered in HTTP where it is not gRPC', async () => {
    expect((await call([], { 'content-type': 'application/json' })).http).toBe(415)
    expect((await call([], { ':method': 'GET' }, false)).http).toBe(405)
  })

  it('larger than the limit is refused by its announced length, before it is read', async () => {
    const header = Buffer.alloc(6)
    header.writeUInt32BE(65 * 2 ** 20, 1)
    const answer = await call([header], {}, false)
    expect([answer.status, answer.message]).toEqual(['8', 'the message has 68157440 bytes, more than 67108864'])
  })
})

describe('a failure', () => {
  it('that is final is INVALID_ARGUMENT', async () => {
    accept = () => Promise.reject(new MalformedError('field 3 of Span has wire type 7 – 100 %'))
    const { status, message, details } = await call([frame(request)])
    expect([status, message, details.length]).toEqual(['3', 'field 3 of Span has wire type 7 – 100 %', 0])
  })

  it('of the store is UNAVAILABLE with RetryInfo', async () => {
    accept = () => Promise.reject(new Error('no connection to the store at 10.0.0.7'))
    const { status, message, details } = await call([frame(request)])
    expect([status, message]).toEqual(['14', 'ClickHouse does not take it now'])
    expect(details.toString('latin1')).toContain('google.rpc.RetryInfo')
  })

  it('for want of room is RESOURCE_EXHAUSTED with RetryInfo, and the room comes back', async () => {
    const waiting: (() => void)[] = []
    accept = () => new Promise((resolve) => waiting.push(() => resolve(taken)))
    const large = frame(Buffer.alloc(25 * 2 ** 20))
    const first = call([large])
    while (waiting.length === 0) await sleep(5)
    const { status, details } = await call([large])
    expect(status).toBe('8')
    expect(details.toString('latin1')).toContain('google.rpc.RetryInfo')
    waiting[0]!()
    expect((await first).status).toBe('0')
    accept = take
    expect((await call([large])).status).toBe('0')
  })

  it('to be in time is DEADLINE_EXCEEDED', async () => {
    accept = () => new Promise((resolve) => setTimeout(() => resolve(taken), 500))
    expect((await call([frame(request)], { 'grpc-timeout': '50m' })).status).toBe('4')
    expect((await call([frame(request)], { 'grpc-timeout': '30S' })).status).toBe('0')
  })
})

it('gives back the room of clients that go away in the middle', async () => {
  accept = take
  for (let i = 0; i < 20; i++) {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
    stream.on('error', () => {})
    stream.write(frame(Buffer.alloc(20 * 2 ** 20)).subarray(0, 10 * 2 ** 20))
    await sleep(20)
    stream.close(constants.NGHTTP2_CANCEL)
  }
  await sleep(100)
  expect((await call([frame(Buffer.alloc(30 * 2 ** 20))])).status).toBe('0')
})

it('ends a call whose message takes too long, though a byte of it comes now and then, and gives back its room', async () => {
  const admission = newAdmission(maxRequestBytes)
  const slow = await startGrpcReceiver(pipeline, noUsage, { ...options(), admission, messageWithinMs: 500 })
  const before = session
  session = connect(slow.addresses[0]!.url)
  accept = take
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' }
  const stream = session.request(headers, { endStream: false })
  stream.on('error', () => {})
  const trickle = setInterval(() => stream.destroyed || stream.write(frame(request).subarray(0, 5)), 50)
  const [answer] = (await once(stream, 'response')) as [Record<string, string>]
  clearInterval(trickle)
  expect([answer['grpc-status'], decodeURIComponent(answer['grpc-message']!)]).toEqual([
    '4',
    'the message did not come within 0.5 s',
  ])
  // What is whole in time waits for ClickHouse as long as that takes.
  accept = () => new Promise((resolve) => setTimeout(() => resolve(taken), 800))
  expect((await call([frame(request)])).status).toBe('0')
  expect(admission.taken()).toBe(0)
  session.close()
  await slow.close()
  session = before
})

it('answers the calls under way when it is closed', async () => {
  const closing = await startGrpcReceiver(pipeline, noUsage, options())
  const before = session
  session = connect(closing.addresses[0]!.url)
  accept = () => new Promise((resolve) => setTimeout(() => resolve(taken), 300))
  const answer = call([frame(request)])
  await sleep(100)
  await closing.close()
  expect((await answer).status).toBe('0')
  session = before
})
