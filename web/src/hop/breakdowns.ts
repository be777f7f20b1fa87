/** Rows of a breakdown as figures: what was observed of few requests is not claimed. */
import type { Fidelity } from '../../../server/api/contract.ts'
import type { Breakdown, BreakdownRow } from '../../../server/api/contract-measurements.ts'
import { duration } from '../format/duration.ts'
import { figureOfQuantile, valuesNeeded, type Figure, type Quantile } from '../format/figure.ts'
import { count } from '../format/number.ts'

export const wordsOfBreakdown: Readonly<Record<Breakdown['by'], string>> = {
  route: 'Route',
  version: 'Version',
  instance: 'Instance',
  caller: 'Caller',
  callee: 'Callee',
}

/** The API sends what it saw; a row says it aloud only from as many requests as the claim table wants (algorithms.md section 6). */
export function observedFigure(quantile: Quantile, row: BreakdownRow, fidelity: Fidelity): Figure {
  const ns = row[`${quantile}Ns`]
  if (ns === null || row.n >= valuesNeeded[quantile]) return figureOfQuantile(quantile, ns, row.n, fidelity, [])
  const seen = `observed ${duration(ns)} in ${count(row.n)} requests, too few to claim`
  return figureOfQuantile(quantile, null, row.n, fidelity, [seen])
}
