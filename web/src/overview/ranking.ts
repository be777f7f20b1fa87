import type { Worst } from '../../../server/api/contract-measurements.ts'
import { figureOfQuantile, withMedian, type Figure, type Quantile } from '../format/figure.ts'

/** The longest first; those that may not state the quantile come last, by their median. */
export function ranked(items: readonly Worst[], quantile: Quantile): Worst[] {
  const key = `${quantile}Ns` as const
  const order = (ns: number | null) => ns ?? -Infinity
  return [...items].sort((a, b) => compare(order(b[key]), order(a[key])) || compare(order(b.p50Ns), order(a.p50Ns)))
}

/** -Infinity minus itself is not 0. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b
}

/** As of a distribution: a quantile refused for what is not known says how much is. */
export function rankedFigure(item: Worst, quantile: Quantile): Figure {
  const { n, fidelity, reasons, coverage } = item
  const figure = figureOfQuantile(quantile, item[`${quantile}Ns`], n, fidelity, reasons)
  if (figure.ns === null) return figure.needed === undefined && n > 0 ? { ...figure, known: coverage } : figure
  return withMedian(figure, quantile, item)
}
