/**
 * Which of two cohorts is faster, and by how much (algorithms.md 8.3): at each quantile and by the Hodges-Lehmann shift, as they are
 * and with the same mix of strata on both sides, each with an interval that allows for minutes that depend on each other.
 */
import { cohortsOf, logQuantiles, meanDifference, meanOf, summed, totalOf, type CohortRow } from './cohort.ts'
import { resample, type Pair, type Piece, type Resampled } from './resample.ts'
import { normalQuantile, studentQuantile } from './student.ts'
import type { Random } from './shift.ts'
import type { Reading, Shifted } from './shifts.ts'
import { cutsOf, waveringOf } from './wavering.ts'

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
  const counted = (side: 'a' | 'b') => cohorts[side].strata.map((parts) => summed(parts, cohorts))
  const counts = { a: counted('a'), b: counted('b') }
  const inStrata = cohorts.strata.map((stratum, i) => ({
    stratum,
    i,
    n: { a: totalOf(counts.a[i]!), b: totalOf(counts.b[i]!) },
  }))
  const all = (side: 'a' | 'b') => inStrata.reduce((sum, one) => sum + one.n[side], 0)
  const n = { a: all('a'), b: all('b') }
  const isCommon = (one: { a: number; b: number }) => one.a >= leastInStratum && one.b >= leastInStratum
  const shared = inStrata.filter((one) => isCommon(one.n)).reduce((sum, one) => sum + one.n.a + one.n.b, 0)
  const weights = inStrata.map((one) => (isCommon(one.n) ? (one.n.a + one.n.b) / shared : 0))
  const common = n.a + n.b > 0 ? shared / (n.a + n.b) : 0
  const reasons: NotComparable[] = []
  if (Math.min(n.a, n.b) < leastRequests) reasons.push('few_requests')
  if (Math.min(cohorts.a.minutes, cohorts.b.minutes) < leastMinutes) reasons.push('few_minutes')
  if (common < leastCommon && n.a > 0 && n.b > 0) reasons.push('few_common_strata')
  const nothing = Math.min(n.a, n.b) === 0
  const resampled = nothing ? null : resample(cohorts, counts, weights, random, resamples)
  const minutes = { a: cohorts.a.minutes, b: cohorts.b.minutes }
  const differenceIn = (some: Resampled | null | undefined) =>
    some ? differenceOf(some, minutes, quantiles, cohorts.least) : null
  const [raw, like] = [differenceIn(resampled?.raw), differenceIn(resampled?.like)]
  const verdict =
    reasons.length > 0 || like === null
      ? 'not_comparable'
      : !isDistinguishable(like.difference.shift)
        ? 'not_distinguishable'
        : like.difference.shift.value > 0
          ? 'a_faster'
          : 'b_faster'
  const median = (side: 'a' | 'b', i: number) => {
    const own = counts[side][i]!
    return totalOf(own) > 0 ? Math.exp(logQuantiles(own, [0.5], cohorts.least)[0]!.value) : null
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
        shift:
          like && resampled?.shifts[one.i] && rank < mostStrata
            ? estimateOf(resampled.shifts[one.i]!, like.scale)
            : null,
        p50: { a: median('a', one.i), b: median('b', one.i) },
      })),
  }
}

/** @param minutes that each side has. */
function differenceOf(
  { whole, draws, shifted, blocks, stretches }: Resampled,
  minutes: Pair<number>,
  quantiles: readonly number[],
  least: number,
): { difference: Difference; scale: number } {
  const asked = [...quantiles, 0.25, 0.5, 0.75, 0.99]
  const read = (counts: Float64Array): Reading[] => {
    const log = logQuantiles(counts, asked, least)
    const [p25, p50, p75, p99] = log.splice(quantiles.length) as [Reading, Reading, Reading, Reading]
    return [
      ...log.map(({ value, slack }) => ({ value: Math.exp(value), slack: Math.exp(value) * slack })),
      { value: meanOf(counts, least), slack: 0 },
      { value: p99.value - p50.value, slack: p99.slack + p50.slack },
      { value: p75.value - p25.value, slack: p75.slack + p25.slack },
      { value: Math.log(meanDifference(counts, least)), slack: 0 },
    ]
  }
  const now = { a: read(whole.a), b: read(whole.b) }
  const again = draws.map(({ a, b }) => ({ a: read(a), b: read(b) }))
  /** How far pieces are shifted from all of their side counts last: by the same measure as the sides from each other. */
  const readings = (pieces: readonly Piece[]) =>
    pieces.map((one) => [...read(one.counts).map(({ value }) => value), one.shift])
  const waveringIn = (side: 'a' | 'b') =>
    waveringOf(cutsOf(minutes[side]), readings(blocks[side]), readings(stretches[side]), now.a.length + 1)
  const wavering = { a: waveringIn('a'), b: waveringIn('b') }
  const fewBlocks = Math.max(wavering.a.fewBlocks, wavering.b.fewBlocks)
  const scaleAt = (i: number) => {
    const { a, b } = wavering
    // Three stretches or a little more a side tell little of how much they waver: the side that they tell more of is believed for both,
    // and is then all that is known of it: its stretches alone are the degrees of freedom.
    const most = a.inflation[i]! > b.inflation[i]! ? a : b
    const inflation = Math.max(1, most.inflation[i]!)
    const freedom = inflation > 1 ? most.stretches - 1 : Math.min(a.blocks, b.blocks) - 1
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
  const [tail, dispersion, jitter] = [mean + 1, mean + 2, mean + 3]
  const scale = scaleAt(jitter + 1)
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

const estimateOf = ({ now, again }: Shifted, scale: number): Estimate => widened(now.value, again, scale, now.slack)

/** From a value to the 2.5 % and 97.5 % of its resamples, times `scale`, and by what buckets hide. */
function widened(value: number, resampled: readonly number[], scale: number, slack: number): Estimate {
  const sorted = resampled.filter((one) => !Number.isNaN(one)).sort((x, y) => x - y)
  if (sorted.length === 0) return { value, lo: -Infinity, hi: Infinity }
  // Of n resamples the k-th has k / (n + 1) below it; with n - 1 for n + 1, 200 of them would hold 94 % (Davison and Hinkley 1997, 5.2).
  const at = (share: number) => {
    const place = Math.min(sorted.length - 1, Math.max(0, share * (sorted.length + 1) - 1))
    const [from, to] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
    return from + (to - from) * (place - Math.floor(place))
  }
  // Resamples may lie off to one side; an interval that left out its own value would be of no use.
  const down = Math.max(0, value - at(0.025))
  const up = Math.max(0, at(0.975) - value)
  return { value, lo: value - down * scale - slack, hi: value + up * scale + slack }
}
