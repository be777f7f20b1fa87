import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import { IdTable } from '../id-table.ts'
import { readNative } from '../native-reader.ts'

export interface CommittedBatch {
  /** UInt64 as decimal digits. */
  readonly batch: string
  readonly spans: number
  /** Unix ms on ClickHouse's clock. */
  readonly committedMs: number
  /** Unix seconds. */
  readonly receivedAt: number
  /** Where its spans lie: minutes of the sort order, Unix seconds. */
  readonly firstMinute: number
  readonly lastMinute: number
}

/** The rows that one batch has of one trace. */
export interface TraceOfBatch {
  /** Its place among the batches that were asked about. */
  readonly batch: number
  /** Of the batch: Unix ms on ClickHouse's clock. */
  readonly committedMs: number
  /** Of the batch: when it was closed, Unix ms of its collector. */
  readonly closedMs: number
  /** 32 hex digits. */
  readonly traceId: string
  readonly rows: number
  readonly firstMinute: number
  readonly lastMinute: number
  /** Unix ms of its earliest start. */
  readonly firstStartMs: number
}

const batchesSinceSql = loadSql(import.meta.url, 'batches-since.sql')
const tracesOfBatchesSql = loadSql(import.meta.url, 'traces-of-batches.sql')
const clockSql = loadSql(import.meta.url, 'clock.sql')

/** Batches committed in [sinceMs, untilMs) that are not in `known`, oldest commit first. */
export async function batchesSince(
  clickhouse: ClickHouse,
  params: { sinceMs: number; untilMs: number; known: readonly string[]; limit: number },
): Promise<CommittedBatch[]> {
  const rows = await clickhouse.query<Omit<CommittedBatch, 'committedMs'> & { committedMs: string }>(batchesSinceSql, {
    ...params,
    known: params.known.map(BigInt),
  })
  return rows.map((row) => ({ ...row, committedMs: Number(row.committedMs) }))
}

/** What the batches hold, one entry a batch and trace. Their minutes and days of arrival bound what is looked through. */
export async function tracesOfBatches(
  clickhouse: ClickHouse,
  batches: readonly CommittedBatch[],
): Promise<TraceOfBatch[]> {
  const least = (of: (batch: CommittedBatch) => number) => batches.reduce((m, b) => Math.min(m, of(b)), Infinity)
  const most = (of: (batch: CommittedBatch) => number) => batches.reduce((m, b) => Math.max(m, of(b)), 0)
  const body = await clickhouse.queryBytes(
    tracesOfBatchesSql,
    {
      batches: batches.map(({ batch }) => BigInt(batch)),
      firstMinute: least((b) => b.firstMinute),
      lastMinute: most((b) => b.lastMinute),
      firstReceived: least((b) => b.receivedAt),
      lastReceived: most((b) => b.receivedAt),
    },
    { settings: { max_threads: 1 } },
  )
  const places = new IdTable<number>()
  const closedMs = batches.map(({ batch }) => Number(BigInt(batch) >> 21n))
  batches.forEach(({ batch }, place) => {
    const id = BigInt(batch)
    places.add(Number(id & 0xffff_ffffn), Number(id >> 32n), place)
  })
  const found: TraceOfBatch[] = []
  for (const block of readNative(body)) {
    const batch = block.column('batch', 'integers64')
    const ids = block.column('trace_id', 'bytes').data
    const rows = block.column('rows', 'integers')
    const firstMinute = block.column('first_minute', 'integers')
    const lastMinute = block.column('last_minute', 'integers')
    const firstStart = block.column('first_start', 'integers64')
    for (let row = 0; row < block.rows; row++) {
      const place = places.find(batch.low[row]!, batch.high[row]!)!
      found.push({
        batch: place,
        committedMs: batches[place]!.committedMs,
        closedMs: closedMs[place]!,
        traceId: ids.toString('hex', row * 16, row * 16 + 16),
        rows: rows[row]!,
        firstMinute: firstMinute[row]!,
        lastMinute: lastMinute[row]!,
        firstStartMs: (firstStart.high[row]! * 2 ** 32 + firstStart.low[row]!) / 1e6,
      })
    }
  }
  return found
}

/** Unix ms on ClickHouse's clock, the one that `committedMs` is read from. */
export async function clockMs(clickhouse: ClickHouse): Promise<number> {
  const [row] = await clickhouse.query<{ nowMs: string }>(clockSql)
  return Number(row!.nowMs)
}
