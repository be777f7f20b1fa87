import { analyseTrace } from '../server/analysis/analyse.ts'
import type { Attributes, SpanInput, TraceInput } from '../server/analysis/types.ts'
import { tracesOf } from '../test/otlp-json.ts'
import { t1Export } from '../test/t1.ts'
import { median, report } from './report.ts'

/**
 * Pure analysis on one thread: traces of 12 spans (T1 of algorithms.md with varied durations), as they come from
 * ClickHouse: resources and attribute sets shared, ids, times and a few attributes their own. Median of several runs.
 */
const traceCount = 4_000
/** Times over the same traces in a run: a heap full of waiting traces would measure the garbage collector. */
const rounds = 5
const runs = 7
const traces = generate()

function generate(): TraceInput[] {
  const template = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!
  const sets = template.spans.map((span): Attributes => span.attributes)
  let seed = 1
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32
  return Array.from({ length: traceCount }, (_, i) => {
    const scale = 0.5 + random()
    const id = (span: string) => span && span.slice(8) + i.toString(16).padStart(8, '0')
    const traceId = i.toString(16).padStart(32, '0')
    const spans = template.spans.map((span, n): SpanInput => {
      const start = Math.round(span.start * scale)
      return {
        ...span,
        spanId: id(span.spanId),
        parentId: id(span.parentId),
        start,
        duration: Math.round((span.start + span.duration) * scale) - start,
        attributeSet: sets[n]!,
        attributes: new Map([
          ['guid:x-request-id', traceId],
          ['http.url', `http://shop/${i}`],
          ['request_size', String(n)],
        ]),
      }
    })
    return { traceId, baseUnixNano: template.baseUnixNano, spans }
  })
}

function run(): { spansPerSecond: number; cpuSecondsPerMillionSpans: number } {
  const spans = traceCount * rounds * 12
  const cpu = process.cpuUsage()
  const start = performance.now()
  let segments = 0
  for (let round = 0; round < rounds; round++)
    for (const trace of traces) segments += analyseTrace(trace, { networkRttNs: null }).criticalPath.length
  const seconds = (performance.now() - start) / 1000
  if (segments !== traceCount * rounds * 23) throw new Error(`${segments} segments instead of 23 a trace`)
  const { user, system } = process.cpuUsage(cpu)
  return { spansPerSecond: spans / seconds, cpuSecondsPerMillionSpans: (user + system) / spans }
}

run()
const results = Array.from({ length: runs }, run)
await report('analysis', {
  spansPerSecond: Math.round(median(results.map((r) => r.spansPerSecond))),
  cpuSecondsPerMillionSpans: Number(median(results.map((r) => r.cpuSecondsPerMillionSpans)).toFixed(2)),
  runs,
})
