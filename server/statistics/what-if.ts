/** Many requests as they would be (algorithms.md section 10): quantiles with what is not known of them, and other distributions in place of one's own. */
import { bucketBounds, bucketKey, quantile, total, type Histogram } from './histogram.ts'
import { designEffect } from './runs.ts'
import type { Random } from './shift.ts'
import { normalQuantile } from './student.ts'

/** Durations of the same requests, ns, one beside the other. */
export interface Retimed {
  readonly before: ArrayLike<number>
  /** When as little is saved as can be, and as much as can be. */
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
  /** As it most likely is; left out where that is not known of every request. */
  readonly estimate?: ArrayLike<number> | undefined
  /** How many each stands for; 1 when left out. */
  readonly weights?: ArrayLike<number>
  /** Of requests that were drawn in runs (runs.ts), the run of each; left out, they are independent. */
  readonly runs?: ArrayLike<number> | undefined
}

export interface RetimedQuantile {
  readonly q: number
  /** As many independent requests of equal weight would tell as much of it. */
  readonly n: number
  /** With its 95 % interval. */
  readonly beforeNs: number
  readonly beforeLoNs: number
  readonly beforeHiNs: number
  readonly estimateNs: number | null
  /** Between least and most saved, each with the 95 % interval of its quantile and what such models are off by. */
  readonly loNs: number
  readonly hiNs: number
}

/** LatenSeer (SoCC'23) reports 5.35 % for retiming, others more. */
export const modelError = 0.05

/** As many requests of equal weight would know as much (Kish). */
export function effectiveCount(weights: ArrayLike<number>): number {
  let sum = 0
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!
    squares += weights[i]! ** 2
  }
  return squares > 0 ? (sum * sum) / squares : 0
}

/** @returns none without requests. */
export function retimedQuantiles(
  { before, lower, upper, estimate, weights = new Float64Array(before.length).fill(1), runs }: Retimed,
  qs: readonly number[],
): RetimedQuantile[] {
  if (before.length === 0) return []
  const alone = effectiveCount(weights)
  const [now, least, most] = [before, lower, upper].map((values) => {
    const { reaching, within } = ascending(values, weights)
    return (q: number) => {
      const at = reaching(q)
      const n = alone / (runs ? designEffect(runs, (i) => weights[i]! * (Number(values[i]! <= at) - q)) : 1)
      const around = normalQuantile * Math.sqrt((q * (1 - q)) / n)
      return { at, n, lo: within(q - around), hi: reaching(q + around) }
    }
  })
  const likely = estimate && ascending(estimate, weights)
  return qs.map((q) => {
    const { at, n, lo, hi } = now!(q)
    return {
      ...{ q, n, beforeNs: at, beforeLoNs: lo, beforeHiNs: hi },
      estimateNs: likely ? likely.reaching(q) : null,
      loNs: (1 - modelError) * most!(q).lo,
      hiNs: (1 + modelError) * least!(q).hi,
    }
  })
}

/** Values in order, by the share of the weight that lies below. */
function ascending(values: ArrayLike<number>, weights: ArrayLike<number>) {
  const { sorted, upTo } = weighed(values, weights)
  const sum = upTo.at(-1)!
  /** So many values lie wholly within a share, but for rounding. */
  const count = (share: number) => {
    let [lo, hi] = [0, upTo.length]
    while (lo < hi) {
      const middle = (lo + hi) >> 1
      if (upTo[middle]! <= share * sum * (1 + 1e-12)) lo = middle + 1
      else hi = middle
    }
    return lo
  }
  const at = (rank: number) => sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!
  return {
    /** The last value within the share. */
    within: (share: number) => at(count(share)),
    /** The value that the share reaches: rank ceil(share n). */
    reaching: (share: number) => {
      const whole = count(share)
      return at(whole > 0 && upTo[whole - 1]! >= share * sum * (1 - 1e-12) ? whole : whole + 1)
    },
  }
}

