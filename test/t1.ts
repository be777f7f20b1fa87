/**
 * Trace T1 of algorithms.md as OTLP/JSON, "T1-nodes": a KrakenD gateway, Istio sidecars, applications of a Go emitter;
 * an application and its sidecar share a node, everything else is apart. Times in microseconds.
 */
interface Row {
  id: string
  parent: string
  who: keyof typeof emitters
  kind: 2 | 3
  name: string
  from: number
  to: number
  attributes?: Record<string, string>
}

const app = (service: string, node: string) => ({
  resource: {
    'service.name': service,
    'telemetry.sdk.language': 'go',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': `${service}-1`,
    'k8s.node.name': node,
  },
  scope: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
  span: {},
})
const sidecar = (service: string, node: string) => ({
  resource: { 'service.name': `${service}.shop`, 'telemetry.sdk.name': 'envoy', 'k8s.node.name': node },
  scope: 'envoy',
  span: {
    component: 'proxy',
    node_id: `sidecar~10.0.0.1~${service}-1.shop~shop.svc.cluster.local`,
    'http.status_code': '200',
    response_flags: '-',
  },
})
const emitters = {
  gateway: {
    resource: { 'service.name': 'krakend-edge', 'k8s.node.name': 'node-edge' },
    scope: 'io.krakend.krakend-otel',
    span: {},
  },
  A: app('checkout', 'node-a'),
  B: app('cart', 'node-b'),
  C: app('pay', 'node-c'),
  sidecarA: sidecar('checkout', 'node-a'),
  sidecarB: sidecar('cart', 'node-b'),
  sidecarC: sidecar('pay', 'node-c'),
}

const inbound = { upstream_cluster: 'inbound|8080||' }
const outbound = (to: string) => ({ upstream_cluster: `outbound|8080||${to}.shop.svc.cluster.local` })
const rows: Row[] = [
  {
    id: 'g',
    parent: '',
    who: 'gateway',
    kind: 2,
    name: '/checkout',
    from: 0,
    to: 12000,
    attributes: { 'krakend.stage': 'global' },
  },
  {
    id: 'gu',
    parent: 'g',
    who: 'gateway',
    kind: 3,
    name: '/checkout',
    from: 300,
    to: 11800,
    attributes: { 'krakend.stage': 'backend-request' },
  },
  {
    id: 'p1',
    parent: 'gu',
    who: 'sidecarA',
    kind: 2,
    name: 'checkout:8080/*',
    from: 500,
    to: 11600,
    attributes: inbound,
  },
  { id: 'A', parent: 'p1', who: 'A', kind: 2, name: 'POST /checkout', from: 750, to: 11450 },
  { id: 'c1', parent: 'A', who: 'A', kind: 3, name: 'GET', from: 1750, to: 6750 },
  {
    id: 'o1',
    parent: 'c1',
    who: 'sidecarA',
    kind: 3,
    name: 'cart:8080/*',
    from: 1800,
    to: 6700,
    attributes: outbound('cart'),
  },
  { id: 'i1', parent: 'o1', who: 'sidecarB', kind: 2, name: 'cart:8080/*', from: 2200, to: 6400, attributes: inbound },
  { id: 'B', parent: 'i1', who: 'B', kind: 2, name: 'GET /cart', from: 2450, to: 6300 },
  { id: 'c2', parent: 'A', who: 'A', kind: 3, name: 'POST', from: 7250, to: 10950 },
  {
    id: 'o2',
    parent: 'c2',
    who: 'sidecarA',
    kind: 3,
    name: 'pay:8080/*',
    from: 7310,
    to: 10890,
    attributes: outbound('pay'),
  },
  { id: 'i2', parent: 'o2', who: 'sidecarC', kind: 2, name: 'pay:8080/*', from: 7700, to: 10600, attributes: inbound },
  { id: 'C', parent: 'i2', who: 'C', kind: 2, name: 'POST /pay', from: 7950, to: 10500 },
]

/** Span id of a row of T1: its place in the table. */
export const t1SpanId = (id: string) => (rows.findIndex((row) => row.id === id) + 1).toString(16).padStart(16, '0')

const keyValues = (attributes: Record<string, string>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }))

/** An ExportTraceServiceRequest with T1 starting at `startUnixNano`. */
export function t1Export(traceId: string, startUnixNano: bigint) {
  const at = (us: number) => String(startUnixNano + BigInt(us) * 1000n)
  return {
    resourceSpans: rows.map((row) => {
      const emitter = emitters[row.who]
      return {
        resource: { attributes: keyValues(emitter.resource) },
        scopeSpans: [
          {
            scope: { name: emitter.scope },
            spans: [
              {
                traceId,
                spanId: t1SpanId(row.id),
                ...(row.parent && { parentSpanId: t1SpanId(row.parent) }),
                name: row.name,
                kind: row.kind,
                startTimeUnixNano: at(row.from),
                endTimeUnixNano: at(row.to),
                attributes: keyValues({ ...emitter.span, ...row.attributes }),
                status: {},
              },
            ],
          },
        ],
      }
    }),
  }
}
