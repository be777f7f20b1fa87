/** Where the points of the difference chart lie: quantiles by their odds, differences on a scale that is linear about 0 and logarithmic beyond. */
import { nsOf, unitOf, type Unit } from '../format/duration.ts'

export interface ChartPoint {
  readonly q: number
  readonly diffNs: number
  readonly loNs: number
  readonly hiNs: number
  readonly distinguishable: boolean
}

export interface ChartScale {
  readonly unit: Unit
  /** Differences with a line, ns, ascending. */
  readonly ticks: readonly number[]
  /** 0 at the left, 1 at the right. */
  x(q: number): number
  /** 0 at the top, 1 at the bottom. */
  y(ns: number): number
}

const odds = (q: number) => Math.log(q / (1 - q))

/** @param points at least one. */
export function scaleOf(points: readonly ChartPoint[]): ChartScale {
  const values = points.flatMap(({ diffNs, loNs, hiNs }) => [diffNs, loNs, hiNs])
  const size = Math.max(1, ...values.map(Math.abs))
  const unit = unitOf(size)
  // A power of ten of the unit, two decades below the largest: what is smaller is as good as nothing here.
  const knee = nsOf[unit] * 10 ** (Math.floor(Math.log10(size / nsOf[unit])) - 1)
  const bent = (ns: number) => Math.asinh(ns / knee)
  const [lo, hi] = [Math.min(0, ...values.map(bent)), Math.max(0, ...values.map(bent))]
  const room = 0.08 * Math.max(hi - lo, 1e-9)
  const [bottom, top] = [lo - room, hi + room]
  const [left, right] = [odds(points[0]!.q), odds(points.at(-1)!.q)]
  const steps = [1, 3, 10, 30, 100].map((factor) => factor * knee)
  return {
    unit,
    ticks: [...steps.map((step) => -step).reverse(), 0, ...steps].filter((ns) => {
      const at = bent(ns)
      return at >= bottom && at <= top
    }),
    x: (q) => (right > left ? (odds(q) - left) / (right - left) : 0.5),
    y: (ns) => 1 - (bent(ns) - bottom) / (top - bottom),
  }
}
