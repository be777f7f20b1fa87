import { valuesNeeded } from './claims.ts'
import { bucketBounds, total, type Histogram } from './histogram.ts'

/** Whether slow traces are incomplete more often: dropping those would then make everything look faster (section 6). */

export interface Decile {
  /** Edges of the buckets in which its first and last entry span lie, ns. */
  readonly fromNs: number
  readonly toNs: number
  readonly n: number
  /** Share of complete traces, 0..1. */
  readonly complete: number
}

/**
 * Completeness by tenths of the entry spans' durations, fastest first; none for fewer than 200. A bucket that lies across a border
 * is divided in proportion: within 2.2 % nobody can tell which of its traces were the slower ones.
 * @param incomplete those of `all` of which something is missing.
 */
export function completenessByDecile(all: Histogram, incomplete: Histogram): Decile[] {
  const whole = total(all)
  if (whole < valuesNeeded(0.5)) return []
  const missing = new Map(incomplete.keys.map((key, i) => [key, incomplete.counts[i]!]))
  let below = 0
  const cells = all.keys.map((key, i) => ({
    key,
    count: all.counts[i]!,
    below: (below += all.counts[i]!) - all.counts[i]!,
  }))
  return Array.from({ length: 10 }, (_, decile) => {
    const [from, to] = [(decile * whole) / 10, ((decile + 1) * whole) / 10]
    const parts = cells
      .map((cell) => ({ ...cell, n: Math.min(cell.below + cell.count, to) - Math.max(cell.below, from) }))
      .filter(({ n }) => n > 1e-9 * whole)
    const n = parts.reduce((sum, part) => sum + part.n, 0)
    const lacking = parts.reduce((sum, part) => sum + ((missing.get(part.key) ?? 0) * part.n) / part.count, 0)
    return {
      fromNs: Math.floor(bucketBounds(parts[0]!.key).lo),
      toNs: Math.ceil(bucketBounds(parts.at(-1)!.key).hi),
      n: Math.round(n),
      complete: Math.min(1, Math.max(0, 1 - lacking / n)),
    }
  })
}
