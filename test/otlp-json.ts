import type {
  Attributes,
  ResourceInput,
  ScopeInput,
  SpanEvent,
  SpanInput,
  TraceInput,
} from '../server/analysis/types.ts'

/** The parts of an OTLP/JSON ExportTraceServiceRequest that the analysis reads. */
export interface ExportRequest {
  resourceSpans?: {
    resource?: { attributes?: KeyValue[] }
    scopeSpans?: { scope?: { name?: string; version?: string }; spans?: Span[] }[]
  }[]
}
interface KeyValue {
  key: string
  value?: Record<string, unknown>
}
interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name?: string
  kind?: number
  flags?: number
  traceState?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes?: KeyValue[]
  events?: { name?: string; timeUnixNano: string; attributes?: KeyValue[] }[]
  links?: { traceId: string; spanId: string }[]
  status?: { code?: number }
}

const text = (value: Record<string, unknown> | undefined): string => {
  const [inner] = Object.values(value ?? {})
  return inner === undefined
    ? ''
    : typeof inner === 'object'
      ? JSON.stringify(inner)
      : String(inner as string | number | boolean)
}
const attributesOf = (list: KeyValue[] = []): Attributes => new Map(list.map(({ key, value }) => [key, text(value)]))
const none: Attributes = new Map()

/** Exports as traces for the analysis, without the way through the collector and ClickHouse. */
export function tracesOf(requests: readonly ExportRequest[]): TraceInput[] {
  const spans = new Map<string, { span: Span; resource: ResourceInput; scope: ScopeInput }[]>()
  const resources = new Map<string, ResourceInput>()
  for (const request of requests)
    for (const { resource, scopeSpans = [] } of request.resourceSpans ?? []) {
      const key = JSON.stringify(resource ?? {})
      const shared = resources.get(key) ?? { attributes: attributesOf(resource?.attributes) }
      resources.set(key, shared)
      for (const { scope, spans: list = [] } of scopeSpans) {
        const scopeInput = { name: scope?.name ?? '', version: scope?.version ?? '' }
        for (const span of list) {
          const trace = spans.get(span.traceId) ?? []
          spans.set(span.traceId, trace)
          trace.push({ span, resource: shared, scope: scopeInput })
        }
      }
    }
  return [...spans].map(([traceId, list]) => {
    const base = list.reduce(
      (least, { span }) => (BigInt(span.startTimeUnixNano) < least ? BigInt(span.startTimeUnixNano) : least),
      BigInt(list[0]!.span.startTimeUnixNano),
    )
    const at = (unixNano: string) => Number(BigInt(unixNano) - base)
    return {
      traceId,
      baseUnixNano: base,
      spans: list.map(({ span, resource, scope }) => toSpan(span, resource, scope, at)),
    }
  })
}

function toSpan(span: Span, resource: ResourceInput, scope: ScopeInput, at: (unixNano: string) => number): SpanInput {
  const start = at(span.startTimeUnixNano)
  const events: SpanEvent[] = (span.events ?? []).map((event) => ({
    name: event.name ?? '',
    time: at(event.timeUnixNano),
    attributes: attributesOf(event.attributes),
  }))
  return {
    spanId: span.spanId,
    parentId: span.parentSpanId ?? '',
    name: span.name ?? '',
    kind: span.kind ?? 0,
    status: span.status?.code ?? 0,
    flags: span.flags ?? 0,
    traceState: span.traceState ?? '',
    start,
    duration: at(span.endTimeUnixNano) - start,
    resource,
    scope,
    attributeSet: none,
    attributes: attributesOf(span.attributes),
    events,
    links: span.links ?? [],
  }
}
