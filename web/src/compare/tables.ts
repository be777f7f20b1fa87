/** Compare as files. */
import type { Comparison } from '../../../server/api/contract-compare.ts'
import type { Table } from '../hop/tables.ts'
import { quantileName, strataName } from './words.ts'

export function comparisonTable({ adjusted, quantiles = [], measure }: Comparison): Table {
  const rows = (as: string, some: NonNullable<Comparison['quantiles']>) =>
    some.map(({ q, aNs, bNs, diffNs, loNs, hiNs, distinguishable, reasons }) => [
      ...[as, quantileName(q), aNs, bNs, diffNs, loNs, hiNs],
      diffNs === null ? reasons.join(' ') : distinguishable ? 'distinguishable' : 'not distinguishable',
    ])
  return {
    name: `${measure} by quantile`,
    head: ['as', 'quantile', 'a ns', 'b ns', 'b - a ns', 'lo ns', 'hi ns', 'verdict'],
    rows: [...rows('like for like', adjusted?.quantiles ?? []), ...rows('as measured', quantiles)],
  }
}

export const strataTable = ({ strata }: Comparison): Table => ({
  name: 'kinds of request',
  head: ['kind', 'n a', 'n b', 'p50 a ns', 'p50 b ns', 'b / a', 'lo', 'hi'],
  rows: strata.map(({ keys, n, p50, shift }) => [
    ...[strataName(keys), n.a, n.b, p50.aNs, p50.bNs],
    ...[shift?.ratio ?? null, shift?.lo ?? null, shift?.hi ?? null],
  ]),
})
