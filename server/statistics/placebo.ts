/**
 * How unusual a shift is (algorithms.md sections 8.1 and 8.2): the same comparison at times when nothing is known to have happened
 * tells how much it wavers by itself. Of one series there are too few such times to find a small chance; series of a family are
 * standardised and pooled.
 */
import { median } from './shift.ts'

/** Makes the deviation of a normal distribution of the median of absolute deviations. */
const madToSigma = 1.4826

/** Where the placebos of a series lie, and how far from there. */
export interface Wavering {
  readonly middle: number
  readonly deviation: number
}

/**
 * null when they are fewer than two, or all the same, so that nothing can be said of how it wavers. @param least a deviation is no smaller: what
 * is measured in steps wavers by them.
 */
export function waveringOf(placebos: readonly number[], least = 0): Wavering | null {
  if (placebos.length < 2) return null
  const middle = median(Float64Array.from(placebos))
  const deviations = Float64Array.from(placebos, (placebo) => Math.abs(placebo - middle))
  const deviation = Math.max(least, madToSigma * median(deviations))
  return deviation > 0 ? { middle, deviation } : null
}

/** How many of the deviations of its own placebos a shift lies above their median; null where they say nothing. */
export function standardised(shift: number, placebos: readonly number[], least = 0): number | null {
  const own = waveringOf(placebos, least)
  return own && (shift - own.middle) / own.deviation
}

/**
 * Every placebo against the others of its series, for the pool of its family: as a shift is, which is none of its own placebos.
 * (Against all, itself among them, the pool's tail is too thin: of 39 placebos a series, a fifth of what was then found was false.)
 * O(n log n): without one of them the median is one of at most three values, for each of which the deviations are sorted once.
 */
export function standardisedAll(placebos: readonly number[], least = 0): number[] {
  if (placebos.length < 3) return []
  const ascending = Float64Array.from(placebos).sort()
  const around = new Map<number, Float64Array>()
  const found: number[] = []
  for (const placebo of placebos) {
    const middle = medianWithout(ascending, placebo)
    let deviations = around.get(middle)
    if (!deviations) around.set(middle, (deviations = ascending.map((one) => Math.abs(one - middle)).sort()))
    const deviation = Math.max(least, madToSigma * medianWithout(deviations, Math.abs(placebo - middle)))
    if (deviation > 0) found.push((placebo - middle) / deviation)
  }
  return found
}

/** Of ascending values without one `value` among them. */
function medianWithout(ascending: Float64Array, value: number): number {
  const place = firstAtLeast(ascending, value)
  const n = ascending.length - 1
  const upper = n >> 1
  const above = ascending[upper < place ? upper : upper + 1]!
  return n % 2 === 1 ? above : (ascending[upper - 1 < place ? upper - 1 : upper]! + above) / 2
}

function firstAtLeast(ascending: Float64Array, value: number): number {
  let lo = 0
  let hi = ascending.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (ascending[middle]! < value) lo = middle + 1
    else hi = middle
  }
  return lo
}

/** The chance of a value as large among those of the pool: never 0. @param pool ascending. */
export function chanceInPool(z: number, pool: Float64Array): number {
  return (1 + pool.length - firstAtLeast(pool, z)) / (1 + pool.length)
}

/** So much of a pool is its tail. */
const tailShare = 0.01
/** Deviations by which the highest hundredth of a normal distribution lies above its least, in the mean: no tail is taken for shorter. */
const leastExcess = 0.34

/**
 * The same with the tail of the pool, its highest hundredth, taken for exponential: what lies beyond all placebos there are is told apart too. What
 * was wrong with some of them makes it longer, so that less is believed. @param pool ascending.
 */
export function chanceInTail(z: number, pool: Float64Array): number {
  const size = Math.ceil(pool.length * tailShare)
  const from = pool.length - size
  const edge = pool[from]
  if (edge === undefined || z <= edge || size < 10) return chanceInPool(z, pool)
  let excess = 0
  for (let i = from; i < pool.length; i++) excess += pool[i]! - edge
  return ((1 + size) / (1 + pool.length)) * Math.exp(-(z - edge) / Math.max(leastExcess, excess / size))
}
