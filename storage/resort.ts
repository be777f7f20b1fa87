import { connect, type ClickHouse } from './clickhouse.ts'

/** A statement of migrations that ClickHouse does not have: it gives a sort key to new tables only, and lets one grow at its end. */
export interface Resort {
  readonly table: string
  /** Without its parentheses, as `system.tables` has it. */
  readonly key: string
  /** Rows of a granule; undefined: as before. */
  readonly granularity?: number
}

/** @returns what `RESORT TABLE <table> ORDER BY (<key>) [GRANULARITY <rows>]` asks for; undefined for any other statement. */
export function resortOf(statement: string): Resort | undefined {
  const [, table, key, granularity] =
    /^RESORT TABLE (\w+) ORDER BY \((.+)\)(?: GRANULARITY (\d+))?$/.exec(statement.replace(/^\s*--.*$/gm, '').trim()) ??
    []
  if (table === undefined || key === undefined) return undefined
  return { table, key, ...(granularity !== undefined && { granularity: Number(granularity) }) }
}

/** Of one statement: to copy a day's facts takes minutes where there are billions. */
export const timeoutMs = 3 * 3_600_000

/**
 * Gives a MergeTree table another sort key and leaves all else of it as it is: copies its rows, one partition after the other, into a
 * new table, which then takes its place. Run again after it was interrupted it begins anew, or finishes. What is written to the table
 * meanwhile may be lost. @throws ClickHouseError, the table being as before; AbortSignal's reason between two partitions.
 */
export async function resort(url: string, { table, key, granularity }: Resort, stop: AbortSignal): Promise<void> {
  const clickhouse = connect(url, { timeoutMs })
  const copy = `${table}_resorted`
  try {
    const { ddl, sortingKey, primaryKey } = await definitionOf(clickhouse, table)
    if (sortingKey !== key) {
      // A primary key of its own is what the sort key was before it grew at its end: it becomes the whole new one.
      const created = ddl
        .replace(/^CREATE TABLE \S+/, `CREATE TABLE ${copy}`)
        .replace(`PRIMARY KEY (${primaryKey}) `, '')
        .replace(`ORDER BY (${sortingKey})`, `ORDER BY (${key})`)
        .replace(/index_granularity = \d+/, (as) => (granularity ? `index_granularity = ${granularity}` : as))
      await clickhouse.command(`DROP TABLE IF EXISTS ${copy} SYNC`)
      await clickhouse.command(created)
      for (const partition of await partitionsOf(clickhouse, table)) {
        stop.throwIfAborted()
        await clickhouse.command(
          `INSERT INTO ${copy} SELECT * FROM ${table} WHERE _partition_id = {partition:String}`,
          {
            partition,
          },
        )
      }
      stop.throwIfAborted()
      await clickhouse.command(`EXCHANGE TABLES ${copy} AND ${table}`)
    }
    await clickhouse.command(`DROP TABLE IF EXISTS ${copy} SYNC`)
  } finally {
    await clickhouse.close()
  }
}

async function definitionOf(clickhouse: ClickHouse, table: string) {
  const [found] = await clickhouse.query<{ ddl: string; sortingKey: string; primaryKey: string }>(
    `SELECT create_table_query AS ddl, sorting_key AS sortingKey, primary_key AS primaryKey
     FROM system.tables WHERE database = currentDatabase() AND name = {table:String}`,
    { table },
  )
  if (!found?.ddl.includes(`ORDER BY (${found.sortingKey})`)) throw new Error(`${table} has no sort key to change`)
  return found
}

async function partitionsOf(clickhouse: ClickHouse, table: string): Promise<string[]> {
  const found = await clickhouse.query<{ id: string }>(
    `SELECT DISTINCT partition_id AS id FROM system.parts
     WHERE database = currentDatabase() AND table = {table:String} AND active ORDER BY id`,
    { table },
  )
  return found.map(({ id }) => id)
}
