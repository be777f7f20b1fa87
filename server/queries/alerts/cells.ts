import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Tally } from '../../statistics/explain.ts'
import { loadSql } from '../load-sql.ts'
import { hexOf, unsignedOf } from '../rollup-window.ts'

const cellsSql = {
  proxy: loadSql(import.meta.url, 'cells-proxy.sql'),
  hop: loadSql(import.meta.url, 'cells-hop.sql'),
}

/** Requests of one proxy or hop that have all attributes in common, before an instant and since; ns. */
export interface CellRow {
  readonly series: string
  readonly attributes: Record<string, string>
  readonly before: Tally
  readonly since: Tally
}

interface Row {
  id: string
  since: number
  attributes: Record<string, string>
  n: string
  weight: number
  total: number
  squares: number
}

const none: Tally = { n: 0, weight: 0, sum: 0, squares: 0 }

/** @param one of so many traces one is looked at. */
export async function readCells(
  clickhouse: ClickHouse,
  asked: {
    kind: 'proxy' | 'hop'
    metric: string
    ids: readonly string[]
    fromMs: number
    splitMs: number
    toMs: number
    one: number
  },
): Promise<CellRow[]> {
  const { kind, ids, ...params } = asked
  if (ids.length === 0) return []
  const rows = await clickhouse.query<Row>(cellsSql[kind], { ...params, ids: ids.map(unsignedOf) })
  const cells = new Map<string, { -readonly [key in keyof CellRow]: CellRow[key] }>()
  for (const { id, since, attributes, n, weight, total, squares } of rows) {
    const series = hexOf(id)
    const key = series + JSON.stringify(attributes)
    let cell = cells.get(key)
    if (!cell) cells.set(key, (cell = { series, attributes, before: none, since: none }))
    cell[since ? 'since' : 'before'] = { n: Number(n), weight, sum: total, squares }
  }
  return [...cells.values()]
}
