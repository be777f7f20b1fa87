/** Adds up what comes of re-timing requests, part by part. */
import type { WhatIf, WhatIfChange } from '../../api/contract-what-if.ts'
import { refusal } from '../../statistics/claims.ts'
import { meanSaved, retimedQuantiles, type RetimedQuantile } from '../../statistics/what-if.ts'
import type { Replacement } from './changes.ts'
import type { Part, PartOrder, RetimedPart } from './part.ts'

export const whatIfQuantiles = [0.5, 0.9, 0.95, 0.99] as const
/** So many traces say what the in-process times of a target are. */
const ownTraces = 5_000

export interface Simulated extends Pick<WhatIf, 'fidelity' | 'quantiles' | 'saved' | 'overtaken' | 'replacements'> {
  readonly retimed: number
  readonly concerned: number
  /** Traces of which spans are there. */
  readonly read: number
}

/**
 * @param parts share the requests evenly, those of each side by side in `order`: neighbours in time are read together.
 * @param coverage share of the requests of which it is known how long they took.
 * @param inRuns they are some of many, drawn in runs.
 */
export async function simulate(
  parts: readonly Part[],
  order: Omit<PartOrder, 'ownTraces'>,
  by: Replacement | null,
  { coverage, inRuns }: { coverage: number; inRuns: boolean },
  signal?: AbortSignal,
): Promise<Simulated> {
  const { traces, change } = order
  const each = Math.ceil(traces.length / parts.length)
  const asked = { ...order, ownTraces: change.kind === 'replace' ? Math.ceil(ownTraces / parts.length) : 0 }
  const own = await Promise.all(
    parts.map((part, i) => part.begin({ ...asked, traces: traces.slice(i * each, (i + 1) * each) }, signal)),
  )
  const all = own.flat()
  const retimed = together(await Promise.all(parts.map((part) => part.retime(all, by))))
  return answerOf(retimed, { change, coverage, inRuns })
}

function together(parts: readonly RetimedPart[]): RetimedPart {
  const sum = (of: (one: RetimedPart) => number) => parts.reduce((n, one) => n + of(one), 0)
  const column = (of: (one: RetimedPart) => Float64Array) => {
    const columns = parts.map(of)
    const whole = new Float64Array(columns.reduce((n, { length }) => n + length, 0))
    columns.reduce((at, one) => (whole.set(one, at), at + one.length), 0)
    return whole
  }
  return {
    read: sum(({ read }) => read),
    concerned: sum(({ concerned }) => concerned),
    overtaken: sum(({ overtaken }) => overtaken),
    told: parts.every((one) => one.told),
    weights: column(({ weights }) => weights),
    runs: column(({ runs }) => runs),
    ways: parts[0]!.ways.map((_, way) => ({
      before: column(({ ways }) => ways[way]!.before),
      lower: column(({ ways }) => ways[way]!.lower),
      upper: column(({ ways }) => ways[way]!.upper),
      estimate: column(({ ways }) => ways[way]!.estimate),
    })),
  }
}

function answerOf(
  { read, weights, ways, concerned, overtaken, told, ...part }: RetimedPart,
  { change, coverage, inRuns }: { change: WhatIfChange; coverage: number; inRuns: boolean },
): Simulated {
  const runs = inRuns ? part.runs : undefined
  const variants = ways.map((all) =>
    retimedQuantiles({ ...all, weights, runs, estimate: told ? all.estimate : undefined }, whatIfQuantiles),
  )
  return {
    read,
    retimed: weights.length,
    concerned,
    fidelity: weights.length === 0 ? 'unknown' : told ? 'modelled' : 'bounded',
    quantiles: whatIfQuantiles.map((q, i) =>
      quantileOf(
        q,
        variants.map((one) => one[i]!),
        refusal(q, variants[0]?.[i]?.n ?? 0, coverage),
      ),
    ),
    saved: weights.length === 0 ? null : savedOf(ways, weights, { told, runs }),
    overtaken: weights.length === 0 ? null : overtaken / weights.length,
    replacements:
      change.kind !== 'replace'
        ? []
        : variants.map((one, i) => ({
            how: i === 0 ? ('same rank' as const) : ('any rank' as const),
            quantiles: one
              .filter(({ q, n }) => refusal(q, n, coverage) === undefined)
              .map(({ q, loNs, hiNs }) => ({ q, loNs: Math.round(loNs), hiNs: Math.round(hiNs) })),
          })),
  }
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

function savedOf(
  ways: RetimedPart['ways'],
  weights: Float64Array,
  { told, runs }: { told: boolean; runs: Float64Array | undefined },
): WhatIf['saved'] {
  const least = ways.map(({ before, lower }) => meanSaved(before, lower, weights, runs))
  const most = ways.map(({ before, upper }) => meanSaved(before, upper, weights, runs))
  const { before, estimate } = ways[0]!
  const mean = meanSaved(before, new Float64Array(before.length), weights).value
  const lo = Math.min(...least.map((one) => one.lo))
  const hi = Math.max(...most.map((one) => one.hi))
  return {
    meanNs: told && ways.length === 1 ? Math.round(meanSaved(before, estimate, weights).value) : null,
    loNs: Math.round(lo),
    hiNs: Math.round(hi),
    share: { lo: mean > 0 ? lo / mean : 0, hi: mean > 0 ? hi / mean : 0 },
  }
}
