/** What a chart shows, and how the three percentiles look everywhere: all in ink, told apart by their dashes. */
import type { Steps } from './steps.ts'
import type { Token } from './plot.ts'

export interface Line {
  readonly name: string
  /** ns for each step; null: none, or too few to say. */
  readonly values: readonly (number | null)[]
  readonly look: 'solid' | 'dashed' | 'dotted'
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
