import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { MalformedError } from '../../storage/protobuf.ts'
import { otlpOfZipkin, zipkinOfJson } from '../../storage/zipkin.ts'
import { zipkinOfProtobuf } from './zipkin-protobuf.ts'

/** What Envoy's Zipkin tracer sends, shortened, with one of everything that Zipkin v2 has. */
const sent = {
  traceId: '5af7183fb1d4cf5f',
  parentId: '6b221d5bc9e6496c',
  id: '352bff9a74ca9ad2',
  kind: 'SERVER',
  name: 'cart.shop.svc',
  timestamp: 1_700_000_000_000_001,
  duration: 1200,
  localEndpoint: { serviceName: 'cart', ipv4: '10.0.0.7', port: 15006 },
  remoteEndpoint: { serviceName: 'checkout', ipv6: '2001:db8:0:0:0:0:0:c001', port: 40112 },
  annotations: [{ timestamp: 1_700_000_000_000_101, value: 'first_upstream_tx_byte_sent' }],
  tags: { component: 'proxy', 'http.status_code': '503', error: 'upstream reset' },
  debug: true,
  shared: true,
}

/** zipkin.proto3 of zipkin-api, in the parts that spans have. */
const { root } = protobuf.parse(`syntax = "proto3";
  message Endpoint { string service_name = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }
  message Annotation { fixed64 timestamp = 1; string value = 2; }
  message Span {
    bytes trace_id = 1; bytes parent_id = 2; bytes id = 3;
    enum Kind { SPAN_KIND_UNSPECIFIED = 0; CLIENT = 1; SERVER = 2; PRODUCER = 3; CONSUMER = 4; }
    Kind kind = 4; string name = 5; fixed64 timestamp = 6; uint64 duration = 7;
    Endpoint local_endpoint = 8; Endpoint remote_endpoint = 9;
    repeated Annotation annotations = 10; map<string, string> tags = 11; bool debug = 12; bool shared = 13;
  }
  message ListOfSpans { repeated Span spans = 1; }`)
const listOfSpans = root.lookupType('ListOfSpans')
const encoded = (spans: object[]) => Buffer.from(listOfSpans.encode(listOfSpans.fromObject({ spans })).finish())
const hex = (id: string) => Buffer.from(id, 'hex')
const inProtobuf = {
  ...sent,
  traceId: hex(sent.traceId),
  parentId: hex(sent.parentId),
  id: hex(sent.id),
  localEndpoint: { ...sent.localEndpoint, ipv4: Buffer.from([10, 0, 0, 7]) },
  remoteEndpoint: { ...sent.remoteEndpoint, ipv6: hex('20010db800000000000000000000c001') },
}

it('means as OTLP what the two specifications say', () => {
  const string = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const span = {
    traceId: '00000000000000005af7183fb1d4cf5f',
    spanId: '352bff9a74ca9ad2',
    parentSpanId: '6b221d5bc9e6496c',
    flags: 1,
    traceState: '',
    name: 'cart.shop.svc',
    kind: 2,
    startTimeUnixNano: '1700000000000001000',
    endTimeUnixNano: '1700000000001201000',
    attributes: [
      string('component', 'proxy'),
      string('http.status_code', '503'),
      string('error', 'upstream reset'),
      string('net.host.ip', '10.0.0.7'),
      { key: 'net.host.port', value: { intValue: '15006' } },
      string('net.peer.ip', '2001:db8:0:0:0:0:0:c001'),
      { key: 'net.peer.port', value: { intValue: '40112' } },
      string('peer.service', 'checkout'),
      { key: 'zipkin.shared', value: { boolValue: true } },
      { key: 'zipkin.debug', value: { boolValue: true } },
    ],
    events: [{ timeUnixNano: '1700000000000101000', name: 'first_upstream_tx_byte_sent' }],
    status: { code: 2, message: 'upstream reset' },
  }
  expect(otlpOfZipkin(zipkinOfJson(JSON.stringify([sent])))).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [string('service.name', 'cart')] },
        scopeSpans: [{ scope: { name: '', version: '' }, spans: [span] }],
      },
    ],
  })
})

