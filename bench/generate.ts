import { protobufOfJson } from '../storage/otlp-json.ts'
import { FieldCursor } from '../storage/protobuf.ts'

/**
 * Mesh traffic for load: traces of a gateway, three applications and their sidecars (the shape of T1 of algorithms.md,
 * 12 spans), with the attributes that Istio and the SDKs send. A request is encoded once; `refresh` then writes new
 * ids, times and request ids into its bytes, so that sending costs next to nothing and no span comes twice.
 */
export interface GeneratedRequest {
  /** ExportTraceServiceRequest, protobuf; changed in place by `refresh`. */
  readonly body: Buffer
  readonly spans: number
  /** Gives every trace fresh ids and a start within the second before `nowUnixMs`. */
  refresh(nowUnixMs: number): void
}

interface Row {
  parent: number
  emitter: number
  kind: 2 | 3
  name: string
  /** us since the start of the trace */
  from: number
  to: number
}

const applications = ['checkout', 'cart', 'pay'] as const
const gateway = 0
const app = (n: number): number => 1 + n
const sidecar = (n: number): number => 4 + n

const rows: readonly Row[] = [
  { parent: -1, emitter: gateway, kind: 2, name: '/checkout', from: 0, to: 12000 },
  { parent: 0, emitter: gateway, kind: 3, name: '/checkout', from: 300, to: 11800 },
  { parent: 1, emitter: sidecar(0), kind: 2, name: 'checkout.shop.svc.cluster.local:8080/*', from: 500, to: 11600 },
  { parent: 2, emitter: app(0), kind: 2, name: 'POST /checkout', from: 750, to: 11450 },
  { parent: 3, emitter: app(0), kind: 3, name: 'GET', from: 1750, to: 6750 },
  { parent: 4, emitter: sidecar(0), kind: 3, name: 'cart.shop.svc.cluster.local:8080/*', from: 1800, to: 6700 },
  { parent: 5, emitter: sidecar(1), kind: 2, name: 'cart.shop.svc.cluster.local:8080/*', from: 2200, to: 6400 },
  { parent: 6, emitter: app(1), kind: 2, name: 'GET /cart', from: 2450, to: 6300 },
  { parent: 3, emitter: app(0), kind: 3, name: 'POST', from: 7250, to: 10950 },
  { parent: 8, emitter: sidecar(0), kind: 3, name: 'pay.shop.svc.cluster.local:8080/*', from: 7310, to: 10890 },
  { parent: 9, emitter: sidecar(2), kind: 2, name: 'pay.shop.svc.cluster.local:8080/*', from: 7700, to: 10600 },
  { parent: 10, emitter: app(2), kind: 2, name: 'POST /pay', from: 7950, to: 10500 },
]
export const spansPerTrace = rows.length
const emitters = 7
/** Pods of each workload. */
const replicas = 12

