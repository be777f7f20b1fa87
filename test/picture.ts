import { SpanKind, type SpanInput, type TraceInput } from '../server/analysis/types.ts'

/** How an emitter of a drawn trace looks in its spans; the times of a picture are in `unit` ns. */
type Emitter = (name: string) => Pick<SpanInput, 'resource' | 'scope' | 'attributeSet'>
const map = (record: Record<string, string>) => new Map(Object.entries(record))
const shared = new Map<string, ReturnType<Emitter>>()

const emitters: Record<string, Emitter> = {
  go: (service) => ({
    resource: { attributes: map({ 'service.name': service, 'host.id': service, 'telemetry.sdk.language': 'go' }) },
    scope: { name: 'otelhttp', version: '' },
    attributeSet: map({}),
  }),
  node: (service) => ({
    resource: { attributes: map({ 'service.name': service, 'host.id': service, 'telemetry.sdk.language': 'nodejs' }) },
    scope: { name: '@opentelemetry/instrumentation-http', version: '' },
    attributeSet: map({}),
  }),
  krakend: (service) => ({
    resource: { attributes: map({ 'service.name': service, 'host.id': service }) },
    scope: { name: 'io.krakend.krakend-otel', version: '' },
    attributeSet: map({}),
  }),
  nginx: (service) => ({
    resource: { attributes: map({ 'service.name': service, 'host.id': service }) },
    scope: { name: 'nginx', version: '' },
    attributeSet: map({}),
  }),
}
for (const [role, node] of [
  ['gateway', 'router'],
  ['in', 'sidecar'],
  ['out', 'sidecar'],
  ['waypoint', 'waypoint'],
] as const)
  emitters[role] = (service) => ({
    resource: { attributes: map({ 'service.name': service, 'telemetry.sdk.name': 'envoy', 'host.id': service }) },
    scope: { name: 'envoy', version: '' },
    attributeSet: map({
      component: 'proxy',
      node_id: `${node}~10.0.0.1~${service}-6d8f7c9b5d-x2klq.shop~shop.svc.cluster.local`,
      upstream_cluster: role === 'in' ? 'inbound|80||' : 'outbound|80||x',
    }),
  })
/** An inner upstream span of an Envoy: it names no node. */
emitters['up'] = (service) => ({
  resource: { attributes: map({ 'service.name': service, 'telemetry.sdk.name': 'envoy', 'host.id': service }) },
  scope: { name: 'envoy', version: '' },
  attributeSet: map({ component: 'proxy', upstream_cluster: 'outbound|80||x' }),
})

const kinds: Record<string, number> = {
  S: SpanKind.server,
  C: SpanKind.client,
  I: SpanKind.internal,
  P: SpanKind.producer,
  Q: SpanKind.consumer,
}

/**
 * A trace drawn as lines, one span each, children indented by two spaces:
 * `id kind emitter:service from-to key=value...`, kind one of S C I P Q. Service defaults to the emitter's name.
 */
export function picture(drawing: string, unit = 1000): TraceInput {
  const above: string[] = []
  const spans = drawing
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): SpanInput => {
      const indent = line.search(/\S/)
      const [id = '', kind = '', who = '', time = '', ...pairs] = line.trim().split(/\s+/)
      const [emitter = '', service = emitter] = who.split(':')
      if (!shared.has(who)) shared.set(who, emitters[emitter]!(service))
      const [, from, to] = /^(-?[\d.]+)-(-?[\d.]+)$/.exec(time)!
      const attributes = map(Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])))
      const depth = Math.floor((indent - firstIndent(drawing)) / 2)
      above[depth] = id
      const start = Math.round(Number(from) * unit)
      return {
        ...shared.get(who)!,
        spanId: id,
        parentId: attributes.get('parent') ?? (depth === 0 ? '' : above[depth - 1]!),
        name: emitter === 'up' ? 'router outbound|80||x; egress' : (attributes.get('name') ?? id),
        kind: kinds[kind]!,
        status: attributes.get('status') === 'error' ? 2 : 0,
        flags: 0,
        start,
        duration: Math.round(Number(to) * unit) - start,
        attributes,
        events: [],
        links: [],
      }
    })
  return { traceId: '0af7651916cd43dd8448eb211c80319c', baseUnixNano: 0n, spans }
}

const firstIndent = (drawing: string) => /^\n*( *)\S/.exec(drawing)![1]!.length
