import { analyseTrace } from '../server/analysis/analyse.ts'
import type { AnalysisSettings, Attributes, SpanInput, TraceInput } from '../server/analysis/types.ts'
import { openLearner } from '../server/finaliser/learn/learner.ts'
import { tracesOf } from '../test/otlp-json.ts'
import { t1Export } from '../test/t1.ts'
import { median, report } from './report.ts'

/**
 * Pure analysis on one thread, all rules, with what these traces taught: traces of 12 spans (T1 of algorithms.md with varied
 * durations) and of 205 (17 of them after each other below one request), as they come from ClickHouse: resources and attribute
 * sets shared, ids, times and a few attributes their own; and a chain and a fan of 10,000 spans. Medians of several runs.
 */
const copies = 17
/** Times over the same traces in a run: a heap full of waiting traces would measure the garbage collector. */
const rounds = 5
const runs = 7
const template = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!
const sets = template.spans.map((span): Attributes => span.attributes)
let seed = 1
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0')

/** What a span carries itself: the reader of stored spans knows the keys of many rows as one list. */
class OwnAttributes extends Map<string, string> implements Attributes {
  readonly keyList = ownKeys
}
const ownKeys = ['guid:x-request-id', 'http.url', 'request_size']

/** The spans of one T1, `from` ns after the base. As from the reader, the id of a parent is the very string of its span. */
function spansOf(i: number, from: number, root = ''): SpanInput[] {
  const scale = 0.5 + random()
  const ids = new Map(template.spans.map(({ spanId }) => [spanId, spanId.slice(8) + hex(i, 8)]))
  return template.spans.map((span, n): SpanInput => {
    const start = Math.round(span.start * scale)
    return {
      ...span,
      spanId: ids.get(span.spanId)!,
      parentId: ids.get(span.parentId) ?? root,
      start: from + start,
      duration: Math.round((span.start + span.duration) * scale) - start,
      attributeSet: sets[n]!,
      attributes: new OwnAttributes([
        [ownKeys[0]!, hex(i, 32)],
        [ownKeys[1]!, `http://shop/${i}`],
        [ownKeys[2]!, String(n)],
      ]),
    }
  })
}

const { baseUnixNano } = template
const small = (i: number): TraceInput => ({ traceId: hex(i, 32), baseUnixNano, spans: spansOf(i, 0) })

function large(i: number): TraceInput {
  const longest = 20_000_000
  const root = { ...template.spans[3]!, spanId: hex(i, 16), parentId: '', start: 0, duration: (copies + 1) * longest }
  const below = Array.from({ length: copies }, (_, n) => spansOf(i * copies + n, n * longest, root.spanId))
  return { traceId: hex(i, 32), baseUnixNano, spans: [root, ...below.flat()] }
}

function deep(n: number): TraceInput {
  const spans = Array.from({ length: n }, (_, i): SpanInput => {
    const parentId = i ? hex(i, 16) : ''
    return { ...template.spans[0]!, kind: 1, spanId: hex(i + 1, 16), parentId, start: i, duration: 1e9 - 2 * i }
  })
  return { traceId: hex(1, 32), baseUnixNano, spans }
}

function wide(n: number): TraceInput {
  const spans = Array.from({ length: n }, (_, i): SpanInput => {
    const part = i
      ? { parentId: hex(1, 16), start: i * 1000, duration: 900 }
      : { parentId: '', start: 0, duration: 1e9 }
    return { ...template.spans[3]!, kind: 1, spanId: hex(i + 1, 16), ...part }
  })
  return { traceId: hex(2, 32), baseUnixNano, spans }
}

function learned(traces: readonly TraceInput[]): AnalysisSettings {
  const learner = openLearner()
  const settings = { networkRttNs: null, ...learner.settings }
  for (const trace of traces) learner.watch(analyseTrace(trace, settings))
  learner.learn(1n)
  return settings
}

interface Speed {
  spansPerSecond: number
  cpuSecondsPerMillionSpans: number
}

function measure(traces: readonly TraceInput[]): Speed & { runs: number } {
  const settings = learned(traces)
  const spans = rounds * traces.reduce((sum, trace) => sum + trace.spans.length, 0)
  const run = (): Speed => {
    const cpu = process.cpuUsage()
    const start = performance.now()
    for (let round = 0; round < rounds; round++)
      for (const trace of traces) {
        const { duration, criticalPath } = analyseTrace(trace, settings)
        if (criticalPath.reduce((sum, { ns }) => sum + ns, 0) !== duration) throw new Error('a path is not its root')
      }
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return { spansPerSecond: spans / seconds, cpuSecondsPerMillionSpans: (user + system) / spans }
  }
  run()
  const results = Array.from({ length: runs }, run)
  return {
    spansPerSecond: Math.round(median(results.map((r) => r.spansPerSecond))),
    cpuSecondsPerMillionSpans: Number(median(results.map((r) => r.cpuSecondsPerMillionSpans)).toFixed(2)),
    runs,
  }
}

function cpuMsOf(trace: TraceInput): number {
  const times = Array.from({ length: runs }, () => {
    const cpu = process.cpuUsage()
    analyseTrace(trace, { networkRttNs: null })
    const { user, system } = process.cpuUsage(cpu)
    return (user + system) / 1000
  })
  return Math.round(median(times))
}

await report('analysis', {
  spansPerTrace12: measure(Array.from({ length: 4_000 }, (_, i) => small(i))),
  spansPerTrace205: measure(Array.from({ length: 250 }, (_, i) => large(i))),
  cpuMs: { chainOf10000: cpuMsOf(deep(10_000)), fanOf10000: cpuMsOf(wide(10_000)) },
})
