/** Since when a series is different (algorithms.md section 8.2, "since when"): where two stretches differ most, and whether they do. */

export interface ChangePoint {
  /** Index of the first value after the change. */
  readonly at: number
  /** Means since the change before, and until the next. */
  readonly before: number
  readonly after: number
  /** Two-sided, of Student's t test of the two stretches. The split was chosen to be the best one, so it says less than it seems. */
  readonly chance: number
}

/** A stretch of fewer values is not told apart. */
const leastStretch = 3

/**
 * Change points of a series, ascending: the split of greatest energy distance (e-divisive, Matteson and James 2014), accepted when
 * a t test of the two sides finds so small a chance, then within each side again. O(n^2) a split.
 */
export function changePoints(values: readonly number[], most = 0.001): ChangePoint[] {
  const found: { at: number; chance: number }[] = []
  const split = (from: number, to: number): void => {
    const at = bestSplit(values, from, to)
    if (at === null) return
    const chance = chanceOfOneMean(moments(values.slice(from, at)), moments(values.slice(at, to)))
    if (chance > most) return
    found.push({ at, chance })
    split(from, at)
    split(at, to)
  }
  split(0, values.length)
  found.sort((a, b) => a.at - b.at)
  const mean = (from: number, to: number) => moments(values.slice(from, to)).mean
  return found.map(({ at, chance }, i) => ({
    at,
    before: mean(found[i - 1]?.at ?? 0, at),
    after: mean(at, found[i + 1]?.at ?? values.length),
    chance,
  }))
}

/** Where 2 E|X-Y| - E|X-X'| - E|Y-Y'| times n m / (n + m) is greatest; null when there are too few. */
function bestSplit(values: readonly number[], from: number, to: number): number | null {
  const n = to - from
  if (n < 2 * leastStretch) return null
  const distance = (i: number, j: number) => Math.abs(values[i]! - values[j]!)
  // Sums of distances within the left, within the right, and between the two, as one value after the other changes sides.
  let within = 0
  let right = 0
  let between = 0
  for (let i = from; i < to; i++) for (let j = i + 1; j < to; j++) right += distance(i, j)
  let best: number | null = null
  let most = -Infinity
  for (let at = from; at < to - 1; at++) {
    let toLeft = 0
    let toRight = 0
    for (let j = from; j < at; j++) toLeft += distance(at, j)
    for (let j = at + 1; j < to; j++) toRight += distance(at, j)
    within += toLeft
    right -= toRight
    between += toRight - toLeft
    const a = at + 1 - from
    const b = n - a
    if (a < leastStretch || b < leastStretch) continue
    const pairs = (count: number) => (count * (count - 1)) / 2
    const energy = (2 * between) / (a * b) - within / pairs(a) - right / pairs(b)
    const size = (a * b * energy) / (a + b)
    if (size > most) [most, best] = [size, at + 1]
  }
  return best
}

type Moments = ReturnType<typeof moments>

/** Student's test, of one variance. */
function chanceOfOneMean(a: Moments, b: Moments): number {
  const freedom = a.n + b.n - 2
  const variance = (a.squares + b.squares) / freedom
  if (a.mean === b.mean) return 1
  return variance === 0 ? 0 : studentBeyond((b.mean - a.mean) / Math.sqrt(variance * (1 / a.n + 1 / b.n)), freedom)
}

function moments(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { n: values.length, mean, squares: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) }
}

/** The chance of a Student t of so many degrees of freedom to lie further from 0: the regularised incomplete beta function. */
export function studentBeyond(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
}

/** I_x(a, b) by its continued fraction (Lentz). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const tiny = 1e-300
  let c = 1
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / guard(1 + even * d)
    c = guard(1 + even / c)
    fraction *= c * d
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / guard(1 + odd * d)
    c = guard(1 + odd / c)
    const change = c * d
    fraction *= change
    if (Math.abs(change - 1) < 1e-12) break
  }
  return (Math.exp(a * Math.log(x) + b * Math.log(1 - x) - logBeta(a, b)) * fraction) / a

  function guard(value: number): number {
    return Math.abs(value) < tiny ? tiny : value
  }
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b)

/** Stirling's series above 7, shifted there from below; error under 1e-10. */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  for (; z < 7; z++) shift -= Math.log(z)
  const inverse = 1 / (z * z)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series
}
