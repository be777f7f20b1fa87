import { bucketKey, type Histogram } from './histogram.ts'

/** Where a value stands among others: shares of them, 0..1. */
export interface Rank {
  /** Certainly lower: in a lower bucket. */
  readonly below: number
  /** Lower, or in the same bucket: which of those are lower nobody knows. */
  readonly upTo: number
  /** The same when a share of the others was never seen: all of it may lie above, or below (algorithms.md section 6). */
  readonly lo: number
  readonly hi: number
}

/** @param missing share of all that is not in the histogram, 0..1. null: there are no others. */
export function rankIn({ keys, counts }: Histogram, ns: number, missing: number): Rank | null {
  const own = bucketKey(ns)
  let [n, below, upTo] = [0, 0, 0]
  keys.forEach((key, i) => {
    n += counts[i]!
    if (key < own) below += counts[i]!
    if (key <= own) upTo += counts[i]!
  })
  if (n <= 0) return null
  const seen = 1 - missing
  return { below: below / n, upTo: upTo / n, lo: (below / n) * seen, hi: Math.min(1, (upTo / n) * seen + missing) }
}
