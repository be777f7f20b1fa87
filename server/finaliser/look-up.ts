import type { ClickHouse } from '../../storage/clickhouse.ts'
import { factsOfTraces, type FactsOfTrace } from '../queries/finaliser/facts.ts'
import type { SettledTrace } from './open-traces.ts'
import { bytesOfId, maybeRemembers, rememberedSince, type RecentIds } from './recent-ids.ts'

/**
 * Which of the settled traces have facts already, by trace id: those of an earlier life, and those that get late spans.
 * Asking ClickHouse about every trace would cost as much as analysing it, so it is asked about those that are
 * remembered, and about those so old that they may have been forgotten.
 */
export async function existingFacts(
  clickhouse: ClickHouse,
  settled: readonly SettledTrace[],
  recent: RecentIds,
  nowMs: number,
): Promise<Map<string, FactsOfTrace>> {
  const sinceMs = rememberedSince(recent)
  // A trace with facts from before `sinceMs` has spans from before it, and its later spans begin hardly later than this.
  const certainlyNewMs = sinceMs + Math.min(maxTraceMs, (nowMs - sinceMs) / 2)
  const found = new Map<string, FactsOfTrace>()
  let unknown = settled.filter(({ traceId, firstStartMs }) => {
    return firstStartMs < certainlyNewMs || maybeRemembers(recent, bytesOfId(traceId))
  })
  // Near where the new rows lie first: that is where nearly all are, and cheap for thousands of ids.
  for (const marginSeconds of [10 * 60, 24 * 3600]) {
    for (const some of byMinute(unknown)) {
      const ids = some.map(({ traceId }) => traceId)
      for (const facts of await factsOfTraces(clickhouse, ids, minutesAround(some, marginSeconds))) {
        found.set(facts.traceId, facts)
      }
    }
    unknown = unknown.filter(({ traceId }) => !found.has(traceId))
  }
  return found
}

/** How much later than its first span a trace's last one begins, nearly always. */
const maxTraceMs = 10 * 60_000
/** Traces further apart are asked for apart. */
const hour = 3600
const perQuery = 5_000
const lastMinuteOfAll = 0xffff_ffff

function byMinute(traces: readonly SettledTrace[]): SettledTrace[][] {
  const sorted = [...traces].sort((a, b) => a.firstMinute - b.firstMinute)
  const groups: SettledTrace[][] = []
  for (const trace of sorted) {
    const group = groups.at(-1)
    if (group && group.length < perQuery && trace.firstMinute - group[0]!.firstMinute <= hour) group.push(trace)
    else groups.push([trace])
  }
  return groups
}

function minutesAround(traces: readonly SettledTrace[], margin: number) {
  const first = traces.reduce((least, trace) => Math.min(least, trace.firstMinute), lastMinuteOfAll)
  const last = traces.reduce((most, trace) => Math.max(most, trace.lastMinute), 0)
  return { firstMinute: Math.max(0, first - margin), lastMinute: Math.min(lastMinuteOfAll, last + margin) }
}
