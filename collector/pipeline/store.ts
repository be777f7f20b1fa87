import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { SpoolRecord } from '../spool/record.ts'
import type { DictionaryRows } from '../wire/interner.ts'
import { rowsOf, type Batch } from './batch.ts'

/**
 * A batch as the bytes of its INSERTs, what a retry and the spool send again unchanged: rows of the dictionaries (`dictionaryTables`, in this
 * order; empty: none), spans, and the row in `batches`.
 */
export type SealedBatch = SpoolRecord

export const dictionaryTables = ['resources', 'scopes', 'attrsets'] as const satisfies (keyof DictionaryRows)[]
const spansAt = dictionaryTables.length
const markAt = spansAt + 1
const nothing = new Uint8Array()

export function seal(batch: Batch, id: bigint, collector: string, nowMs: number): SealedBatch {
  const receivedAt = Math.floor(nowMs / 1000)
  const rows = rowsOf(batch)
  const { firstStart, lastStart, dictionaries } = batch
  return {
    id,
    rows,
    receivedAt,
    bodies: [
      ...dictionaryTables.map((table) => (dictionaries[table].rows > 0 ? dictionaries[table].toBytes() : nothing)),
      batch.spans.finish(id, receivedAt),
      markOf({ batch: id, collector, spans: rows, firstStart, lastStart, receivedAt }),
    ],
  }
}

export const spansOf = ({ bodies }: SealedBatch): Uint8Array => bodies[spansAt]!

/** The row of a batch in `batches`. Times in Unix ns, `receivedAt` in Unix seconds. */
export interface Mark {
  batch: bigint
  collector: string
  spans: number
  firstStart: bigint
  lastStart: bigint
  receivedAt: number
}

export function markOf({ firstStart, lastStart, receivedAt, ...mark }: Mark): Uint8Array {
  const block = nativeBlock([
    ['batch', 'UInt64'],
    ['collector', 'LowCardinality(String)'],
    ['spans', 'UInt32'],
    ['first_start', "DateTime64(9, 'UTC')"],
    ['last_start', "DateTime64(9, 'UTC')"],
    ['received_at', "DateTime('UTC')"],
  ])
  block.push({ ...mark, first_start: firstStart, last_start: lastStart, received_at: receivedAt })
  return block.toBytes()
}

const columns =
  'trace_id, span_id, parent_id, start, duration, kind, status, flags, resource, scope, attrset, service, name, attrs, trace_state, status_message, ext, batch, received_at'

/** One block, one part: all rows of a batch become visible at once, and a repeated token adds none. */
const oneBlock = {
  insert_deduplicate: 1,
  max_insert_block_size: '100000000',
  min_insert_block_size_rows: '100000000',
  min_insert_block_size_bytes: '0',
  max_threads: 1,
} as const

/** One batch or several in one INSERT. Under the same token they count once however often they are sent. */
type Store = (clickhouse: ClickHouse, batches: readonly SealedBatch[], token: string) => Promise<void>

const blocksOf = (batches: readonly SealedBatch[], at: number): Uint8Array[] =>
  batches.map(({ bodies }) => bodies[at]!).filter((bytes) => bytes.length > 0)

/** Resources, scopes and attribute sets, before the spans: none may name one that is not there. */
export const storeDictionaries: Store = async (clickhouse, batches, token) => {
  const inserts = dictionaryTables.map(async (table, at) => {
    const blocks = blocksOf(batches, at)
    if (blocks.length > 0) await clickhouse.insertNative(table, blocks, { token: `${token}-${table}` })
  })
  await Promise.all(inserts)
}

/** Batches of one day of arrival (UTC): they become one part, all of it or nothing. */
export const storeSpans: Store = (clickhouse, batches, token) =>
  clickhouse.insertNative(`spans (${columns})`, blocksOf(batches, spansAt), { token, settings: oneBlock })

/** The rows in `batches` that make the spans count (docs/adr/0002). */
export const storeMarks: Store = (clickhouse, batches, token) => storeMark(clickhouse, blocksOf(batches, markAt), token)

export const storeMark = (clickhouse: ClickHouse, blocks: readonly Uint8Array[], token: string): Promise<void> =>
  clickhouse.insertNative('batches (batch, collector, spans, first_start, last_start, received_at)', blocks, {
    token,
    settings: oneBlock,
  })

/** Which of these batches ClickHouse has the spans of, and which it also has the rows in `batches` of. */
export async function findStored(clickhouse: ClickHouse, batches: readonly Pick<SealedBatch, 'id' | 'receivedAt'>[]) {
  const times = batches.map(({ receivedAt }) => receivedAt)
  const params = { ids: batches.map(({ id }) => id), from: Math.min(...times), to: Math.max(...times) }
  const [spans, marks] = await Promise.all(
    [spansStoredSql, marksStoredSql].map((sql) => clickhouse.query<{ batch: string }>(sql, params)),
  )
  const idsOf = (rows: { batch: string }[]) => new Set(rows.map(({ batch }) => BigInt(batch)))
  return { spans: idsOf(spans!), marks: idsOf(marks!) }
}

const spansStoredSql = `
SELECT DISTINCT batch FROM spans
WHERE batch IN {ids:Array(UInt64)} AND received_at BETWEEN {from:DateTime('UTC')} AND {to:DateTime('UTC')}`
// The clocks of ClickHouse and of this machine may differ, by less than a day.
const marksStoredSql = `
SELECT DISTINCT batch FROM batches
WHERE batch IN {ids:Array(UInt64)} AND committed_at >= {from:DateTime('UTC')} - INTERVAL 1 DAY`
