import { otlpOfZipkin, zipkinOfJson } from '../../storage/zipkin.ts'
import { zipkinOfProtobuf } from '../../collector/wire/zipkin-protobuf.ts'
import { protobufOf } from '../../storage/otlp-json.ts'
import { expectedOf, type Expected } from './expect.ts'
import type { Kind } from './fuzz.ts'
import { refused } from './fuzz-json.ts'
import { protobufMutator } from './fuzz-otlp.ts'
import { NotTaken, otlpOfJson, readJson } from './json-reader.ts'
import { jsonText, mutatedJson, mutatedText } from './mutate-json.ts'
import { lengthDelimited, tagOf, varint, zipkinList } from './proto-tree.ts'
import { newRandom } from './random.ts'
import { otlpJsonOf, spansOfJson, spansOfProtobuf, type Span } from './zipkin-reader.ts'
import { Malformed } from './otlp-reader.ts'

const at = 1_700_000_000_000_000
const traceId = '5af7183fb1d4cf5f00000000000000a1'
const shared = { traceId, id: '352bff9a74ca9ad2', name: 'cart:8080', timestamp: at, duration: 9000 }

/** As Envoy, Brave and the SDK's exporter write them. */
const seeds = [
  [
    {
      ...{ ...shared, kind: 'CLIENT', localEndpoint: { serviceName: 'checkout', ipv4: '10.0.0.7', port: 8080 } },
      ...{ remoteEndpoint: { serviceName: 'cart', ipv6: '2001:db8::7', port: 443 } },
      tags: { component: 'proxy', 'http.status_code': '503', upstream_cluster: 'outbound|8080||cart', error: 'true' },
    },
    {
      ...{ ...shared, kind: 'SERVER', shared: true, localEndpoint: { serviceName: 'cart' } },
      tags: { upstream_cluster: 'inbound|8080||' },
    },
  ],
  [
    {
      ...{ traceId: 'd1d4cf5f000000a1', id: '52bff9a74ca9ad2', parentId: '352bff9a74ca9ad2', name: 'get', debug: true },
      localEndpoint: { serviceName: 'shop' },
      annotations: [
        { timestamp: at + 5, value: 'cs' },
        { timestamp: at + 3, value: 'retry' },
      ],
      tags: {
        'otel.library.name': 'lib',
        'otel.library.version': '1',
        'otel.status_code': 'ERROR',
        'w3c.tracestate': 'a=b',
      },
    },
  ],
  [
    {
      traceId,
      id: '1',
      kind: 'PRODUCER',
      timestamp: at,
      tags: { 'otel.scope.name': 's', 'otel.status_code': 'OK', n: 7 },
    },
  ],
]

const expected = (read: () => Span[]): Expected => {
  try {
    return expectedOf(otlpOfJson(otlpJsonOf(read())))
  } catch (error) {
    if (error instanceof NotTaken || error instanceof Malformed) return refused
    throw error
  }
}

export const zipkinJson: Kind = {
  mutator(seed) {
    const lists = seeds.map((list) => readJson(JSON.stringify(list)))
    return (i) => {
      const random = newRandom(seed, i, 2)
      let value = random.pick(lists)
      for (let rounds = 1 + random.int(3); rounds > 0; rounds--) value = mutatedJson(value, random)
      const text = jsonText(value, random)
      return Buffer.from(random.oneIn(8) ? mutatedText(text, random) : text)
    }
  },
  expected: (body) => expected(() => spansOfJson(body.toString())),
  protobuf: (body) => protobufOf(otlpOfZipkin(zipkinOfJson(body.toString())), body.length),
}

const text = (number: number, value = '') => lengthDelimited(number, Buffer.from(value))
const id = (number: number, value: string) => lengthDelimited(number, Buffer.from(value.padStart(16, '0'), 'hex'))
const number = (field: number, value: number | bigint) => Buffer.concat([tagOf(field, 0), varint(BigInt(value))])
const instant = (field: number, value: number) => {
  const content = Buffer.alloc(8)
  content.writeBigUInt64LE(BigInt(value))
  return Buffer.concat([tagOf(field, 1), content])
}
const endpoint = (field: number, name: string) =>
  lengthDelimited(
    field,
    Buffer.concat([
      ...[text(1, name), lengthDelimited(2, Buffer.from([10, 0, 0, 7]))],
      ...[lengthDelimited(3, Buffer.from('20010db8000000000000000000000007', 'hex')), number(4, 8080)],
    ]),
  )

const protobufSeeds = [
  lengthDelimited(
    1,
    Buffer.concat([
      ...[id(1, traceId), id(2, '352bff9a74ca9ad1'), id(3, '352bff9a74ca9ad2'), number(4, 2), text(5, 'cart:8080')],
      ...[instant(6, at), number(7, 9000), endpoint(8, 'cart'), endpoint(9, 'checkout')],
      lengthDelimited(10, Buffer.concat([instant(1, at + 5), text(2, 'retry')])),
      ...[
        ['component', 'proxy'],
        ['error', 'deadlock'],
        ['otel.scope.name', 's'],
      ].map(([key, value]) => lengthDelimited(11, Buffer.concat([text(1, key), text(2, value)]))),
      ...[number(12, 1), number(13, 1)],
    ]),
  ),
  lengthDelimited(1, Buffer.concat([id(1, 'a1'), id(3, 'a2'), instant(6, at), endpoint(8, 'shop')])),
]

export const zipkinProtobuf: Kind = {
  mutator: (seed) => protobufMutator([Buffer.concat(protobufSeeds), ...protobufSeeds], zipkinList, seed),
  expected: (body) => expected(() => spansOfProtobuf(body)),
  protobuf: (body) => protobufOf(otlpOfZipkin(zipkinOfProtobuf(body)), body.length),
  type: zipkinList,
}
