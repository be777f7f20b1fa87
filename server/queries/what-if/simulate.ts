/** Re-times traces as they are stored and adds up what comes of it. */
import { outcomesOf, toldWork, type Outcome } from '../../analysis/what-if.ts'
import type { AnalysisSettings, TraceInput } from '../../analysis/types.ts'
import type { WhatIf, WhatIfChange } from '../../api/contract-what-if.ts'
import { refusal } from '../../statistics/claims.ts'
import { effectiveCount, meanSaved, retimedQuantiles, type RetimedQuantile } from '../../statistics/what-if.ts'
import { targetOf, whatIfsOf, type Replacement } from './changes.ts'

export const whatIfQuantiles = [0.5, 0.9, 0.95, 0.99] as const
/** So many traces say what the in-process times of a target are. */
const ownTraces = 5_000

export interface Simulated extends Pick<WhatIf, 'fidelity' | 'quantiles' | 'saved' | 'overtaken' | 'replacements'> {
  readonly retimed: number
  readonly concerned: number
}

/**
 * @param traces can be gone through twice, in no order that depends on how long they took.
 * @param weightOf by trace id.
 * @param coverage share of the requests of which it is known how long they took.
 */
export function simulate(
  traces: Iterable<TraceInput>,
  settings: AnalysisSettings,
  change: WhatIfChange,
  by: Replacement | null,
  weightOf: (traceId: string) => number,
  coverage: number,
): Simulated {
  const own = change.kind === 'replace' ? ownWork(traces, settings, change) : []
  const whatIfs = whatIfsOf(change, own, by)
  const columns = whatIfs.map(() => ({ before: [], lower: [], upper: [], estimate: [] }) as Columns)
  const weights: number[] = []
  let [concerned, overtaken, told] = [0, 0, true]
  for (const trace of traces) {
    const outcomes = whatIfs.length > 0 ? outcomesOf(trace, settings, whatIfs) : null
    if (outcomes === null) continue
    weights.push(weightOf(trace.traceId))
    outcomes.forEach((outcome, i) => push(columns[i]!, outcome))
    concerned += Number(outcomes[0]!.concerned)
    overtaken += Number(outcomes.some((one) => one.overtaken))
    told &&= outcomes.every(({ estimate }) => estimate !== null)
  }
  const n = effectiveCount(weights)
  const variants = columns.map((all) =>
    retimedQuantiles({ ...all, weights, estimate: told ? all.estimate : undefined }, whatIfQuantiles),
  )
  return {
    retimed: weights.length,
    concerned,
    fidelity: weights.length === 0 ? 'unknown' : told ? 'modelled' : 'bounded',
    quantiles: whatIfQuantiles.map((q, i) =>
      quantileOf(
        q,
        variants.map((one) => one[i]!),
        refusal(q, n, coverage),
      ),
    ),
    saved: weights.length === 0 ? null : savedOf(columns, weights, told),
    overtaken: weights.length === 0 ? null : overtaken / weights.length,
    replacements:
      change.kind !== 'replace'
        ? []
        : variants.map((one, i) => ({
            how: i === 0 ? ('same rank' as const) : ('any rank' as const),
            quantiles: one
              .filter(({ q }) => refusal(q, n, coverage) === undefined)
              .map(({ q, loNs, hiNs }) => ({ q, loNs: Math.round(loNs), hiNs: Math.round(hiNs) })),
          })),
  }
}

interface Columns {
  before: number[]
  lower: number[]
  upper: number[]
  estimate: number[]
}

function push(columns: Columns, { before, lower, upper, estimate }: Outcome): void {
  columns.before.push(before)
  columns.lower.push(lower)
  columns.upper.push(upper)
  columns.estimate.push(estimate ?? NaN)
}

function ownWork(traces: Iterable<TraceInput>, settings: AnalysisSettings, change: WhatIfChange): number[] {
  const own: number[] = []
  let seen = 0
  for (const trace of traces) {
    if (seen++ === ownTraces) break
    own.push(...toldWork(trace, settings, targetOf(change)))
  }
  return own
}

const untold = { beforeNs: null, beforeLoNs: null, beforeHiNs: null, afterNs: null, loNs: null, hiNs: null }

/** Of all variants together: what is true lies within one of them, nobody knows which. */
function quantileOf(q: number, variants: readonly RetimedQuantile[], refused: string | undefined) {
  const [first] = variants
  if (refused !== undefined || first === undefined) return { q, ...untold, reasons: [refused ?? 'few_samples'] }
  return {
    q,
    beforeNs: Math.round(first.beforeNs),
    beforeLoNs: Math.round(first.beforeLoNs),
    beforeHiNs: Math.round(first.beforeHiNs),
    afterNs: variants.length === 1 && first.estimateNs !== null ? Math.round(first.estimateNs) : null,
    loNs: Math.round(Math.min(...variants.map(({ loNs }) => loNs))),
    hiNs: Math.round(Math.max(...variants.map(({ hiNs }) => hiNs))),
    reasons: [],
  }
}

function savedOf(columns: readonly Columns[], weights: readonly number[], told: boolean): WhatIf['saved'] {
  const least = columns.map(({ before, lower }) => meanSaved(before, lower, weights))
  const most = columns.map(({ before, upper }) => meanSaved(before, upper, weights))
  const [{ before, estimate }] = columns as [Columns]
  const nothing = before.map(() => 0)
  const mean = meanSaved(before, nothing, weights).value
  const lo = Math.min(...least.map((one) => one.lo))
  const hi = Math.max(...most.map((one) => one.hi))
  return {
    meanNs: told && columns.length === 1 ? Math.round(meanSaved(before, estimate, weights).value) : null,
    loNs: Math.round(lo),
    hiNs: Math.round(hi),
    share: { lo: mean > 0 ? lo / mean : 0, hi: mean > 0 ? hi / mean : 0 },
  }
}
