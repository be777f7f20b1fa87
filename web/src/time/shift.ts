/** Whether two quantiles differ by more than chance: 95 % intervals from order statistics (algorithms.md section 6). */
import type { Distribution } from '../../../server/api/contract.ts'
import type { Quantile } from '../format/figure.ts'

export interface Interval {
  readonly loNs: number
  readonly hiNs: number
}

const shares = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const
type Percentile = keyof typeof shares
const known = Object.keys(shares) as Percentile[]

/**
 * Ranks nq ± 1.96 √(nq(1−q)), read off between the quantiles that the distribution states: log ns over −ln(1 − q), which is
 * straight for the tails that latencies have. Assumes independent requests. null: too little is stated.
 */
export function intervalOf(distribution: Distribution, q: number): Interval | null {
  const { n, maxNs } = distribution
  const points = known.flatMap((percentile) => {
    const ns = distribution[`${percentile}Ns`]
    return ns !== null && ns > 0 ? [{ x: -Math.log(1 - shares[percentile]), y: Math.log(ns) }] : []
  })
  if (maxNs !== null && maxNs > 0 && n > 0) points.push({ x: Math.log(n + 1), y: Math.log(maxNs) })
  if (points.length < 2 || n === 0) return null
  const half = 1.96 * Math.sqrt((q * (1 - q)) / n)
  const at = (rank: number) => Math.exp(lineThrough(points, -Math.log(1 - Math.min(rank, 1 - 1 / (n + 1)))))
  return { loNs: at(Math.max(q - half, 0)), hiNs: at(q + half) }
}

/** Between two points; beyond the ends as the nearest two go on. */
function lineThrough(points: readonly { x: number; y: number }[], x: number): number {
  const above = points.findIndex((point) => point.x >= x)
  const i = Math.min(Math.max(above === -1 ? points.length - 1 : above, 1), points.length - 1)
  const [left, right] = [points[i - 1]!, points[i]!]
  return right.x === left.x ? right.y : left.y + ((x - left.x) / (right.x - left.x)) * (right.y - left.y)
}

export interface Shift {
  readonly beforeNs: number
  readonly afterNs: number
  readonly diffNs: number
  /** slower, faster: by a tenth at least and by more than chance. */
  readonly verdict: 'slower' | 'faster' | 'alike'
}

const leastShare = 0.1

/** Of one quantile from one period to the next; null where either does not state it. Of max and mean no interval is known. */
export function shiftOf(before: Distribution, after: Distribution, quantile: Quantile): Shift | null {
  const [beforeNs, afterNs] = [before[`${quantile}Ns`], after[`${quantile}Ns`]]
  if (beforeNs === null || afterNs === null) return null
  const diffNs = afterNs - beforeNs
  const q = quantile === 'max' || quantile === 'mean' ? undefined : shares[quantile]
  const [was, is] = q === undefined ? [null, null] : [intervalOf(before, q), intervalOf(after, q)]
  const apart = was !== null && is !== null && (is.loNs > was.hiNs || is.hiNs < was.loNs)
  const isLarge = apart && Math.abs(diffNs) >= leastShare * beforeNs
  return { beforeNs, afterNs, diffNs, verdict: !isLarge ? 'alike' : diffNs > 0 ? 'slower' : 'faster' }
}
