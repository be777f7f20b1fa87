import { attribute } from './recognise/pattern.ts'
import { union } from './self.ts'
import { SpanKind, type AnalysedSpan, type SpanInput, type TraceAnalysis } from './types.ts'

/** A span that looks like a gateway's although no rule says so: rule Z1 of proxy-spans.md 2.2. A hint, in no number. */
export interface Suspect {
  readonly spanId: string
  readonly service: string
}

/** It passes each request on unchanged and does little else: the same method and path upstream, 80 % of its time waiting. */
export function suspectedGateways({ spans }: TraceAnalysis): Suspect[] {
  const children = new Map<string, AnalysedSpan[]>()
  for (const span of spans) {
    const siblings = children.get(span.parentId)
    if (siblings) siblings.push(span)
    else children.set(span.parentId, [span])
  }
  return spans
    .filter(
      (span) =>
        span.role === 'app' && span.input.kind === SpanKind.server && passesOn(span, children.get(span.spanId) ?? []),
    )
    .map(({ spanId, service }) => ({ spanId, service }))
}

function passesOn(server: AnalysedSpan, below: readonly AnalysedSpan[]): boolean {
  const own = below.filter((span) => span.input.resource === server.input.resource)
  const asked = requestOf(server.input)
  if (own.length === 0 || asked === undefined || server.duration === 0) return false
  if (own.some(({ input }) => input.kind !== SpanKind.client || requestOf(input) !== asked)) return false
  const waited = union(
    own,
    (span) => Math.max(span.start, server.start),
    (span) => Math.min(span.start + span.duration, server.start + server.duration),
  )
  return waited >= 0.8 * server.duration
}

/** Method and path without the query; undefined where it is no HTTP request that tells both (databases, messages). */
function requestOf(span: SpanInput): string | undefined {
  const method = attribute(span, 'http.request.method') ?? attribute(span, 'http.method')
  const target =
    attribute(span, 'url.path') ??
    attribute(span, 'http.target') ??
    attribute(span, 'url.full') ??
    attribute(span, 'http.url')
  if (method === undefined || target === undefined) return undefined
  return `${method} ${target.replace(/^[a-z]+:\/\/[^/?#]*/, '').replace(/[?#].*$/, '') || '/'}`
}
