import type { ClickHouse } from '../storage/clickhouse.ts'
import type { RunningHopscope } from '../test/harness.ts'
import { send, until } from './sending.ts'

/** Puts so many spans that a collector received into a table `received` of their own. */
export async function receive(hopscope: RunningHopscope, clickhouse: ClickHouse, spans: number): Promise<void> {
  const load = { protocol: 'http', gzip: false, connections: 16, requestSpans: 2000, rate: 40_000 }
  await send(hopscope, load, Math.ceil((1.2 * spans) / load.rate))
  const stored = async () => Number((await clickhouse.query<{ n: string }>('SELECT count() AS n FROM spans'))[0]!.n)
  await until('storing', async () => (await stored()) >= spans)
  await clickhouse.command('CREATE TABLE received AS spans')
  await clickhouse.command(`INSERT INTO received SELECT * FROM spans LIMIT ${spans}`)
  await clickhouse.command('TRUNCATE TABLE spans')
}

/** Inserts `received` as a batch that was closed then (Unix ms), as one part: with trace ids of this copy, and starts in the second after. */
export async function insertCopy(clickhouse: ClickHouse, table: string, copy: number, closedMs: number): Promise<void> {
  await clickhouse.command(
    `INSERT INTO ${table} SELECT * REPLACE (
       toFixedString(MD5(concat(trace_id, toString(${copy}))), 16) AS trace_id,
       fromUnixTimestamp64Nano(
         ${closedMs}000000 + cityHash64(trace_id) % 500000000 + toUnixTimestamp64Nano(start) % 1000000000, 'UTC') AS start,
       ${BigInt(closedMs) << 21n} AS batch)
     FROM received`,
    {},
    { settings: { max_threads: 1, max_block_size: '10000000', min_insert_block_size_rows: '1000000000' } },
  )
}
