/** By how much a side is shifted from the other (Hodges and Lehmann): of strata, and of all of them. */
export interface Reading {
  readonly value: number
  readonly slack: number
}

/** A shift as it is, and of each resample. */
export interface Shifted {
  readonly now: Reading
  readonly again: readonly number[]
}

/** Each by its weight; a resample that has nothing of a stratum goes by the others. */
export function averaged(strata: readonly (Shifted | null)[], weights: readonly number[]): Shifted {
  const over = (of: (one: Shifted) => number, told: (one: Shifted) => number): number => {
    let sum = 0
    let all = 0
    strata.forEach((one, i) => {
      if (one === null || Number.isNaN(told(one))) return
      sum += weights[i]! * of(one)
      all += weights[i]!
    })
    return sum / all
  }
  const value = ({ now }: Shifted) => now.value
  const draws = strata.find((one) => one !== null)?.again ?? []
  return {
    now: { value: over(value, value), slack: over(({ now }) => now.slack, value) },
    again: draws.map((_, draw) => {
      const at = ({ again }: Shifted) => again[draw]!
      return over(at, at)
    }),
  }
}
