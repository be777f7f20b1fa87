/** 95 % of a normal distribution lie within so many deviations. */
export const normalQuantile = 1.959964

/**
 * Within so many deviations lie 95 % of Student's t of `freedom` degrees, by Cornish and Fisher's expansion about the normal one
 * (Abramowitz and Stegun 26.7.5); off by less than 0.5 % from 4 degrees on, and never asked for fewer than 3.
 */
export function studentQuantile(freedom: number): number {
  const z = normalQuantile
  const f = Math.max(3, freedom)
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ]
  return terms.reduce((sum, term, i) => sum + term / f ** (i + 1), z)
}

/** Beyond so many deviations lies `tail` of a normal distribution, on one side (Abramowitz and Stegun 26.2.23); off by less than 0.0005. 0 < tail <= 0.5 */
export function normalBeyond(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail))
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
}