const text = (attributes: Record<string, string>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
const number = (key: string, intValue: number) => ({ key, value: { intValue: String(intValue) } })

const nameOf = (emitter: number): string => (emitter === gateway ? 'krakend-edge' : applications[(emitter - 1) % 3]!)

function resource(emitter: number, replica: number) {
  const pod = `${nameOf(emitter)}-7d9c6b5f4-${(1000 + replica * 37).toString(36)}q`
  if (emitter > 3) {
    return {
      'service.name': `${nameOf(emitter)}.shop`,
      'telemetry.sdk.name': 'envoy',
      'telemetry.sdk.language': 'cpp',
      'telemetry.sdk.version': '9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL',
      'k8s.pod.name': pod,
      'k8s.node.name': `node-${replica % 6}`,
    }
  }
  return {
    'service.name': nameOf(emitter),
    'service.version': 'v3.1.4',
    'service.instance.id': pod,
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'go',
    'telemetry.sdk.version': '1.38.0',
    'deployment.environment.name': 'production',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': pod,
    'k8s.node.name': `node-${replica % 6}`,
  }
}

const requestIdPlace = '00000000-0000-4000-8000-000000000000'

function attributes(row: Row, replica: number, random: () => number) {
  const { emitter, kind } = row
  const path = row.name.split(' ')[1] ?? '/api'
  if (emitter === gateway) {
    return [
      ...text({ 'krakend.stage': kind === 2 ? 'global' : 'backend-request', 'http.request.method': 'POST' }),
      ...text({ 'url.path': '/checkout', 'http.route': '/checkout', 'network.protocol.version': '1.1' }),
      number('http.response.status_code', 200),
    ]
  }
  if (emitter <= 3) {
    return [
      ...text({ 'http.request.method': row.name.split(' ')[0]!, 'url.scheme': 'http', 'url.path': path }),
      ...text({ 'server.address': `${nameOf(emitter)}.shop`, 'network.peer.address': '127.0.0.6' }),
      ...text({ 'http.route': path, 'network.protocol.version': '1.1', 'user_agent.original': 'Go-http-client/1.1' }),
      number('server.port', 8080),
      number('network.peer.port', Math.floor(32768 + random() * 28000)),
      number('http.response.status_code', 200),
    ]
  }
  const other = row.name.split(':')[0]!
  return text({
    node_id: `sidecar~10.0.0.${replica}~${nameOf(emitter)}-7d9c6b5f4-x2k${replica}.shop~shop.svc.cluster.local`,
    'guid:x-request-id': requestIdPlace,
    'http.url': `http://${other}:8080/api?id=${Math.floor(random() * 1e6)}`,
    'http.method': 'POST',
    'http.protocol': 'HTTP/1.1',
    'http.status_code': '200',
    user_agent: 'Go-http-client/1.1',
    'peer.address': `10.0.0.${replica}`,
    request_size: String(Math.floor(random() * 500)),
    response_size: String(Math.floor(random() * 5000)),
    component: 'proxy',
    upstream_cluster: kind === 2 ? 'inbound|8080||' : `outbound|8080||${other}`,
    response_flags: '-',
    'istio.namespace': 'shop',
    'istio.mesh_id': 'cluster.local',
    'istio.canonical_service': nameOf(emitter),
    'istio.canonical_revision': 'v1',
  })
}

/** Numbers 0..1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

/** One span of the request: which trace and row it is, and where its changing fields are. */
interface Place {
  trace: number
  row: number
  traceId: number
  spanId: number
  parentId: number
  start: number
  end: number
  /** -1: this span has none. */
  requestId: number
}

/**
 * The request as OTLP/JSON, for tests and for senders of JSON; ids are placeholders.
 * @param spans rounded up to whole traces
 */
export function requestJson(spans: number, seed: number) {
  const random = randomFrom(seed)
  const groups = new Map<string, { resource: object; scope: object; spans: object[] }>()
  for (let trace = 0; trace < Math.ceil(spans / rows.length); trace++) {
    const replica = Array.from({ length: emitters }, () => Math.floor(random() * replicas))
    // An application and its sidecar share a pod.
    for (let n = 0; n < 3; n++) replica[sidecar(n)] = replica[app(n)]!
    rows.forEach((row, index) => {
      const at = replica[row.emitter]!
      const key = `${row.emitter} ${at}`
      const scope =
        row.emitter === gateway
          ? { name: 'io.krakend.krakend-otel' }
          : row.emitter <= 3
            ? { name: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp', version: '0.63.0' }
            : { name: 'envoy', version: '9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL' }
      let group = groups.get(key)
      if (!group) {
        group = { resource: { attributes: text(resource(row.emitter, at)) }, scope, spans: [] }
        groups.set(key, group)
      }
      group.spans.push({
        traceId: (trace + 1).toString(16).padStart(32, '0'),
        spanId: (index + 1).toString(16).padStart(16, '0'),
        parentSpanId: row.parent < 0 ? '' : (row.parent + 1).toString(16).padStart(16, '0'),
        name: row.name,
        kind: row.kind,
        startTimeUnixNano: String(row.from * 1000 + 1),
        endTimeUnixNano: String(row.to * 1000 + 1),
        attributes: attributes(row, at, random),
        status: {},
        flags: 0x101,
      })
    })
  }
  return {
    resourceSpans: [...groups.values()].map(({ resource, scope, spans }) => ({
      resource,
      scopeSpans: [{ scope, spans }],
    })),
  }
}

/**
 * @param spans rounded up to whole traces. @param seed requests of different seeds share no ids.
 * @param namespace of everything: traffic of two of them shares no proxy and no hop.
 */
export function generateRequest(spans: number, seed: number, namespace = 'shop'): GeneratedRequest {
  const body = protobufOfJson(JSON.stringify(requestJson(spans, seed)).replaceAll(/\bshop\b/g, namespace))
  const places = findPlaces(body)
  const traces = places.length / rows.length
  const random = randomFrom(Math.imul(seed + 1, 0x9e3779b1))
  const word = (): number => Math.floor(random() * 0x1_0000_0000)
  // Per trace: four words of trace id, one of its span ids, start in us, stretch of its durations.
  const ids = new Uint32Array(traces * 5)
  const offset = new Float64Array(traces)
  const stretch = new Float64Array(traces)
  const view = new DataView(body.buffer, body.byteOffset, body.length)

  // Unix ns do not fit in a double: halves of the instant before the first, and what is added to it, less than 4 s.
  let baseLow = 0
  let baseHigh = 0
  const writeInstant = (at: number, us: number): void => {
    const low = baseLow + Math.round(us * 1000)
    view.setUint32(at, low, true)
    view.setUint32(at + 4, baseHigh + (low >= 0x1_0000_0000 ? 1 : 0), true)
  }
  const writeHex = (at: number, value: number): void => {
    for (let i = 0; i < 4; i++) view.setUint16(at + 2 * i, hexOfByte[(value >>> (24 - 8 * i)) & 0xff]!)
  }
  const writePlace = (at: Place): void => {
    const { trace, row: index } = at
    const row = rows[index]!
    for (let i = 0; i < 4; i++) view.setUint32(at.traceId + i * 4, ids[trace * 5 + i]!)
    const spanWord = ids[trace * 5 + 4]!
    view.setUint32(at.spanId, spanWord)
    view.setUint32(at.spanId + 4, Math.imul(spanWord ^ (index + 1), 0x9e3779b1))
    if (row.parent >= 0) {
      view.setUint32(at.parentId, spanWord)
      view.setUint32(at.parentId + 4, Math.imul(spanWord ^ (row.parent + 1), 0x9e3779b1))
    }
    writeInstant(at.start, offset[trace]! + row.from * stretch[trace]!)
    writeInstant(at.end, offset[trace]! + row.to * stretch[trace]!)
    if (at.requestId >= 0) {
      writeHex(at.requestId, ids[trace * 5]!)
      writeHex(at.requestId + 24, ids[trace * 5 + 1]!)
    }
  }

  return {
    body,
    spans: places.length,
    refresh(nowUnixMs) {
      for (let i = 0; i < ids.length; i++) ids[i] = word()
      for (let t = 0; t < traces; t++) {
        offset[t] = random() * 1e6
        stretch[t] = 0.5 + random() * random() * 4
      }
      const base = BigInt(nowUnixMs - 1100) * 1_000_000n
      baseLow = Number(base & 0xffff_ffffn)
      baseHigh = Number(base >> 32n)
      for (const place of places) writePlace(place)
    },
  }
}

/** Two digits as one big-endian number, of each byte. */
const hexOfByte = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0'), 'latin1').readUInt16BE(),
)

function findPlaces(body: Buffer): Place[] {
  const places: Place[] = []
  const each = (from: number, to: number, visit: (f: FieldCursor) => void): void => {
    const f = new FieldCursor(body, from, to)
    while (f.next()) visit(f)
  }
  each(0, body.length, (request) =>
    each(request.from, request.to, (resourceSpans) => {
      if (resourceSpans.field !== 2) return
      each(resourceSpans.from, resourceSpans.to, (scopeSpans) => {
        if (scopeSpans.field === 2) places.push(findPlace(body, scopeSpans.from, scopeSpans.to))
      })
    }),
  )
  return places
}

function findPlace(body: Buffer, from: number, to: number): Place {
  const place: Place = { trace: 0, row: 0, traceId: 0, spanId: 0, parentId: 0, start: 0, end: 0, requestId: -1 }
  const f = new FieldCursor(body, from, to)
  while (f.next()) {
    if (f.field === 1) {
      place.traceId = f.from
      place.trace = body.readUInt32BE(f.from + 12) - 1
    } else if (f.field === 2) {
      place.spanId = f.from
      place.row = body.readUInt32BE(f.from + 4) - 1
    } else if (f.field === 4) place.parentId = f.from
    else if (f.field === 7) place.start = f.fieldEnd - 8
    else if (f.field === 8) place.end = f.fieldEnd - 8
    else if (f.field === 9) {
      const id = body.subarray(f.from, f.to).indexOf(requestIdPlace)
      if (id >= 0) place.requestId = f.from + id
    }
  }
  return place
}
