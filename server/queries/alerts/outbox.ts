import type { ClickHouse, QueryOptions } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'

const outboxSql = loadSql(import.meta.url, 'outbox.sql')

export interface Outstanding {
  readonly state: 'waiting' | 'dead'
  /** Id of the target. */
  readonly target: string
  readonly n: number
  /** Unix ms. When the oldest was asked for, or given up. */
  readonly oldestMs: number
}

/** What waits to be sent, and what was given up in 90 days. */
export async function readOutstanding(clickhouse: ClickHouse, options: QueryOptions = {}): Promise<Outstanding[]> {
  const rows = await clickhouse.query<{ state: 'waiting' | 'dead'; target: string; n: string; oldestMs: string }>(
    outboxSql,
    {},
    options,
  )
  return rows.map(({ n, oldestMs, ...row }) => ({ ...row, n: Number(n), oldestMs: Number(oldestMs) }))
}
