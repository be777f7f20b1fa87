/** By how much a side is shifted from the other, or some of it from all of it: the Hodges-Lehmann shift, by stratum or of all requests. */
import { pooled, smoothShift, stratumOf } from './cohort.ts'

/** Both sides of a resample: counts by stratum and bucket. */
export interface Draw {
  readonly a: Float64Array
  readonly b: Float64Array
}

export interface Reading {
  readonly value: number
  readonly slack: number
}

/** A shift as it is, and of each resample. */
export interface Shifted {
  readonly now: Reading
  readonly again: readonly number[]
}

export function shiftedBy(draws: readonly Draw[], whole: Draw, of: (counts: Float64Array) => Float64Array): Shifted {
  const now = smoothShift(of(whole.b), of(whole.a))
  return { now, again: draws.map(({ a, b }) => smoothShift(of(b), of(a), now.value).value) }
}

/** Of the strata, by their number; of those without a weight none. */
export const shiftsOfStrata = (draws: readonly Draw[], whole: Draw, width: number, weights: readonly number[]) =>
  weights.map((weight, i) => (weight > 0 ? shiftedBy(draws, whole, (counts) => stratumOf(counts, width, i)) : null))

/** Of some of a side from all of it, as {@link averaged} does: strata that are not among them count for nothing. */
export function shiftBetween(
  some: Float64Array,
  all: Float64Array,
  width: number,
  weights: readonly number[] | null,
): number {
  if (weights === null) return smoothShift(pooled(some, width), pooled(all, width), 0).value
  let [sum, among] = [0, 0]
  weights.forEach((weight, i) => {
    if (weight === 0) return
    const { value } = smoothShift(stratumOf(some, width, i), stratumOf(all, width, i), 0)
    if (Number.isNaN(value)) return
    sum += weight * value
    among += weight
  })
  return sum / among
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
