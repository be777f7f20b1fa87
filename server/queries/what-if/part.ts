/** Some of the requests that are drawn: read as their spans are stored, and re-timed. Plain data in and out, so that it may be another thread's. */
import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { learnedTables, type LearnedRows } from '../../analysis/learned/learned.ts'
import type { UserRule } from '../../analysis/recognise/user-rule.ts'
import type { AnalysisSettings } from '../../analysis/types.ts'
import { outcomesOf, toldWork } from '../../analysis/what-if.ts'
import type { WhatIfChange } from '../../api/contract-what-if.ts'
import { openSpanReader, type StoredTrace, type TraceRef } from '../spans.ts'
import { targetOf, whatIfsOf, type Replacement } from './changes.ts'

export const mostSpansOfTrace = 20_000

/** `run`: the one that it was drawn in (statistics/runs.ts). */
export type DrawnTrace = Required<Pick<TraceRef, 'traceId' | 'firstMinute' | 'lastMinute' | 'rows'>> & {
  readonly weight: number
  readonly run: number
}

export interface PartOrder {
  readonly traces: readonly DrawnTrace[]
  readonly learned: LearnedRows
  readonly settings: Pick<AnalysisSettings, 'networkRttNs' | 'rules'>
  readonly change: WhatIfChange
  /** So many traces say what the in-process times of the target are; 0: nobody asks. */
  readonly ownTraces: number
}

/** Of requests with a root, in the same order everywhere; ns. */
export interface RetimedPart {
  /** Traces of which spans are there. */
  readonly read: number
  readonly weights: Float64Array
  readonly runs: Float64Array
  /** Of each way to do it (changes.ts). `estimate` NaN: not told. */
  readonly ways: readonly Record<'before' | 'lower' | 'upper' | 'estimate', Float64Array>[]
  readonly concerned: number
  readonly overtaken: number
  /** All have an estimate. */
  readonly told: boolean
}

/** One question after the other. */
export interface Part {
  /** Reads. @returns in-process times of the target, ns. */
  begin(order: PartOrder, signal?: AbortSignal): Promise<readonly number[]>
  /** Re-times what was read last, which is then forgotten. @param own in-process times of the target, of all parts. */
  retime(own: readonly number[], by: Replacement | null): Promise<RetimedPart>
}

/** Keeps what it learned of resources and attribute sets from question to question. */
export function openPart(clickhouse: ClickHouse): Part {
  const reader = openSpanReader(clickhouse)
  const sameRules = lastOf<readonly UserRule[]>()
  let begun: { order: PartOrder; read: Iterable<StoredTrace>; settings: AnalysisSettings } | undefined
  return {
    async begin(order, signal) {
      const read = await reader.readTraces(order.traces, {
        maxSpans: mostSpansOfTrace,
        scattered: true,
        ...(signal && { signal }),
      })
      const tables = learnedTables()
      tables.add(order.learned)
      const { rules = [], ...rest } = order.settings
      const settings = { ...rest, rules: sameRules(rules), ...tables.settings }
      begun = { order, read, settings }
      return ownWork(begun, order)
    },
    retime(own, by) {
      const { order, read, settings } = begun!
      begun = undefined
      return Promise.resolve(retimed(read, settings, order, whatIfsOf(order.change, own, by)))
    },
  }
}

function ownWork({ read, settings }: { read: Iterable<StoredTrace>; settings: AnalysisSettings }, order: PartOrder) {
  const own: number[] = []
  if (order.ownTraces === 0) return own
  let seen = 0
  for (const trace of read) {
    if (seen++ === order.ownTraces) break
    own.push(...toldWork(trace, settings, targetOf(order.change)))
  }
  return own
}

function retimed(
  read: Iterable<StoredTrace>,
  settings: AnalysisSettings,
  { traces }: PartOrder,
  whatIfs: ReturnType<typeof whatIfsOf>,
): RetimedPart {
  const drawnAs = new Map(traces.map((trace) => [trace.traceId, trace]))
  const column = () => new Float64Array(traces.length)
  const [weights, runs] = [column(), column()]
  const ways = whatIfs.map(() => ({ before: column(), lower: column(), upper: column(), estimate: column() }))
  let [seen, n, concerned, overtaken, told] = [0, 0, 0, 0, true]
  for (const trace of read) {
    seen++
    const outcomes = whatIfs.length > 0 ? outcomesOf(trace, settings, whatIfs) : null
    if (outcomes === null) continue
    const { weight, run } = drawnAs.get(trace.traceId)!
    weights[n] = weight
    runs[n] = run
    for (const [way, { before, lower, upper, estimate }] of outcomes.entries()) {
      const columns = ways[way]!
      columns.before[n] = before
      columns.lower[n] = lower
      columns.upper[n] = upper
      columns.estimate[n] = estimate ?? NaN
      told &&= estimate !== null
    }
    n++
    concerned += Number(outcomes[0]!.concerned)
    overtaken += Number(outcomes.some((one) => one.overtaken))
  }
  const filled = (all: Float64Array) => all.slice(0, n)
  return {
    ...{ read: seen, concerned, overtaken, told, weights: filled(weights), runs: filled(runs) },
    ways: ways.map(({ before, lower, upper, estimate }) => ({
      ...{ before: filled(before), lower: filled(lower), upper: filled(upper), estimate: filled(estimate) },
    })),
  }
}

/** The value that was last given, while others say the same: what is kept by it stays. */
function lastOf<Value>(): (value: Value) => Value {
  let [last, text]: [Value | undefined, string] = [undefined, '']
  return (value) => {
    const said = JSON.stringify(value)
    if (last === undefined || said !== text) [last, text] = [value, said]
    return last
  }
}
