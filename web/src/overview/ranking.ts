import type { Worst } from '../../../server/api/contract-measurements.ts'
import { figureOfQuantile, type Figure } from '../format/figure.ts'

export const rankQuantiles = ['p99', 'p95', 'p50'] as const
export type RankQuantile = (typeof rankQuantiles)[number]

/** The longest first; those that may not state the quantile come last, by their median. */
export function ranked(items: readonly Worst[], quantile: RankQuantile): Worst[] {
  const key = `${quantile}Ns` as const
  const order = (ns: number | null) => ns ?? -Infinity
  return [...items].sort((a, b) => compare(order(b[key]), order(a[key])) || compare(order(b.p50Ns), order(a.p50Ns)))
}

/** -Infinity minus itself is not 0. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b
}

/** The first quantile that anything states, so that a quiet installation does not open on a column of refusals. */
export function statedQuantile(items: readonly Worst[]): RankQuantile {
  return rankQuantiles.find((quantile) => items.some((item) => item[`${quantile}Ns`] !== null)) ?? 'p99'
}

/** As of a distribution: a quantile refused for what is not known says how much is. */
export function rankedFigure(item: Worst, quantile: RankQuantile): Figure {
  const { n, fidelity, reasons, coverage } = item
  const figure = figureOfQuantile(quantile, item[`${quantile}Ns`], n, fidelity, reasons)
  return figure.ns === null && figure.needed === undefined && n > 0 ? { ...figure, known: coverage } : figure
}
