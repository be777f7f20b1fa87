import type { ClickHouse } from '../../storage/clickhouse.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { firstMatch, type UserRule } from '../analysis/recognise/user-rule.ts'
import { parseRules } from '../analysis/recognise/rules.ts'
import type { AnalysedSpan, TraceAnalysis, TraceInput } from '../analysis/types.ts'
import { sampleOfTraces } from '../queries/sample-traces.ts'
import { openSpanReader } from '../queries/spans.ts'
import type { TriedRules } from './contract-rules.ts'

export interface RulesTry {
  readonly source: string
  /** Rules in force. */
  readonly current: readonly UserRule[]
  /** Unix ms. */
  readonly fromMs: number
  readonly toMs: number
}

const mostSpans = 20_000
const mostTraces = 2_000
const mostSpansOfTrace = 2_000
const mostChanges = 50
const mostExamples = 3

/** What rules would change of the traces of a window, were they in force. Stores nothing. */
export async function tryRules(
  clickhouse: ClickHouse,
  { source, current, fromMs, toMs }: RulesTry,
): Promise<TriedRules> {
  const parsed = parseRules(source)
  const nothing = { rules: [], stored: 0, looked: { spans: 0, traces: 0 }, matched: 0, changed: 0, changes: [] }
  const window = { from: `${fromMs}000000`, to: `${toMs}000000` }
  if ('problems' in parsed) return { ...nothing, ...window, problems: [...parsed.problems] }
  const { stored, traces } = await sampleOfTraces(clickhouse, { fromMs, toMs, spans: mostSpans, most: mostTraces })
  const found = [...(await openSpanReader(clickhouse).readTraces(traces, { maxSpans: mostSpansOfTrace }))]
  const newestFirst = new Map(traces.map(({ traceId }, i) => [traceId, i]))
  found.sort((a, b) => newestFirst.get(a.traceId)! - newestFirst.get(b.traceId)!)
  return { problems: [], ...window, stored, ...compareRules(found, current, parsed.rules) }
}

/** @param traces newest first: examples are taken from the first. */
export function compareRules(
  traces: readonly TraceInput[],
  current: readonly UserRule[],
  tried: readonly UserRule[],
): Pick<TriedRules, 'rules' | 'looked' | 'matched' | 'changed' | 'changes'> {
  const match = firstMatch(tried)
  const counts = tried.map(({ name }) => ({ name, spans: 0 }))
  const changes = new Map<string, TriedRules['changes'][number]>()
  const looked = { spans: 0, traces: traces.length }
  let matched = 0
  let changed = 0
  for (const trace of traces) {
    looked.spans += trace.spans.length
    for (const span of trace.spans) {
      const rule = match(span)
      if (rule < 0) continue
      matched++
      counts[rule]!.spans++
    }
    const before = emittersOf(analyseTrace(trace, { networkRttNs: null, rules: current }))
    const seen = new Set<string>()
    for (const [spanId, after] of emittersOf(analyseTrace(trace, { networkRttNs: null, rules: tried }))) {
      const was = before.get(spanId)
      if (!was || (was.name === after.name && was.family === after.family && was.role === after.role)) continue
      changed++
      const key = JSON.stringify([was, after])
      const change = changes.get(key) ?? { before: was, after, spans: 0, traces: 0, examples: [] }
      changes.set(key, change)
      change.spans++
      if (seen.has(key)) continue
      seen.add(key)
      change.traces++
      if (change.examples.length < mostExamples) change.examples.push(trace.traceId)
    }
  }
  const most = [...changes.values()].sort((a, b) => b.spans - a.spans).slice(0, mostChanges)
  return { rules: counts, looked, matched, changed, changes: most }
}

type Emitter = TriedRules['changes'][number]['before']

/** By span id: the proxy of its traversal, or its application. */
function emittersOf({ spans, proxies }: TraceAnalysis): Map<string, Emitter> {
  const proxyOf = new Map(proxies.flatMap(({ identity, spanIds }) => spanIds.map((id) => [id, identity] as const)))
  const emitterOf = ({ spanId, service, role, proxyFamily }: AnalysedSpan): Emitter => {
    const identity = proxyOf.get(spanId)
    if (identity) return { name: identity.name, family: identity.family, role: identity.role }
    return { name: service, family: proxyFamily, role }
  }
  return new Map(spans.map((span) => [span.spanId, emitterOf(span)]))
}
