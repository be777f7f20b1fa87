import type { Cells, Histogram } from './histogram.ts'

/** What a sample says about the population it was taken from (algorithms.md section 6): each value counts with its weight. */

/** Values of which each stands for `weight` requests. */
export interface WeightedPart {
  readonly weight: number
  readonly histogram: Cells
}

/** Histogram of the population; what is alone with weight 1 is unchanged. Counts may be fractions. */
export function populationOf(parts: readonly WeightedPart[]): Histogram {
  if (parts.length === 1 && parts[0]!.weight === 1) {
    const { keys, counts } = parts[0]!.histogram
    return { keys: Array.from(keys), counts: Array.from(counts) }
  }
  const sums = new Map<number, number>()
  for (const { weight, histogram } of parts) {
    const { keys, counts } = histogram
    for (let i = 0; i < keys.length; i++) sums.set(keys[i]!, (sums.get(keys[i]!) ?? 0) + weight * counts[i]!)
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
