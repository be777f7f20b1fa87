/** What a chart shows, and how the three percentiles look everywhere: all in ink, told apart by their dashes; in grey those of the period before. */
import { msOf } from '../format/time.ts'
import { stepAt, type Steps } from './steps.ts'
import type { Token } from './plot.ts'

export interface Line {
  readonly name: string
  /** ns for each step; null: none, or too few to say. */
  readonly values: readonly (number | null)[]
  readonly look: 'solid' | 'dashed' | 'dotted' | 'before'
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
  // Of the period before: grey, behind the others.
  before: { dash: [], width: 1.2 },
}

interface QuantilePoint {
  readonly startUnixNano: string
  readonly p50Ns: number | null
  readonly p95Ns: number | null
  readonly p99Ns: number | null
}

/** A step claims a percentile from 1 / (1 - q) values on, as the API does. */
export function quantileLines({ points }: Pick<Steps<QuantilePoint>, 'points'>): Line[] {
  const values = (key: 'p50Ns' | 'p95Ns' | 'p99Ns') => points.map((point) => point?.[key] ?? null)
  return [
    { name: 'p99', values: values('p99Ns'), look: 'solid', needed: 100 },
    { name: 'p95', values: values('p95Ns'), look: 'dashed', needed: 20 },
    { name: 'p50', values: values('p50Ns'), look: 'dotted', needed: 2 },
  ]
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
