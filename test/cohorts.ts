import type { CohortRow } from '../server/statistics/cohort.ts'
import type { Chance } from './chance.ts'
import { histogramOf } from '../server/statistics/histogram.ts'

/** Generated cohorts of known difference: minutes that waver together, strata of different speed. */
export interface MadeCohort {
  readonly minutes: number
  /** Requests a minute. */
  readonly rate: number
  /** Share of each stratum; the next one is slower by three of the first. */
  readonly mix: readonly number[]
  /** What the slowness of all is multiplied by. */
  readonly ratio: number
  /** Deviation of the logarithm of a minute's level, AR(1) with phi 0.7. */
  readonly noise: number
}

export function madeCohort({ minutes, rate, mix, ratio, noise }: MadeCohort, { next, normal }: Chance): CohortRow[] {
  let level = noise * normal()
  return Array.from({ length: minutes }, (_, minute) => {
    level = 0.7 * level + noise * Math.sqrt(1 - 0.49) * normal()
    return mix.map((share, stratum) => {
      const n = Math.round(rate * share * (0.8 + 0.4 * next()))
      const value = () => Math.round(1e6 * (1 + 3 * stratum) * ratio * Math.exp(level + 0.5 * normal()))
      return { stratum: `s${stratum}`, minute, histogram: histogramOf(Array.from({ length: n }, value)) }
    })
  }).flat()
}
