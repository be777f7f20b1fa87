/**
 * Which of two cohorts is faster, and by how much (algorithms.md 8.3): at each quantile and by the Hodges-Lehmann shift, as they are
 * and with the same mix of strata on both sides, each with an interval that allows for minutes that depend on each other.
 */
import {
  cohortsOf,
  logQuantiles,
  meanDifference,
  meanOf,
  pooled,
  redrawer,
  reweighted,
  smoothShift,
  stratumOf,
  summed,
  totalOf,
  type Cohort,
  type CohortRow,
  type Cohorts,
} from './cohort.ts'
import { normalQuantile, studentQuantile } from './student.ts'
import type { Random } from './shift.ts'
import { blockMinutes, waveringOf } from './wavering.ts'

/** With its 95 % interval. */
export interface Estimate {
  readonly value: number
  readonly lo: number
  readonly hi: number
}

/** The interval leaves out that there is no difference. */
export const isDistinguishable = ({ lo, hi }: Estimate): boolean => lo > 0 || hi < 0

export interface QuantileDifference {
  readonly q: number
  /** ns. */
  readonly a: number
  readonly b: number
  /** b - a, ns. */
  readonly difference: Estimate
}

export interface Difference {
  /** ln of the ratio b / a (Hodges-Lehmann). */
  readonly shift: Estimate
  readonly quantiles: readonly QuantileDifference[]
  readonly mean: { readonly a: number; readonly b: number; readonly difference: Estimate }
  /** ln p99/p50 and ln p75/p25 of b less those of a: above 0, b is less steady. */
  readonly tail: Estimate
  readonly dispersion: Estimate
  /** ln of the ratio of how far two requests of a side lie apart on average. */
  readonly jitter: Estimate
}

export interface StratumDifference {
  readonly stratum: string
  readonly n: { readonly a: number; readonly b: number }
  /** ln of b / a; null with fewer than 30 requests on either side. */
  readonly shift: Estimate | null
  /** Medians, ns; null where there are no requests. */
  readonly p50: { readonly a: number | null; readonly b: number | null }
}

export type NotComparable = 'few_requests' | 'few_minutes' | 'few_common_strata'

export interface Comparison {
  readonly verdict: 'a_faster' | 'b_faster' | 'not_distinguishable' | 'not_comparable'
  /** Why it is not comparable. */
  readonly reasons: readonly NotComparable[]
  readonly n: { readonly a: number; readonly b: number }
  /** null without requests on a side. */
  readonly raw: Difference | null
  /** Of the strata that both sides have, in the shares that they have in both together; null when there are none. */
  readonly adjusted: Difference | null
  /** Share of both sides' requests that is in common strata. */
  readonly common: number
  /** As they are, one is faster; like for like, the other one is. */
  readonly reversed: boolean
  /** Most requests first. */
  readonly strata: readonly StratumDifference[]
}

/** Section 6, "Compare" and "A vs B". */
const leastRequests = 30
const leastMinutes = 20
export const leastCommon = 0.8
export const leastInStratum = 30

/** Where one of so many strata has its own interval; the rest would cost time and nobody reads them. */
const mostStrata = 200

/**
 * The verdict goes by the shift of like for like. Without common strata for four fifths of the requests there is none.
 * @param random decides which minutes are drawn again: the same numbers give the same intervals.
 */