/** Values in order, and the weight of each and of those before it. */
function weighed(values: ArrayLike<number>, weights: ArrayLike<number>) {
  const upTo = Float64Array.from(weights)
  const sorted = Float64Array.from(values)
  // All alike, they need no order of their own: numbers alone are sorted ten times as fast.
  if (upTo.every((weight) => weight === upTo[0])) sorted.sort()
  else {
    const order = Uint32Array.from(sorted, (_, i) => i).sort((i, j) => values[i]! - values[j]!)
    order.forEach((i, at) => {
      sorted[at] = values[i]!
      upTo[at] = weights[i]!
    })
  }
  for (let i = 1; i < upTo.length; i++) upTo[i]! += upTo[i - 1]!
  return { sorted, upTo }
}

/** Mean of what is saved, with its 95 % interval. @param runs as of {@link Retimed}. */
export function meanSaved(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  weights: ArrayLike<number>,
  runs?: ArrayLike<number>,
): { value: number; lo: number; hi: number } {
  let all = 0
  for (let i = 0; i < weights.length; i++) all += weights[i]!
  const over = (of: (i: number) => number) => {
    let sum = 0
    for (let i = 0; i < weights.length; i++) sum += weights[i]! * of(i)
    return sum / all
  }
  const value = over((i) => before[i]! - after[i]!)
  const off = (i: number) => before[i]! - after[i]! - value
  const variance = over((i) => off(i) ** 2)
  const n = effectiveCount(weights) / (runs ? designEffect(runs, (i) => weights[i]! * off(i)) : 1)
  const around = normalQuantile * Math.sqrt(variance / n)
  return { value, lo: value - around, hi: value + around }
}

/**
 * x' = Q_b(F_a(x)): a time takes the place among those of `b` that it has among those of `a`, so what was slow together stays slow
 * together. Without either, nothing changes.
 */
export function mapped(a: Histogram, b: Histogram): (ns: number) => number {
  const [of, in_] = [total(a), total(b)]
  if (of <= 0 || in_ <= 0) return (ns) => ns
  const rankOf = ranksOf(a)
  const valueAt = valuesOf(b)
  return (ns) => valueAt(rankOf(ns))
}

/** The other end of what may be: a time of `b` that has nothing to do with one's own. */
export function redrawn(b: Histogram, random: Random): () => number {
  const valueAt = valuesOf(b)
  return () => valueAt(random())
}

/** Share of values below, those of the same bucket in proportion. */
function ranksOf({ keys, counts }: Histogram): (ns: number) => number {
  const n = counts.reduce((sum, count) => sum + count, 0)
  const below: number[] = []
  let sum = 0
  for (const count of counts) {
    below.push(sum)
    sum += count
  }
  return (ns) => {
    const key = bucketKey(ns)
    let at = 0
    while (at < keys.length && keys[at]! < key) at++
    if (at === keys.length) return 1
    if (keys[at] !== key) return below[at]! / n
    const { lo, hi } = bucketBounds(key)
    const within = hi > lo ? (Math.abs(ns) - Math.abs(lo)) / (Math.abs(hi) - Math.abs(lo)) : 0.5
    return (below[at]! + counts[at]! * Math.min(1, Math.max(0, within))) / n
  }
}

/** The inverse. */
function valuesOf(histogram: Histogram): (rank: number) => number {
  const { keys, counts } = histogram
  const n = total(histogram)
  if (n <= 0) return () => 0
  return (rank) => {
    let rest = Math.min(1, Math.max(0, rank)) * n
    for (let i = 0; i < keys.length; i++) {
      const count = counts[i]!
      if (rest <= count && count > 0) {
        const { lo, hi } = bucketBounds(keys[i]!)
        return lo + (hi - lo) * (rest / count)
      }
      rest -= count
    }
    return quantile(histogram, 1)!
  }
}
