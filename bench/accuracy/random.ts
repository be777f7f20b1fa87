/** Reproducible chance: the same seed gives the same requests, clocks and losses. Durations are whole microseconds. */
export interface Random {
  /** 0 to below 1. */
  share(): number
  /** Whole number from 0 to below n. */
  below(n: number): number
  /** True in such a share of calls. */
  chance(p: number): boolean
  pick<T>(from: readonly T[]): T
  /** `least` and on top of it an exponential tail of that mean, us. */
  tail(least: number, mean: number): number
  hex(digits: number): string
}

export function randomFrom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  const word = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return Math.imul(state, 0x2545f491) >>> 0
  }
  const share = () => word() / 2 ** 32
  const below = (n: number) => Math.floor(share() * n)
  return {
    share,
    below,
    chance: (p) => share() < p,
    pick: (from) => from[below(from.length)]!,
    tail: (least, mean) => Math.round(least - mean * Math.log(1 - share())),
    hex: (digits) => Array.from({ length: digits }, () => below(16).toString(16)).join(''),
  }
}
