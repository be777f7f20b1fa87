import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { DictionaryRows } from '../wire/interner.ts'
import { finishBlock } from '../wire/span-block.ts'
import { rowsOf, type Batch } from './batch.ts'

/** A batch as the bytes of its INSERTs: what a retry sends again unchanged. */
export interface SealedBatch {
  readonly id: bigint
  readonly rows: number
  readonly dictionaries: readonly { table: string; bytes: Uint8Array }[]
  readonly spans: Uint8Array
  readonly mark: Uint8Array
}

const dictionaryTables = ['resources', 'scopes', 'attrsets'] as const satisfies (keyof DictionaryRows)[]

export function seal(batch: Batch, id: bigint, collector: string, nowMs: number): SealedBatch {
  const receivedAt = Math.floor(nowMs / 1000)
  const rows = rowsOf(batch)
  const mark = nativeBlock([
    ['batch', 'UInt64'],
    ['collector', 'LowCardinality(String)'],
    ['spans', 'UInt32'],
    ['first_start', "DateTime64(9, 'UTC')"],
    ['last_start', "DateTime64(9, 'UTC')"],
    ['received_at', "DateTime('UTC')"],
  ])
  const { firstStart, lastStart } = batch
  mark.push({
    batch: id,
    collector,
    spans: rows,
    first_start: firstStart,
    last_start: lastStart,
    received_at: receivedAt,
  })
  return {
    id,
    rows,
    dictionaries: dictionaryTables
      .filter((table) => batch.dictionaries[table].rows > 0)
      .map((table) => ({ table, bytes: batch.dictionaries[table].toBytes() })),
    spans: finishBlock(batch.spans, id, receivedAt),
    mark: mark.toBytes(),
  }
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

/** Resources, scopes and attribute sets first: no span may name one that is not there. */
export async function storeDictionaries(clickhouse: ClickHouse, batch: SealedBatch): Promise<void> {
  await Promise.all(
    batch.dictionaries.map(({ table, bytes }) =>
      persist(() => clickhouse.insertNative(table, [bytes], { token: `${batch.id}-${table}` })),
    ),
  )
}

/** The spans, then the row in `batches` that makes them count (docs/adr/0002). */
export async function storeSpans(clickhouse: ClickHouse, batch: SealedBatch): Promise<void> {
  const settings = oneBlock
  await persist(() => clickhouse.insertNative(`spans (${columns})`, [batch.spans], { token: `${batch.id}`, settings }))
  const mark = 'batches (batch, collector, spans, first_start, last_start, received_at)'
  await persist(() => clickhouse.insertNative(mark, [batch.mark], { token: `${batch.id}`, settings }))
}

/** How long an INSERT is tried again before the exporters are told to: an embedded engine restarts within it. */
const persistMs = 6_000

/**
 * Repeats an INSERT under its token until it succeeds. When it gives up, the rows may or may not be in ClickHouse: an
 * exporter that sends them again may double what was never acknowledged.
 */
async function persist(insert: () => Promise<void>): Promise<void> {
  const end = performance.now() + persistMs
  for (let waitMs = 50; ; waitMs = Math.min(1000, waitMs * 2)) {
    try {
      return await insert()
    } catch (error) {
      if (performance.now() + waitMs > end) throw error
      await sleep(waitMs)
    }
  }
}
