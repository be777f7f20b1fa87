import { readFileSync } from 'node:fs'

/** OTLP/JSON exports for the trace page: recorded documents moved to now, and traces that are odd on purpose. */
export interface Export {
  resourceSpans: {
    resource: { attributes: KeyValue[] }
    scopeSpans: { scope: { name: string }; spans: Span[] }[]
  }[]
}
interface KeyValue {
  key: string
  value: { stringValue: string }
}
interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: KeyValue[]
  events?: { name: string; timeUnixNano: string; attributes: KeyValue[] }[]
  status?: { code: number }
}

/** Documents of proxy-spans.md, each one trace; example 7 is a gateway that retries. */
export function recordedExamples(): Export[] {
  const file = new URL('../fixtures/proxy-span-examples.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as Export[]).map(movedToNow)
}

export const traceIdOf = (document: Export): string => document.resourceSpans[0]!.scopeSpans[0]!.spans[0]!.traceId

function movedToNow(document: Export): Export {
  const spans = document.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  const first = spans.map((span) => BigInt(span.startTimeUnixNano)).reduce((a, b) => (a < b ? a : b))
  const by = BigInt(Date.now() - 60_000) * 1_000_000n - first
  const moved = (unixNano: string) => String(BigInt(unixNano) + by)
  for (const span of spans) {
    span.startTimeUnixNano = moved(span.startTimeUnixNano)
    span.endTimeUnixNano = moved(span.endTimeUnixNano)
    for (const event of span.events ?? []) event.timeUnixNano = moved(event.timeUnixNano)
  }
  return document
}

const base = BigInt(Date.now() - 60_000) * 1_000_000n
const at = (us: number) => String(base + BigInt(us) * 1_000n)
const words = (of: Record<string, string>): KeyValue[] =>
  Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }))

/** [service, id, parent (0: none), name, kind, from µs, to µs] */
type Row = readonly [service: string, id: number, parent: number, name: string, kind: number, from: number, to: number]

export function documentOf(traceId: string, rows: readonly Row[], attributes: Record<string, string> = {}): Export {
  const byService = new Map<string, Span[]>()
  for (const [service, id, parent, name, kind, from, to] of rows) {
    const spans = byService.get(service) ?? []
    byService.set(service, spans)
    spans.push({
      traceId,
      spanId: id.toString(16).padStart(16, '0'),
      ...(parent > 0 && { parentSpanId: parent.toString(16).padStart(16, '0') }),
      name,
      kind,
      startTimeUnixNano: at(from),
      endTimeUnixNano: at(to),
      attributes: words(attributes),
    })
  }
  return {
    resourceSpans: [...byService].map(([service, spans]) => ({
      resource: { attributes: words({ 'service.name': service }) },
      scopeSpans: [{ scope: { name: 'test' }, spans }],
    })),
  }
}

/** A root that calls in turn, with work inside each call: `spans` in all, as exports of 10,000. */
export function largeTrace(traceId: string, spans: number): Export[] {
  const rows: Row[] = [['batch', 1, 0, 'POST /batch', 2, 0, spans * 10]]
  for (let id = 2; id <= spans; id++) {
    const parent = (id - 2) % 25 === 0 ? 1 : id - ((id - 2) % 25)
    const from = (id - 2) * 10
    rows.push(['batch', id, parent, `item ${id}`, 1, from, parent === 1 ? from + 250 : from + 8])
  }
  return Array.from({ length: Math.ceil(rows.length / 10_000) }, (_, i) =>
    documentOf(traceId, rows.slice(i * 10_000, (i + 1) * 10_000)),
  )
}
