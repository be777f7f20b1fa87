import type { Accuracy, AccuracyRow, AccuracySource } from '../../../server/api/contract-accuracy.ts'

/** Rows of one table. */
export function shownRows(
  { rows }: Pick<Accuracy, 'rows'>,
  source: AccuracySource,
  measure: AccuracyRow['measure'],
): AccuracyRow[] {
  return rows.filter((row) => row.source === source && row.measure === measure)
}

/** A share as `99.7 %`, rounded down: 100 % is all of them. */
export function downTo(share: number): string {
  const tenths = Math.floor(share * 1000 + 1e-9) / 10
  return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)}\u202f%`
}