export function compareCohorts(
  a: readonly CohortRow[],
  b: readonly CohortRow[],
  quantiles: readonly number[],
  random: Random,
  { resamples = 200 } = {},
): Comparison {
  const cohorts = cohortsOf(a, b)
  const { width } = cohorts.a
  const whole = { a: summed(cohorts.a, cohorts.a.minutes), b: summed(cohorts.b, cohorts.b.minutes) }
  const n = { a: totalOf(whole.a), b: totalOf(whole.b) }
  const inStrata = cohorts.strata.map((stratum, i) => ({
    stratum,
    i,
    n: { a: totalOf(stratumOf(whole.a, width, i)), b: totalOf(stratumOf(whole.b, width, i)) },
  }))
  const isCommon = (one: { a: number; b: number }) => one.a >= leastInStratum && one.b >= leastInStratum
  const shared = inStrata.filter((one) => isCommon(one.n)).reduce((sum, one) => sum + one.n.a + one.n.b, 0)
  const weights = inStrata.map((one) => (isCommon(one.n) ? (one.n.a + one.n.b) / shared : 0))
  const common = n.a + n.b > 0 ? shared / (n.a + n.b) : 0
  const reasons: NotComparable[] = []
  if (Math.min(n.a, n.b) < leastRequests) reasons.push('few_requests')
  if (Math.min(cohorts.a.minutes.length, cohorts.b.minutes.length) < leastMinutes) reasons.push('few_minutes')
  if (common < leastCommon && n.a > 0 && n.b > 0) reasons.push('few_common_strata')
  const nothing = Math.min(n.a, n.b) === 0
  const draws = nothing ? [] : drawsOf(cohorts, random, resamples)
  const ofAll = () => shiftedBy(draws, whole, (counts) => pooled(counts, width))
  const raw = nothing ? null : differenceOf(cohorts, whole, draws, null, ofAll(), quantiles)
  const shifts = nothing || shared === 0 ? [] : shiftsOfStrata(draws, whole, width, weights)
  const like =
    shifts.length === 0 ? null : differenceOf(cohorts, whole, draws, weights, averaged(shifts, weights), quantiles)
  const verdict =
    reasons.length > 0 || like === null
      ? 'not_comparable'
      : !isDistinguishable(like.difference.shift)
        ? 'not_distinguishable'
        : like.difference.shift.value > 0
          ? 'a_faster'
          : 'b_faster'
  const median = (side: 'a' | 'b', i: number) => {
    const counts = stratumOf(whole[side], width, i)
    return totalOf(counts) > 0 ? Math.exp(logQuantiles(counts, [0.5], cohorts.least)[0]!.value) : null
  }
  return {
    verdict,
    reasons,
    n,
    raw: raw && raw.difference,
    adjusted: like && like.difference,
    common,
    reversed:
      raw !== null &&
      like !== null &&
      isDistinguishable(like.difference.shift) &&
      isDistinguishable(raw.difference.shift) &&
      like.difference.shift.value > 0 !== raw.difference.shift.value > 0,
    strata: inStrata
      .sort((x, y) => y.n.a + y.n.b - x.n.a - x.n.b)
      .map((one, rank) => ({
        stratum: one.stratum,
        n: one.n,
        shift: like !== null && shifts[one.i] && rank < mostStrata ? estimateOf(shifts[one.i]!, like.scale) : null,
        p50: { a: median('a', one.i), b: median('b', one.i) },
      })),
  }
}

/** Both sides of a resample: counts by stratum and bucket. */
interface Draw {
  readonly a: Float64Array
  readonly b: Float64Array
}

function drawsOf({ a, b }: Cohorts, random: Random, count: number): Draw[] {
  const [againA, againB] = [redrawer(a, blockMinutes), redrawer(b, blockMinutes)]
  return Array.from({ length: count }, () => ({ a: againA(random), b: againB(random) }))
}

