import { hostname } from 'node:os'
import type { Metrics } from '../metrics.ts'
import { Interner } from '../wire/interner.ts'
import { Scanner, type ScanResult } from '../wire/scan.ts'
import { SpoolFull } from '../spool/log.ts'
import { lendRoom, type Body } from './bodies.ts'
import { batchIds, emptyBatch, rowsOf } from './batch.ts'
import { newLedger, type Transport } from './ledger.ts'
import { startDelivery, type DeliveryOptions } from './delivery.ts'
import { seal, spansOf } from './store.ts'

/** From request bodies to acknowledged rows: scanning, group commit, counting. */
export interface Pipeline {
  /**
   * Takes a body, and frees it as soon as it is scanned. Resolves when all spans of the export that can be stored are in ClickHouse or in the spool.
   * @throws MalformedError when the body is not an ExportTraceServiceRequest (nothing is stored), SpoolFull when ClickHouse is away
   * and the spool full, Error when ClickHouse did not take it.
   */
  accept(body: Body, transport: Transport): Promise<ScanResult>
  /** Asked before a body is read. @throws SpoolFull when it could not be taken. */
  readonly refuseWhenFull: () => void
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
const fullRows = 80_000
const maxInserts = 2
const flushLedgerMs = 5_000

export type PipelineOptions = Omit<DeliveryOptions, 'onDirect' | 'metrics'> & {
  readonly metrics: Pick<Metrics, 'spans' | 'insert' | 'replayed' | 'caches'>
}

export function startPipeline(options: PipelineOptions): Pipeline {
  const { clickhouse, metrics, log } = options
  const collector = hostname()
  const interner = new Interner()
  metrics.caches(() => interner.lookups)
  const scanner = new Scanner(interner)
  const ledger = newLedger()
  const nextId = batchIds()
  const inserts = new Set<Promise<void>>()
  let open = emptyBatch()
  const { fast } = open.spans
  const keepRoom = lendRoom(fast.bodyRoom())
  const scratch = fast.scratch()
  let linger: NodeJS.Timeout | undefined
  const delivery = startDelivery({
    ...options,
    onDirect() {
      // What is open names ids of what is in the spool: it goes there too.
      if (rowsOf(open) > 0) flush()
      interner.forget()
    },
  })

  const counting = setInterval(() => {
    ledger.flush(clickhouse, collector).catch((error: unknown) => log.warn({ err: error }, 'cannot count what came in'))
  }, flushLedgerMs)

  function scan(body: Uint8Array, nowMs: number): ScanResult {
    const { spans } = open
    const mark = spans.mark()
    interner.begin(open.dictionaries, Math.floor(nowMs / 1000))
    try {
      return scanner.scan(body, spans)
    } catch (error) {
      spans.truncate(mark)
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
    const nowMs = Date.now()
    const sealed = seal(batch, nextId(nowMs), collector, nowMs)
    // Its columns are empty now.
    open = emptyBatch(batch.spans)
    const delivered = delivery.deliver(sealed).then(
      (over) => {
        if (over) batch.spans.giveBack(spansOf(sealed))
        for (const { resolve } of batch.exports) resolve()
      },
      (error: unknown) => {
        log.error({ err: error, exports: batch.exports.length }, 'spans were not stored, exporters are asked to retry')
        for (const { reject } of batch.exports) reject(error as Error)
        forgetDictionaries(error as Error)
      },
    )
    const done = delivered.finally(() => {
      inserts.delete(done)
      // What came while this INSERT ran goes at once: it has waited long enough.
      if (rowsOf(open) > 0 && inserts.size === 0) flush()
      else pump()
    })
    inserts.add(done)
  }

  /** Ids of the failed batch are not in the store: nothing that names them may go on. */
  function forgetDictionaries(error: Error): void {
    interner.forget()
    const { exports, spans } = open
    spans.truncate()
    open = emptyBatch(spans)
    for (const { reject } of exports) reject(error)
  }

  const refuseWhenFull = (): void => {
    if (delivery.refusing()) throw new SpoolFull()
  }

  return {
    refuseWhenFull,
    async accept(body, transport) {
      // Its bytes have been let in, so it waits for its turn; how much can wait is bounded by `admission`.
      while (rowsOf(open) >= fullRows) await Promise.race(inserts)
      refuseWhenFull()
      const nowMs = Date.now()
      if (rowsOf(open) === 0) open.openedAt = performance.now()
      const result = scan(body.bytes(scratch), nowMs)
      body.free()
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
    ready: () => delivery.ready(),
    async close() {
      clearInterval(counting)
      clearTimeout(linger)
      if (rowsOf(open) > 0) flush()
      while (inserts.size > 0) await Promise.all(inserts)
      await delivery.close()
      keepRoom()
      await ledger.flush(clickhouse, collector).catch(() => {})
    },
  }
}
