import { connect } from './clickhouse.ts'

/** Seconds that rows of a table are kept, counted from the column that its TTL names. */
export interface TableRetention {
  readonly table: string
  readonly column: string
  readonly seconds: number
}

/** Brings the TTLs of tables to what is configured; tables that have it already are left alone. */
export async function applyRetention(url: string, tables: readonly TableRetention[]): Promise<void> {
  const clickhouse = connect(url)
  try {
    const created = await clickhouse.query<{ name: string; ddl: string }>(
      'SELECT name, create_table_query AS ddl FROM system.tables WHERE database = currentDatabase()',
    )
    const ddl = new Map(created.map((row) => [row.name, row.ddl]))
    for (const { table, column, seconds } of tables) {
      const [, ttl = ''] = /\bTTL (.*?)(?: SETTINGS |$)/s.exec(ddl.get(table) ?? '') ?? []
      if (ttlSeconds(ttl) === seconds) continue
      // materialize_ttl_after_modify=0: old parts get the new TTL at their next merge instead of being rewritten now.
      await clickhouse.command(
        `ALTER TABLE ${table} MODIFY TTL ${column} + INTERVAL ${seconds} SECOND`,
        {},
        { settings: { materialize_ttl_after_modify: 0 } },
      )
    }
  } finally {
    await clickhouse.close()
  }
}

const unitSeconds: Record<string, number> = { Second: 1, Minute: 60, Hour: 3600, Day: 86_400 }

/** ClickHouse writes `INTERVAL 7 DAY` back as `toIntervalDay(7)`. */
function ttlSeconds(ttl: string): number | undefined {
  const [, unit = '', n] = /toInterval(Second|Minute|Hour|Day)\((\d+)\)/.exec(ttl) ?? []
  return n === undefined ? undefined : Number(n) * unitSeconds[unit]!
}
