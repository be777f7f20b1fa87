/** Did it get slower, or is there more of what always was slow (algorithms.md section 8.4)? */
import { quantile, type Histogram } from './histogram.ts'

/** What both parts add up to is the whole change. */
export interface MixChange {
  /** By other shares of the strata alone. */
  readonly mix: number
  /** By changes inside the strata. */
  readonly within: number
}

/** A stratum on both sides: its share of all requests, and its mean. Where it has no requests, its share is 0 and its mean is that of the other side. */
export interface StratumMeans {
  readonly before: { readonly share: number; readonly mean: number }
  readonly after: { readonly share: number; readonly mean: number }
}

/** Kitagawa's decomposition of the change of a mean; exact. */
export function kitagawa(strata: readonly StratumMeans[]): MixChange {
  let mix = 0
  let within = 0
  for (const { before, after } of strata) {
    mix += ((after.share - before.share) * (before.mean + after.mean)) / 2
    within += ((before.share + after.share) / 2) * (after.mean - before.mean)
  }
  return { mix, within }
}

export interface StratumHistograms {
  readonly before: Histogram
  readonly after: Histogram
}

/**
 * The same of a quantile, in ns: what it would be with the strata of before in the shares of after lies between. A stratum that was
 * not there before counts as it is after. null when one side is empty.
 */
export function quantileMix(strata: readonly StratumHistograms[], q: number): MixChange | null {
  const n = (side: Histogram) => side.counts.reduce((sum, count) => sum + count, 0)
  const sides = strata.map(({ before, after }) => ({ before, after, n: { before: n(before), after: n(after) } }))
  const all = { before: sum(sides.map((one) => one.n.before)), after: sum(sides.map((one) => one.n.after)) }
  if (all.before <= 0 || all.after <= 0) return null
  const at = (parts: readonly { histogram: Histogram; weight: number }[]) => quantile(weighted(parts), q)!
  const before = at(sides.map((one) => ({ histogram: one.before, weight: whole / all.before })))
  const after = at(sides.map((one) => ({ histogram: one.after, weight: whole / all.after })))
  const mixed = at(
    sides.map((one) => {
      const histogram = one.n.before > 0 ? one.before : one.after
      const own = one.n.before > 0 ? one.n.before : one.n.after
      return { histogram, weight: own > 0 ? ((one.n.after / all.after) * whole) / own : 0 }
    }),
  )
  return { mix: mixed - before, within: after - mixed }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Shares as counts of something that is many, because quantiles go by whole ranks. */
const whole = 2 ** 40

function weighted(parts: readonly { histogram: Histogram; weight: number }[]): Histogram {
  const sums = new Map<number, number>()
  for (const { histogram, weight } of parts)
    histogram.keys.forEach((key, i) => sums.set(key, (sums.get(key) ?? 0) + histogram.counts[i]! * weight))
  const keys = [...sums.keys()].sort((a, b) => a - b)
  return { keys, counts: keys.map((key) => sums.get(key)!) }
}
