import { hostname } from 'node:os'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import type { Metrics } from '../metrics.ts'
import { Interner } from '../wire/interner.ts'
import { Scanner, type ScanResult } from '../wire/scan.ts'
import { batchIds, emptyBatch, rowsOf, type Batch } from './batch.ts'
import { newLedger, type Transport } from './ledger.ts'
import { seal, storeDictionaries, storeSpans } from './store.ts'

/** From request bodies to acknowledged rows: scanning, group commit, counting. */
export interface Pipeline {
  /**
   * Resolves when all spans of the export that can be stored are in ClickHouse.
   * @throws MalformedError when the body is not an ExportTraceServiceRequest (nothing is stored), Error when ClickHouse did not
   * take it.
   */
  accept(body: Uint8Array, transport: Transport): Promise<ScanResult>
  /** Counts spans that were refused before they were scanned. */
  readonly ready: () => boolean
  /** Stores what has been taken. */
  close(): Promise<void>
}

/** A batch may wait this long for company when nothing is being written. */
const lingerMs = 10
/** A second INSERT begins beside the first when a batch has grown this large … */
const largeRows = 64_000
/** … and at this size a batch takes no more. */
const fullRows = 300_000
const maxInserts = 2
const flushLedgerMs = 5_000

export function startPipeline(
  clickhouse: ClickHouse,
  metrics: Pick<Metrics, 'spans' | 'insert' | 'caches'>,
  log: Logger,
): Pipeline {
  const collector = hostname()
  const interner = new Interner()
  metrics.caches(() => interner.lookups)
  const scanner = new Scanner(interner)
  const ledger = newLedger()
  const nextId = batchIds()
  const inserts = new Set<Promise<void>>()
  let open = emptyBatch()
  let linger: NodeJS.Timeout | undefined
  let lastFailed = false
  /** Resolves when the dictionaries of all batches before are stored: spans of a later one may name their ids. */
  let dictionaries: Promise<void> = Promise.resolve()

  const counting = setInterval(() => {
    ledger.flush(clickhouse, collector).catch((error: unknown) => log.warn({ err: error }, 'cannot count what came in'))
  }, flushLedgerMs)

  function scan(body: Uint8Array, nowMs: number): ScanResult {
    const { block } = open.spans
    const mark = block.rows
    interner.begin(open.dictionaries, Math.floor(nowMs / 1000))
    try {
      return scanner.scan(body, open.spans)
    } catch (error) {
      block.truncate(mark)
      interner.takeBack()
      throw error
    }
  }

  function pump(): void {
    clearTimeout(linger)
    linger = undefined
    const rows = rowsOf(open)
    if (rows === 0 || inserts.size >= maxInserts) return
    if (inserts.size > 0 && rows < largeRows) return
    const waitMs = lingerMs - (performance.now() - open.openedAt)
    if (inserts.size === 0 && rows < largeRows && waitMs > 0) {
      linger = setTimeout(pump, waitMs)
      return
    }
    flush()
  }

  function flush(): void {
    const batch = open
    // It is sealed before anything is waited for, and its columns are empty then.
    const from = performance.now()
    const rows = rowsOf(batch)
    const stored = store(batch)
    open = emptyBatch(rowsOf(batch) === 0 ? batch.spans : undefined)
    const insert = stored.then(
      () => {
        lastFailed = false
        metrics.insert(rows, (performance.now() - from) / 1000, false)
        for (const { resolve } of batch.exports) resolve()
      },
      (error: unknown) => {
        lastFailed = true
        metrics.insert(rows, (performance.now() - from) / 1000, true)
        log.error({ err: error, exports: batch.exports.length }, 'spans were not stored, exporters are asked to retry')
        for (const { reject } of batch.exports) reject(error as Error)
      },
    )
    const done = insert.finally(() => {
      inserts.delete(done)
      // What came while this INSERT ran goes at once: it has waited long enough.
      if (rowsOf(open) > 0 && inserts.size === 0) flush()
      else pump()
    })
    inserts.add(done)
  }

  async function store(batch: Batch): Promise<void> {
    const nowMs = Date.now()
    const sealed = seal(batch, nextId(nowMs), collector, nowMs)
    const before = dictionaries
    const stored = before.then(() => storeDictionaries(clickhouse, sealed))
    dictionaries = stored
    try {
      await stored
    } catch (error) {
      if (dictionaries === stored) forgetDictionaries(error as Error)
      throw error
    }
    await storeSpans(clickhouse, sealed)
  }

  /** Ids of the failed batch are not in the store: nothing that names them may go on. */
  function forgetDictionaries(error: Error): void {
    interner.forget()
    dictionaries = Promise.resolve()
    const { exports } = open
    open = emptyBatch()
    for (const { reject } of exports) reject(error)
  }

  return {
    async accept(body, transport) {
      // Its bytes have been let in, so it waits for its turn; how much can wait is bounded by `admission`.
      while (rowsOf(open) >= fullRows) await Promise.race(inserts)
      const nowMs = Date.now()
      if (rowsOf(open) === 0) open.openedAt = performance.now()
      const result = scan(body, nowMs)
      if (result.stored > 0) {
        const batch = open
        if (result.firstStart < batch.firstStart) batch.firstStart = result.firstStart
        if (result.lastStart > batch.lastStart) batch.lastStart = result.lastStart
        const committed = new Promise<void>((resolve, reject) => batch.exports.push({ resolve, reject }))
        if (!linger) pump()
        else if (rowsOf(open) >= largeRows) pump()
        await committed
      }
      ledger.add(transport, result.sources, nowMs)
      metrics.spans(transport, result.stored, result.rejected)
      return result
    },
    ready: () => !lastFailed,
    async close() {
      clearInterval(counting)
      clearTimeout(linger)
      if (rowsOf(open) > 0) flush()
      while (inserts.size > 0) await Promise.all(inserts)
      await ledger.flush(clickhouse, collector).catch(() => {})
    },
  }
}
