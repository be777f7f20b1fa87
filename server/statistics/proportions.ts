/** How sure a share, or the ratio of two shares, is: intervals of 95 % and the chance that two shares are one. */

const z95 = 1.959_963_984_540_054

export interface Interval {
  readonly lo: number
  readonly hi: number
}

/** Wilson's interval of a share of `n` independent draws, `n` may be an effective number. */
export function wilson(share: number, n: number, z = z95): Interval {
  if (n <= 0) return { lo: 0, hi: 1 }
  const z2 = (z * z) / n
  const middle = (share + z2 / 2) / (1 + z2)
  const half = (z / (1 + z2)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n))
  return { lo: Math.max(0, middle - half), hi: Math.min(1, middle + half) }
}

export interface Ratio extends Interval {
  /** Infinity where only the first share is more than 0. */
  readonly ratio: number
}

/**
 * The ratio of two independent shares, its interval made of their Wilson intervals (Donner and Zou 2012, "MOVER"); undefined
 * where both shares are 0.
 */
export function ratioOfShares(a: { share: number; n: number }, b: { share: number; n: number }): Ratio | undefined {
  if (a.share === 0 && b.share === 0) return undefined
  const [first, second] = [wilson(a.share, a.n), wilson(b.share, b.n)]
  const product = a.share * b.share
  const root = (edge: number, other: number) =>
    Math.sqrt(Math.max(0, product * product - edge * other * (2 * a.share - edge) * (2 * b.share - other)))
  const lo = (product - root(first.lo, second.hi)) / (second.hi * (2 * b.share - second.hi))
  const hi = (product + root(first.hi, second.lo)) / (second.lo * (2 * b.share - second.lo))
  const lowest = a.share === 0 ? 0 : Number.isFinite(lo) && lo >= 0 ? lo : second.hi > 0 ? first.lo / second.hi : 0
  return {
    ratio: b.share === 0 ? Infinity : a.share / b.share,
    lo: lowest,
    hi: second.lo > 0 && hi > 0 && Number.isFinite(hi) ? hi : Infinity,
  }
}

/** Of a standard normal variable, the chance of lying further from 0 than `z`. Error below 1.2e-7 (Press et al., erfc). */
export function chanceBeyond(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + x / 2)
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ]
  return t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0))
}

/** The chance of a difference as large between two independent shares that are the same (two-sided, pooled). */
export function chanceOfDifference(a: { share: number; n: number }, b: { share: number; n: number }): number {
  const pooled = (a.share * a.n + b.share * b.n) / (a.n + b.n)
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n))
  return deviation > 0 ? chanceBeyond((a.share - b.share) / deviation) : 1
}

/**
 * Benjamini and Hochberg: which of many differences to believe, so that at most the share `q` of those believed is chance.
 * @returns one boolean a chance, in their order.
 */
export function believed(chances: readonly number[], q: number): boolean[] {
  const order = chances.map((_, i) => i).sort((a, b) => chances[a]! - chances[b]!)
  const last = order.findLastIndex((index, rank) => chances[index]! <= (q * (rank + 1)) / chances.length)
  const kept = chances.map(() => false)
  for (const index of order.slice(0, last + 1)) kept[index] = true
  return kept
}

/** Of each chance the least share `q` at which {@link believed} believes it (adjusted chances), in their order. */
export function falseShares(chances: readonly number[]): number[] {
  const order = chances.map((_, i) => i).sort((a, b) => chances[b]! - chances[a]!)
  const found = [...chances]
  let least = 1
  order.forEach((index, rank) => {
    least = Math.min(least, (chances[index]! * chances.length) / (chances.length - rank))
    found[index] = least
  })
  return found
}
