/** What may be said about many requests: the claim table of algorithms.md section 6. */

/** The quantiles that a distribution states, in this order everywhere. */
export const claimedQuantiles = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const

const leastFacts = 200
/** Share of the requests that has a value. */
export const leastCoverage = 0.8
/** So many values have to lie above a quantile. */
const leastAbove = 20

/** Values needed before quantile `q` is claimed: 200 at p50, 400 at p95, 2,000 at p99, 20,000 at p99.9. */
export function valuesNeeded(q: number): number {
  return q > 0.5 ? Math.max(leastFacts, Math.round(leastAbove / (1 - q))) : leastFacts
}

export type Refusal = 'few_samples' | 'low_coverage' | 'weight_unknown'

/**
 * Why quantile `q` of `n` values may not be claimed, undefined where it may. Above the median, missing values may take
 * half of the tail at most: one of them can lie anywhere.
 * @param coverage share of requests that have a value, 0..1.
 */
export function refusal(q: number, n: number, coverage: number): Refusal | undefined {
  if (n < valuesNeeded(q)) return 'few_samples'
  if (coverage < leastCoverage) return 'low_coverage'
  // 1 - 0.99 is a little more than 0.01 in binary; so is 1 - 0.995.
  if (q > 0.5 && 1 - coverage > (1 - q) / 2 + 1e-12) return 'low_coverage'
  return undefined
}
