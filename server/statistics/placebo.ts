/**
 * How unusual a shift is (algorithms.md sections 8.1 and 8.2): the same comparison at times when nothing is known to have happened
 * tells how much it wavers by itself. Of one series there are too few such times to find a small chance; series of a family are
 * standardised and pooled.
 */
import { median } from './shift.ts'

/** Makes the deviation of a normal distribution of the median of absolute deviations. */
const madToSigma = 1.4826

/**
 * How many of the deviations of its own placebos a shift lies above their median; null when they are fewer than two, or all the
 * same, so that nothing can be said of how it wavers.
 */
export function standardised(shift: number, placebos: readonly number[]): number | null {
  const spread = spreadOf(placebos)
  return spread && (shift - spread.middle) / spread.deviation
}

/**
 * Every placebo against the others of its series, for the pool of its family: as a shift is, which is none of its own placebos.
 * (Against all, itself among them, the pool's tail is too thin: of 39 placebos a series, a fifth of what was then found was false.)
 * O(n^2).
 */
export function standardisedAll(placebos: readonly number[]): number[] {
  const found: number[] = []
  for (let i = 0; i < placebos.length; i++) {
    const z = standardised(placebos[i]!, [...placebos.slice(0, i), ...placebos.slice(i + 1)])
    if (z !== null) found.push(z)
  }
  return found
}

function spreadOf(placebos: readonly number[]): { middle: number; deviation: number } | null {
  if (placebos.length < 2) return null
  const middle = median(Float64Array.from(placebos))
  const deviation = madToSigma * median(Float64Array.from(placebos, (placebo) => Math.abs(placebo - middle)))
  return deviation > 0 ? { middle, deviation } : null
}

/** The chance of a value as large among those of the pool: never 0. @param pool ascending. */
export function chanceInPool(z: number, pool: Float64Array): number {
  let lo = 0
  let hi = pool.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (pool[middle]! < z) lo = middle + 1
    else hi = middle
  }
  return (1 + pool.length - lo) / (1 + pool.length)
}
