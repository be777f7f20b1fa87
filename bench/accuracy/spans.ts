import type { Random } from './random.ts'

/** A process that emits spans, and the clock it reads. */
export interface Process {
  /** Family of the proxy, or SDK of the application. */
  readonly emitter: string
  /** Node whose clock it reads. */
  readonly node: string
  readonly resource: Readonly<Record<string, string>>
  readonly scope: string
  /** Its tracer cuts to whole milliseconds: starts only, or both ends as NGINX's cached clock does. */
  readonly cuts?: 'starts' | 'both'
}

/** A span in true time, us since the request began; what its process makes of it is up to its clock. */
export interface MadeSpan {
  readonly id: string
  readonly parent: string
  readonly process: Process
  readonly kind: 1 | 2 | 3
  readonly name: string
  readonly from: number
  readonly to: number
  readonly attributes: Readonly<Record<string, string>>
  readonly events?: readonly { readonly name: string; readonly at: number }[]
  /** Spans it waited for: groups one after the other, the members of a group side by side. */
  readonly waits: readonly (readonly MadeSpan[])[]
}

/** What a proxy emits for one request. Names are those of the table. */
export type Sends =
  | 'server + upstream'
  | 'server + backends'
  | 'one span'
  | 'one span + timing tags'
  | 'one span + events'
  | 'one span + upstream time'
  | 'nothing'

export interface Proxy {
  readonly family: 'envoy' | 'krakend' | 'kong' | 'traefik' | 'caddy' | 'nginx' | 'ztunnel'
  readonly sends: Sends
  readonly role: 'gateway' | 'sidecar-inbound' | 'sidecar-outbound' | 'waypoint'
  readonly workload: string
  readonly process: Process
}

/** One exchange of a proxy with what is behind it: when its upstream span began and ended, us. */
export interface Exchange {
  readonly id: string
  readonly from: number
  readonly to: number
  /** The outermost span behind it; undefined where nobody emits any. */
  readonly behind: MadeSpan | undefined
}

const envoyAttributes = ({ role, workload, process }: Proxy): Record<string, string> => {
  const type = { gateway: 'router', waypoint: 'waypoint', 'sidecar-inbound': 'sidecar', 'sidecar-outbound': 'sidecar' }
  const inbound = role === 'sidecar-inbound'
  return {
    component: 'proxy',
    node_id: `${type[role]}~10.0.0.1~${process.resource['k8s.pod.name']}.shop~shop.svc.cluster.local`,
    'http.status_code': '200',
    response_flags: '-',
    upstream_cluster: inbound ? 'inbound|8080||' : `outbound|8080||${workload}-callee.shop.svc.cluster.local`,
  }
}

