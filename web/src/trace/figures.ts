/** Figures of one trace: one unit for all of them, and so many decimals that what is printed adds up. */
import { exactly } from '../format/duration.ts'

export interface Precision {
  readonly unit: 'µs' | 'ms'
  readonly decimals: number
}

/** For columns: to the microsecond, so that a proxy's share of a long trace does not read 0. */
export function columnPrecision(longestNs: number): Precision {
  return longestNs < 1e6 ? { unit: 'µs', decimals: 1 } : { unit: 'ms', decimals: 3 }
}

/** For sums: to the nanosecond, unless all of the figures are whole microseconds. */
export function exactPrecision(longestNs: number, figures: Iterable<number>): Precision {
  if (longestNs < 1e6) return { unit: 'µs', decimals: 3 }
  for (const ns of figures) if (ns % 1_000 !== 0) return { unit: 'ms', decimals: 6 }
  return { unit: 'ms', decimals: 3 }
}

/** `26.237` and `581`: what lies below a microsecond stands apart, so that it can be shown paler. */
export function exactText(ns: number, { unit, decimals }: Precision): readonly [text: string, fine: string] {
  const text = exactly(ns, unit, decimals)
  return decimals === 6 ? [text.slice(0, -3), text.slice(-3)] : [text, '']
}

/** Labels of an axis: no more decimals than its step has. */
export function tickText(ns: number, stepNs: number, unit: 'µs' | 'ms'): string {
  const step = stepNs / (unit === 'ms' ? 1e6 : 1e3)
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)))
  const needed = Number.isInteger(Number((step * 10 ** decimals).toFixed(6))) ? decimals : decimals + 1
  return exactly(ns, unit, needed)
}