it('means the same in protobuf', () => {
  const other = { ...sent, kind: 'CONSUMER', tags: {}, debug: false, shared: false, annotations: [] }
  const otherInProtobuf = { ...inProtobuf, kind: 4, tags: {}, debug: false, shared: false, annotations: [] }
  const fromProtobuf = zipkinOfProtobuf(encoded([{ ...inProtobuf, kind: 2 }, otherInProtobuf]))
  expect(otlpOfZipkin(fromProtobuf)).toEqual(otlpOfZipkin(zipkinOfJson(JSON.stringify([sent, other]))))
})

const otlpSpans = (...spans: object[]) =>
  (
    otlpOfZipkin(zipkinOfJson(JSON.stringify(spans))) as {
      resourceSpans: { scopeSpans: { scope: object; spans: Record<string, unknown>[] }[] }[]
    }
  ).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)

describe('a span', () => {
  const bare = { traceId: '1', id: '2', timestamp: 5 }

  it('needs little: ids may lack leading zeros, a local one has no kind', () => {
    expect(otlpSpans(bare)[0]!.spans).toMatchObject([
      {
        traceId: '00000000000000000000000000000001',
        spanId: '0000000000000002',
        name: '',
        kind: 1,
        startTimeUnixNano: '5000',
        endTimeUnixNano: '5000',
        status: {},
      },
    ])
  })

  it('without a timestamp begins with its first annotation', () => {
    const annotations = [
      { timestamp: 9, value: 'ss' },
      { timestamp: 7, value: 'sr' },
    ]
    expect(otlpSpans({ ...bare, timestamp: undefined, annotations })[0]!.spans[0]).toMatchObject({
      startTimeUnixNano: '7000',
    })
  })

  it('says what scope it is of and how it ended in tags of the OpenTelemetry specification', () => {
    const tags = { 'otel.scope.name': 'lib', 'otel.scope.version': '2', 'otel.status_code': 'OK', error: 'false' }
    expect(otlpSpans({ ...bare, tags })).toMatchObject([
      { scope: { name: 'lib', version: '2' }, spans: [{ status: { code: 1 }, attributes: [{ key: 'error' }] }] },
    ])
  })

  it('keeps numbers and booleans in tags as text', () => {
    expect(otlpSpans({ ...bare, tags: { n: 7, ok: true } })[0]!.spans[0]).toMatchObject({
      attributes: [{ value: { stringValue: '7' } }, { value: { stringValue: 'true' } }],
    })
  })

  it.each([
    [[{ ...bare, timestamp: 0 }], '[0] has no timestamp'],
    [[bare, { ...bare, id: 'xyz' }], '[1].id is not an id of 16 hex digits'],
    [[{ ...bare, id: undefined }], '[0].id is missing'],
    [[{ ...bare, traceId: 'a'.repeat(33) }], '[0].traceId is not an id of 16 or 32 hex digits'],
    [[{ ...bare, timestamp: -1 }], '[0].timestamp is not a number of microseconds'],
    [[{ ...bare, duration: 'soon' }], '[0].duration is not a number of microseconds'],
    [[{ ...bare, tags: { a: {} } }], '[0].tags.a is not a string'],
    [[{ ...bare, annotations: {} }], '[0].annotations is not a list'],
    [[{ ...bare, localEndpoint: 'me' }], '[0].localEndpoint is not an object'],
    [['span'], '[0] is not an object'],
    [{ spans: [] }, 'the request is not a list of spans'],
  ])('%j is refused: %s', (spans, message) => {
    expect(() => otlpOfZipkin(zipkinOfJson(JSON.stringify(spans)))).toThrow(message)
  })

  it('of JSON or protobuf that is cut anywhere is refused', () => {
    const json = JSON.stringify([sent])
    for (let end = 0; end < json.length; end++) expect(() => zipkinOfJson(json.slice(0, end))).toThrow('invalid JSON')
    const bytes = encoded([inProtobuf])
    for (let end = 1; end < bytes.length; end++)
      expect(() => zipkinOfProtobuf(bytes.subarray(0, end))).toThrow(MalformedError)
  })
})
