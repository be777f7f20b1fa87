import { bucketBounds, bucketKey, quantile, type Histogram } from './histogram.ts'

/** What a quantile of everything can be when a share of it was never seen (algorithms.md section 6, Manski). */

/** Ranks among the seen, 0..1; null: any value. */
export interface Ranks {
  readonly lo: number | null
  readonly hi: number | null
}

/**
 * Between which quantiles of the seen the quantile `p` of all lies when the share `missing` (0..1) is not seen: the unseen may
 * all lie above it, or all below.
 */
export function ranksWithMissing(p: number, missing: number): Ranks {
  const lo = (p - missing) / (1 - missing)
  const hi = p / (1 - missing)
  // In binary 0.99 + 0.01 may come to a little more than 1.
  return { lo: lo > 0 ? lo : null, hi: hi <= 1 + 1e-12 ? Math.min(1, hi) : null }
}

/** Bounds of a quantile in ns; null: open on that side. */
export function boundsWithMissing(seen: Histogram, p: number, missing: number) {
  const { lo, hi } = ranksWithMissing(p, missing)
  const edge = (rank: number | null, side: 'lo' | 'hi'): number | null => {
    const value = rank === null ? null : quantile(seen, rank)
    return value === null ? null : bucketBounds(bucketKey(value))[side]
  }
  return { loNs: edge(lo, 'lo'), hiNs: edge(hi, 'hi') }
}
