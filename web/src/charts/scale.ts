/** The value axis of a chart, in ns: its ends, its marks and what stands beside them. */
import { inUnit, nsOf, unitOf, type Unit } from '../format/duration.ts'
import { linearTicks, logTicks } from './ticks.ts'

export type ScaleKind = 'log' | 'linear'

export interface Scale {
  readonly kind: ScaleKind
  readonly lo: number
  readonly hi: number
  readonly ticks: readonly number[]
  readonly unit: Unit
}

/** A line that hardly moves is not blown up to look as if it did. */
const leastRatio = 4

/** Linear begins at 0; log covers the positive values, what is not positive lies on its lower edge. */
export function scaleOf(kind: ScaleKind, values: Iterable<number | null>): Scale {
  let [least, most] = [Infinity, 0]
  for (const value of values) {
    if (value === null || value <= 0) continue
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  if (most === 0) return { kind, lo: kind === 'log' ? 1e6 : 0, hi: 1e7, ticks: [1e6, 1e7], unit: 'ms' }
  if (kind === 'linear') {
    const hi = most * 1.08
    const unit = unitOf(most)
    return { kind, lo: 0, hi, ticks: ticksIn(unit, (size) => linearTicks(hi / size)), unit }
  }
  const widen = Math.max(1, Math.sqrt(leastRatio / (most / least)))
  const [lo, hi] = [least / widen / 1.2, most * widen * 1.2]
  const unit = unitOf(most)
  return { kind, lo, hi, ticks: ticksIn(unit, (size) => logTicks(lo / size, hi / size)), unit }
}

/** Round in the unit that is shown: 120 s read as 2 min. */
function ticksIn(unit: Unit, ticks: (unitNs: number) => number[]): number[] {
  return ticks(nsOf[unit]).map((tick) => tick * nsOf[unit])
}

/** `0.5`, `20`: round numbers need no decimals to line up. */
export function tickText(ns: number, unit: Unit): string {
  const value = Number((ns / nsOf[unit]).toPrecision(3))
  return value >= 1_000 ? inUnit(ns, unit) : String(value)
}

/** The value at a height of the plot: the inverse of `heightOf`. */
export function valueAtHeight({ kind, lo, hi }: Scale, height: number): number {
  return kind === 'linear' ? height * hi : lo * (hi / lo) ** height
}

/** 0 at the lower edge of the plot, 1 at the upper. */
export function heightOf({ kind, lo, hi }: Scale, ns: number): number {
  if (kind === 'linear') return ns / hi
  return Math.log(Math.max(ns, lo) / lo) / Math.log(hi / lo)
}