/** @param weights of the strata; null: all requests as they are. @param shifted of the same. */
function differenceOf(
  cohorts: Cohorts,
  whole: Draw,
  draws: readonly Draw[],
  weights: readonly number[] | null,
  shifted: Shifted,
  quantiles: readonly number[],
): { difference: Difference; scale: number } {
  const { least } = cohorts
  const { width } = cohorts.a
  const mixed = (sums: Float64Array) => (weights ? reweighted(sums, width, weights) : pooled(sums, width))
  const asked = [...quantiles, 0.25, 0.5, 0.75, 0.99]
  const read = (counts: Float64Array): Reading[] => {
    const log = logQuantiles(counts, asked, least)
    const [p25, p50, p75, p99] = log.splice(quantiles.length) as [Reading, Reading, Reading, Reading]
    return [
      ...log.map(({ value, slack }) => ({ value: Math.exp(value), slack: Math.exp(value) * slack })),
      { value: meanOf(counts, least), slack: 0 },
      { value: p99.value - p50.value, slack: p99.slack + p50.slack },
      { value: p75.value - p25.value, slack: p75.slack + p25.slack },
      p50,
      { value: Math.log(meanDifference(counts, least)), slack: 0 },
    ]
  }
  const now = { a: read(mixed(whole.a)), b: read(mixed(whole.b)) }
  const again = draws.map(({ a, b }) => ({ a: read(mixed(a)), b: read(mixed(b)) }))
  const ofMinutes = (cohort: Cohort) => (minutes: Cohort['minutes']) =>
    read(mixed(summed(cohort, minutes))).map(({ value }) => value)
  const wavering = {
    a: waveringOf(cohorts.a.minutes, ofMinutes(cohorts.a)),
    b: waveringOf(cohorts.b.minutes, ofMinutes(cohorts.b)),
  }
  const fewBlocks = Math.max(wavering.a.fewBlocks, wavering.b.fewBlocks)
  const scaleAt = (i: number) => {
    // Three stretches or a little more a side tell little of how much they waver: the side that they tell more of is believed for both.
    const inflation = Math.max(1, wavering.a.inflation[i]!, wavering.b.inflation[i]!)
    const freedom =
      inflation > 1
        ? wavering.a.stretches + wavering.b.stretches - 2
        : Math.min(wavering.a.blocks, wavering.b.blocks) - 1
    return Math.sqrt(inflation * fewBlocks) * (studentQuantile(freedom) / normalQuantile)
  }
  const differenceAt = (i: number): Estimate => {
    const value = now.b[i]!.value - now.a[i]!.value
    const slack = now.b[i]!.slack + now.a[i]!.slack
    return widened(
      value,
      again.map((one) => one.b[i]!.value - one.a[i]!.value),
      scaleAt(i),
      slack,
    )
  }
  const mean = quantiles.length
  const [tail, dispersion, median, jitter] = [mean + 1, mean + 2, mean + 3, mean + 4]
  const scale = scaleAt(median)
  const shift = estimateOf(shifted, scale)
  return {
    scale,
    difference: {
      shift,
      quantiles: quantiles.map((q, i) => ({
        q,
        a: now.a[i]!.value,
        b: now.b[i]!.value,
        difference: differenceAt(i),
      })),
      mean: { a: now.a[mean]!.value, b: now.b[mean]!.value, difference: differenceAt(mean) },
      tail: differenceAt(tail),
      dispersion: differenceAt(dispersion),
      jitter: differenceAt(jitter),
    },
  }
}

interface Reading {
  readonly value: number
  readonly slack: number
}

/** A shift as it is, and of each resample. */
interface Shifted {
  readonly now: Reading
  readonly again: readonly number[]
}

const estimateOf = ({ now, again }: Shifted, scale: number): Estimate => widened(now.value, again, scale, now.slack)

function shiftedBy(draws: readonly Draw[], whole: Draw, of: (counts: Float64Array) => Float64Array): Shifted {
  const now = smoothShift(of(whole.b), of(whole.a))
  return { now, again: draws.map(({ a, b }) => smoothShift(of(b), of(a), now.value).value) }
}

/** Of the strata, by their number; of those without a weight none. */
const shiftsOfStrata = (draws: readonly Draw[], whole: Draw, width: number, weights: readonly number[]) =>
  weights.map((weight, i) => (weight > 0 ? shiftedBy(draws, whole, (counts) => stratumOf(counts, width, i)) : null))

/** Each by its weight; a resample that has nothing of a stratum goes by the others. */
function averaged(strata: readonly (Shifted | null)[], weights: readonly number[]): Shifted {
  const over = (of: (one: Shifted) => number, told: (one: Shifted) => number): number => {
    let sum = 0
    let all = 0
    strata.forEach((one, i) => {
      if (one === null || Number.isNaN(told(one))) return
      sum += weights[i]! * of(one)
      all += weights[i]!
    })
    return sum / all
  }
  const value = ({ now }: Shifted) => now.value
  const draws = strata.find((one) => one !== null)?.again ?? []
  return {
    now: { value: over(value, value), slack: over(({ now }) => now.slack, value) },
    again: draws.map((_, draw) => {
      const at = ({ again }: Shifted) => again[draw]!
      return over(at, at)
    }),
  }
}

/** From a value to the 2.5 % and 97.5 % of its resamples, times `scale`, and by what buckets hide. */
function widened(value: number, resampled: readonly number[], scale: number, slack: number): Estimate {
  const sorted = resampled.filter((one) => !Number.isNaN(one)).sort((x, y) => x - y)
  if (sorted.length === 0) return { value, lo: -Infinity, hi: Infinity }
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const [from, to] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
    return from + (to - from) * (place - Math.floor(place))
  }
  // Resamples may lie off to one side; an interval that left out its own value would be of no use.
  const down = Math.max(0, value - at(0.025))
  const up = Math.max(0, at(0.975) - value)
  return { value, lo: value - down * scale - slack, hi: value + up * scale + slack }
}
