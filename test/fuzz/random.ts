/** Random choices that a seed repeats exactly. */
export interface Random {
  /** 0 … n - 1. */
  int(n: number): number
  /** True once in n times. */
  oneIn(n: number): boolean
  pick<T>(choices: readonly T[]): T
  bytes(n: number): Buffer
}

/** mulberry32. @param seed and further numbers that tell one stream from the others. */
export function newRandom(...seed: number[]): Random {
  let state = 0x9e3779b9
  for (const part of seed) state = Math.imul(state ^ part ^ Math.floor(part / 2 ** 32), 0x85ebca6b) ^ (state >>> 13)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const int = (n: number): number => next() % n
  return {
    int,
    oneIn: (n) => int(n) === 0,
    pick: (choices) => choices[int(choices.length)]!,
    bytes: (n) => Buffer.from(Array.from({ length: n }, () => int(256))),
  }
}
