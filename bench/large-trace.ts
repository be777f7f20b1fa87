import { requestJson, spansPerTrace } from './generate.ts'

interface Span {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: object[]
}
interface Export {
  resourceSpans: { resource: object; scopeSpans: { scope: object; spans: Span[] }[] }[]
}

const id = (n: number) => n.toString(16).padStart(16, '0')

/**
 * One request of a batch job that makes thousands of others in turn, each through a gateway and the sidecars of three applications
 * (generate.ts): OTLP/JSON of `spans` spans, rounded down to whole calls.
 */
export function largeMeshTrace(traceId: string, spans: number, startMs: number): Export {
  const calls = Math.floor((spans - 1) / spansPerTrace)
  const callNs = 30_000_000n
  const start = BigInt(startMs) * 1_000_000n
  const document = requestJson(calls * spansPerTrace, 7) as Export
  for (const span of document.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))) {
    const call = Number.parseInt(span.traceId, 16) - 1
    const idOf = (row: string) => id(call * spansPerTrace + Number.parseInt(row, 16) + 1)
    const moved = (ns: string) => String(start + BigInt(call) * callNs + BigInt(ns))
    Object.assign(span, {
      traceId,
      spanId: idOf(span.spanId),
      parentSpanId: span.parentSpanId === '' ? id(1) : idOf(span.parentSpanId),
      startTimeUnixNano: moved(span.startTimeUnixNano),
      endTimeUnixNano: moved(span.endTimeUnixNano),
    })
  }
  document.resourceSpans.unshift({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'batch' } }] },
    scopeSpans: [
      {
        scope: { name: 'bench' },
        spans: [
          {
            ...{ traceId, spanId: id(1), parentSpanId: '', name: 'POST /batch', kind: 2, attributes: [] },
            startTimeUnixNano: String(start),
            endTimeUnixNano: String(start + BigInt(calls) * callNs),
          },
        ],
      },
    ],
  })
  return document
}

/** As a client sends it: requests of at most so many spans. */
export function* partsOf({ resourceSpans }: Export, most: number): Generator<Export> {
  let [part, count]: [Export['resourceSpans'], number] = [[], 0]
  for (const { resource, scopeSpans } of resourceSpans)
    for (const { scope, spans } of scopeSpans)
      for (let at = 0; at < spans.length;) {
        const taken = spans.slice(at, at + most - count)
        part.push({ resource, scopeSpans: [{ scope, spans: taken }] })
        count += taken.length
        at += taken.length
        if (count < most) continue
        yield { resourceSpans: part }
        ;[part, count] = [[], 0]
      }
  if (count > 0) yield { resourceSpans: part }
}
