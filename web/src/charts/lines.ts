/** What a chart shows, and how percentiles look everywhere: all in ink, told apart by their dashes; in grey those of the period before. */
import { quantileName, quantilesWith, type Quantile, type Quantiles } from '../format/figure.ts'
import { msOf } from '../format/time.ts'
import { stepAt, type Steps } from './steps.ts'
import type { Token } from './plot.ts'

export interface Line {
  readonly name: string
  /** ns for each step; null: none, or too few to say. */
  readonly values: readonly (number | null)[]
  readonly look: 'solid' | 'dashed' | 'dotted' | 'dashDotted' | 'before'
  /** So many values a step has to hold before the line says anything. */
  readonly needed?: number
}

export interface Area {
  readonly name: string
  /** ns for each step. */
  readonly values: readonly (number | null)[]
  /** Left out: not filled, as what is unknown. */
  readonly fill?: Token
  readonly edge: Token
}

export const looks: Readonly<Record<Line['look'], { readonly dash: readonly number[]; readonly width: number }>> = {
  solid: { dash: [], width: 1.9 },
  dashed: { dash: [5, 3], width: 1.5 },
  dotted: { dash: [1.5, 2.5], width: 1.5 },
  // Of a percentile that is chosen besides those three.
  dashDotted: { dash: [7, 3, 1.5, 3], width: 1.6 },
  // Of the period before: grey, behind the others.
  before: { dash: [], width: 1.2 },
}

type QuantilePoint = Quantiles & { readonly startUnixNano: string }

/** A step claims a percentile from 1 / (1 - q) values on, as the API does. */
const neededInStep: Readonly<Record<Quantile, number>> = {
  ...{ p50: 2, p75: 4, p90: 10, p95: 20, p99: 100, p999: 1_000 },
  ...{ max: 1, mean: 1 },
}
const lookOf: Readonly<Partial<Record<Quantile, Line['look']>>> = { p99: 'solid', p95: 'dashed', p50: 'dotted' }

/** The highest first. @param chosen has a line besides p50, p95 and p99. */
export function quantileLines({ points }: Pick<Steps<QuantilePoint>, 'points'>, chosen: Quantile = 'p99'): Line[] {
  return quantilesWith(chosen)
    .reverse()
    .map((quantile) => ({
      name: quantileName(quantile),
      values: points.map((point) => point?.[`${quantile}Ns`] ?? null),
      look: lookOf[quantile] ?? 'dashDotted',
      needed: neededInStep[quantile],
    }))
}

/**
 * p95 and p50 of the period before, `lengthMs` earlier, over the steps of now. A step that does not fall on one of now is drawn in the
 * one that its middle lies in.
 */
export function linesBefore(points: readonly QuantilePoint[], steps: Steps<unknown>, lengthMs: number): Line[] {
  const values = (key: 'p50Ns' | 'p95Ns') => {
    const drawn: (number | null)[] = steps.times.map(() => null)
    for (const point of points) {
      const at = stepAt(steps, msOf(point.startUnixNano) + lengthMs + steps.stepMs / 2)
      if (at >= 0) drawn[at] = point[key]
    }
    return drawn
  }
  return [
    { name: 'p95 before', values: values('p95Ns'), look: 'before', needed: 20 },
    { name: 'p50 before', values: values('p50Ns'), look: 'before', needed: 2 },
  ]
}
