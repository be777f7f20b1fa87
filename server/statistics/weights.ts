import type { Histogram } from './histogram.ts'

/** What a sample says about the population it was taken from (algorithms.md section 6): each value counts with its weight. */

/** Values of which each stands for `weight` requests. */
export interface WeightedPart {
  readonly weight: number
  readonly histogram: Histogram
}

/** Histogram of the population; what is alone with weight 1 is unchanged. Counts may be fractions. */
export function populationOf(parts: readonly WeightedPart[]): Histogram {
  if (parts.length === 1 && parts[0]!.weight === 1) return parts[0]!.histogram
  const sums = new Map<number, number>()
  for (const { weight, histogram } of parts) {
    histogram.keys.forEach((key, i) => sums.set(key, (sums.get(key) ?? 0) + weight * histogram.counts[i]!))
  }
  const keys = [...sums.keys()].sort((a, b) => a - b)
  return { keys, counts: keys.map((key) => sums.get(key)!) }
}

/** As many equally weighted values say as much about a quantile (Kish): n where all weights are equal, fewer where they are not. */
export function effectiveCount(parts: readonly { readonly weight: number; readonly n: number }[]): number {
  const sum = parts.reduce((all, { weight, n }) => all + weight * n, 0)
  const squares = parts.reduce((all, { weight, n }) => all + weight * weight * n, 0)
  return squares > 0 ? (sum * sum) / squares : 0
}
