import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'

const settledSql = loadSql(import.meta.url, 'settled.sql')

/** Until when facts are complete, and now: Unix ms on ClickHouse's clock. While the finaliser is behind, the first stands still. */
export async function readSettled(clickhouse: ClickHouse): Promise<{ settledMs: number; nowMs: number }> {
  const [row] = await clickhouse.query<{ settledMs: string; nowMs: string }>(settledSql)
  return { settledMs: Number(row!.settledMs), nowMs: Number(row!.nowMs) }
}
