/** Reproducible chance for made traffic: the same seed, the same numbers (xorshift32). */
export interface Chance {
  /** From 0 to below 1. */
  next(): number
  /** Of mean 0 and deviation 1. */
  normal(): number
}

export function chance(seed: number): Chance {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  return { next, normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()) }
}
