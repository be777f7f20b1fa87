import type { Example } from '../web/src/map/examples.ts'

/** What a mesh sends of one request over each hop of a map, OTLP/JSON: the callers' spans, Istio's sidecars, KrakenD, the callees' spans. */
export function tracesOfMap({ hops, proxies }: Example, nowMs: number): object[] {
  return hops.map((hop, i) => {
    const start = BigInt(Math.floor(nowMs - 60_000 + (i % 1_000) * 50)) * 1_000_000n
    const [first] = hop.via.flatMap((id) => proxies.get(id) ?? [])
    const gateway = first?.role === 'gateway'
    const names = gateway ? [first.name, first.name, hop.callee] : [hop.caller, hop.callee, hop.callee]
    const spans = names.map((name, depth) => ({
      resource: { attributes: text(gateway || depth !== 1 ? application(name) : sidecarResource(name)) },
      scopeSpans: [
        {
          scope: { name: gateway && depth < 2 ? 'github.com/krakend/krakend-otel' : 'bench' },
          spans: [
            {
              traceId: (i + 1).toString(16).padStart(32, '0'),
              spanId: (depth + 1).toString(16).padStart(16, '0'),
              ...(depth > 0 && { parentSpanId: depth.toString(16).padStart(16, '0') }),
              name: 'GET /',
              // A gateway: SERVER, CLIENT, then the callee's SERVER. A mesh: CLIENT, the sidecar's SERVER, the callee's.
              kind: gateway ? (depth === 1 ? 3 : 2) : depth === 0 ? 3 : 2,
              startTimeUnixNano: String(start + BigInt(depth * 300_000)),
              endTimeUnixNano: String(start + BigInt(9_000_000 + (i % 50) * 100_000 - depth * 300_000)),
              attributes: text(
                gateway && depth < 2
                  ? { 'krakend.stage': depth === 0 ? 'global' : 'backend-request' }
                  : !gateway && depth === 1
                    ? sidecar(name)
                    : { 'http.request.method': 'GET' },
              ),
            },
          ],
        },
      ],
    }))
    return { resourceSpans: spans }
  })
}

const text = (attributes: Record<string, string>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))

const application = (name: string) => ({ 'service.name': name, 'telemetry.sdk.language': 'go' })

const sidecarResource = (name: string) => ({ 'service.name': `${name}.shop`, 'telemetry.sdk.name': 'envoy' })

const sidecar = (name: string) => ({
  node_id: `sidecar~10.0.0.1~${name}-7d9c6b5f4-x2k1.shop~shop.svc.cluster.local`,
  component: 'proxy',
  upstream_cluster: 'inbound|8080||',
  response_flags: '-',
  'istio.namespace': 'shop',
  'istio.mesh_id': 'cluster.local',
  'istio.canonical_service': name,
  'istio.canonical_revision': 'v1',
})