/** Its spans of one request, outermost first. `id` is that of the outermost; `calls` have the ids that it sent upstream. */
export function spansOf(
  proxy: Proxy,
  span: Pick<MadeSpan, 'id' | 'parent' | 'from' | 'to'>,
  calls: readonly Exchange[],
) {
  const { family, sends, process } = proxy
  const behind = calls.map((call) => call.behind).filter((made) => made !== undefined)
  const upstream = (name: string, attributes: Record<string, string>): MadeSpan[] =>
    calls.map(({ id, from, to, behind: child }) => {
      const waits = child ? [[child]] : []
      return { id, parent: span.id, process, kind: 3, name, from, to, attributes, waits }
    })
  const outer = (more: Partial<MadeSpan>): MadeSpan => {
    const ups = more.waits?.[0] ?? behind
    const base = { process, kind: 2, name: 'ingress', attributes: {}, waits: ups.length > 0 ? [ups] : [] } as const
    return { ...span, ...base, ...more }
  }
  const whole = (head: MadeSpan, ups: readonly MadeSpan[] = [], more: readonly MadeSpan[] = []) => [
    head,
    ...ups,
    ...more,
  ]
  const [first, last] = [Math.min(...calls.map((call) => call.from)), Math.max(...calls.map((call) => call.to))]
  switch (family) {
    case 'envoy': {
      const attributes = envoyAttributes(proxy)
      const name = `${proxy.workload}.shop.svc.cluster.local:8080/*`
      const kind = proxy.role === 'sidecar-outbound' && sends !== 'server + upstream' ? 3 : 2
      if (sends === 'server + upstream') {
        const { upstream_cluster } = attributes
        const ups = upstream(`router ${upstream_cluster}; egress`, {
          component: 'proxy',
          upstream_cluster: upstream_cluster!,
          'http.status_code': '200',
        })
        return whole(outer({ kind, name, attributes, waits: [ups] }), ups)
      }
      if (sends === 'one span + timing tags') {
        const tags = { 'hopscope.req_us': `${first - span.from}`, 'hopscope.resp_us': `${span.to - last}` }
        return whole(outer({ kind, name, attributes: { ...attributes, ...tags } }))
      }
      const events = [
        { name: 'first_upstream_tx_byte_sent', at: first },
        { name: 'first_upstream_rx_byte_received', at: last },
        { name: 'first_downstream_tx_byte_sent', at: span.to },
      ]
      return whole(outer({ kind, name, attributes, ...(sends === 'one span + events' && { events }) }))
    }
    case 'krakend': {
      const ups = upstream('/checkout', { 'krakend.stage': 'backend-request', 'http.response.status_code': '200' })
      const bodies = ups.map((up): MadeSpan => {
        const name = 'http.client.response.read.tracker'
        const place = { id: `b${up.id.slice(1)}`, parent: up.id, from: up.to, to: up.to + bodyUs }
        return { ...place, process, kind: 1, name, attributes: { 'krakend.stage': 'backend-request' }, waits: [] }
      })
      const attributes = { 'krakend.stage': 'global', 'http.response.status_code': '200' }
      const read = bodies.reduce((late, body) => (body.to > late.to ? body : late))
      return whole(outer({ name: '/checkout', attributes, waits: [ups, [read]] }), ups, bodies)
    }
    case 'kong': {
      const ups = upstream('kong.balancer', { try_count: '1' })
      return whole(outer({ name: 'kong', attributes: { 'http.status_code': '200' }, waits: [ups] }), ups)
    }
    case 'traefik': {
      const ups = upstream('ReverseProxy', { 'http.response.status_code': '200' })
      const attributes = { entry_point: 'web', 'http.response.status_code': '200' }
      return whole(outer({ name: 'GET', attributes, waits: [ups] }), ups)
    }
    case 'caddy':
      return whole(outer({ name: 'shop-edge', attributes: { 'http.response.status_code': '200' } }))
    case 'nginx': {
      // Its clock stands still for up to a millisecond.
      const seconds = (Math.floor(last / 1000) - Math.floor(first / 1000)) / 1000
      const attributes = { 'http.status_code': '200', upstream_response_time: seconds.toFixed(3) }
      return whole(outer({ name: '/checkout', attributes: { ...attributes, 'net.sock.peer.addr': '10.0.0.9' } }))
    }
    case 'ztunnel':
      return []
  }
}

/** How long KrakenD reads a body: a span of its own says so, and it is not KrakenD's work. us. */
export const bodyUs = 3

const scopes: Partial<Record<Proxy['family'], string>> = {
  envoy: 'envoy',
  krakend: 'io.krakend.krakend-otel',
  kong: 'kong-internal',
  traefik: 'github.com/traefik/traefik',
  caddy: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
  nginx: 'nginx',
}

/** The process of a proxy that has a pod of its own, or shares one with an application. */
export function proxyProcess(family: Proxy['family'], workload: string, pod: string, node: string): Process {
  // Envoy names its pod and not its node.
  const where = {
    'k8s.pod.name': pod,
    'k8s.namespace.name': 'shop',
    ...(family !== 'envoy' && { 'k8s.node.name': node }),
  }
  const sdk: Record<string, string> =
    family === 'envoy'
      ? { 'telemetry.sdk.name': 'envoy', 'service.name': `${workload}.shop` }
      : { 'service.name': workload, ...(family === 'caddy' && { 'webengine.name': 'Caddy' }) }
  return {
    emitter: family,
    node,
    resource: { ...sdk, ...where },
    scope: scopes[family] ?? '',
    ...(family === 'nginx' && { cuts: 'both' as const }),
  }
}

export type Sdk = 'go' | 'node' | 'flask' | 'none'

const sdks = {
  go: ['go', 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp'],
  node: ['nodejs', '@opentelemetry/instrumentation-http'],
  flask: ['python', 'opentelemetry.instrumentation.flask'],
  none: ['', ''],
} as const

export function appProcess(sdk: Sdk, service: string, pod: string, node: string): Process {
  const [language, scope] = sdks[sdk]
  const where = { 'k8s.pod.name': pod, 'k8s.namespace.name': 'shop', 'k8s.node.name': node }
  const resource = { 'service.name': service, 'telemetry.sdk.language': language, ...where }
  return { emitter: sdk, node, scope, resource, ...(sdk === 'node' && { cuts: 'starts' as const }) }
}

export const spanId = (random: Random) => `1${random.hex(15)}`
