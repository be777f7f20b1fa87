/** Many requests as they would be (algorithms.md section 10): quantiles with what is not known of them, and other distributions in place of one's own. */
import { bucketBounds, bucketKey, quantile, total, type Histogram } from './histogram.ts'
import type { Random } from './shift.ts'
import { normalQuantile } from './student.ts'

/** Durations of the same requests, ns, one beside the other. */
export interface Retimed {
  readonly before: readonly number[]
  /** When as little is saved as can be, and as much as can be. */
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

export interface RetimedQuantile {
  readonly q: number
  readonly beforeNs: number
  /** Between least and most saved, each with the 95 % interval of its quantile (independent requests) and what such models are off by. */
  readonly loNs: number
  readonly hiNs: number
}

/** LatenSeer (SoCC'23) reports 5.35 % for retiming, others more. */
const modelError = 0.05

/** @returns none without requests. */
export function retimedQuantiles({ before, lower, upper }: Retimed, qs: readonly number[]): RetimedQuantile[] {
  const n = before.length
  if (n === 0) return []
  const ascending = (values: readonly number[]) => Float64Array.from(values).sort()
  const sorted = { before: ascending(before), lower: ascending(lower), upper: ascending(upper) }
  const at = (values: Float64Array, rank: number) => values[Math.min(n, Math.max(1, rank)) - 1]!
  return qs.map((q) => {
    const around = normalQuantile * Math.sqrt(n * q * (1 - q))
    return {
      q,
      beforeNs: at(sorted.before, Math.ceil(q * n)),
      loNs: (1 - modelError) * at(sorted.upper, Math.floor(n * q - around)),
      hiNs: (1 + modelError) * at(sorted.lower, Math.ceil(n * q + around)),
    }
  })
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
