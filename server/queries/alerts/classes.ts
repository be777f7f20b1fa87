import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import { hexOf, unsignedOf } from '../rollup-window.ts'

const classesSql = loadSql(import.meta.url, 'classes.sql')

interface Row {
  id: string
  metric: string
  since: number
  total: number
  n: number
}

/** By route: how many ns a request more each class of segments takes since an instant than before it; they add up to the whole. */
export async function readClassChanges(
  clickhouse: ClickHouse,
  asked: { ids: readonly string[]; fromMs: number; splitMs: number; toMs: number },
): Promise<Map<string, { segment: string; ns: number }[]>> {
  const { ids, ...window } = asked
  if (ids.length === 0) return new Map()
  const rows = await clickhouse.query<Row>(classesSql, { ...window, ids: ids.map(unsignedOf) })
  const found = new Map<string, { segment: string; ns: number }[]>()
  for (const id of new Set(rows.map((row) => row.id))) {
    const own = rows.filter((row) => row.id === id)
    const requests = (since: number) =>
      own.reduce((sum, row) => sum + (row.metric === 'endToEnd' && row.since === since ? row.n : 0), 0)
    const [before, after] = [requests(0), requests(1)]
    if (before === 0 || after === 0) continue
    const mean = (metric: string, since: number) =>
      (own.find((row) => row.metric === metric && row.since === since)?.total ?? 0) / (since ? after : before)
    const classes = [...new Set(own.map(({ metric }) => metric))].filter((metric) => metric !== 'endToEnd')
    found.set(
      hexOf(id),
      classes.map((metric) => ({ segment: metric.slice('class:'.length), ns: mean(metric, 1) - mean(metric, 0) })),
    )
  }
  return found
}
