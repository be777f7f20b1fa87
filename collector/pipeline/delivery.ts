import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import type { Metrics } from '../metrics.ts'
import type { Spool } from '../spool/log.ts'
import { isRefusal } from '../spool/refusal.ts'
import { startReplay } from '../spool/replay.ts'
import { storeDictionaries, storeMarks, storeSpans, type SealedBatch } from './store.ts'

/** Makes batches durable: in ClickHouse, or in the spool while ClickHouse does not take them in time (docs/adr/0008). */
export interface Delivery {
  /**
   * Resolves when the batch is durable, to whether nobody needs its bytes any more.
   * @throws SpoolFull, or what ClickHouse said last. Ids of the batch's dictionary rows must not be named then.
   */
  deliver(batch: SealedBatch): Promise<boolean>
  /** The spool is full: another batch would be refused. */
  refusing(): boolean
  /** Whether the last batch was taken, by whomever. */
  ready(): boolean
  /** To be called when all that was given is delivered. */
  close(): Promise<void>
}

export interface DeliveryOptions {
  readonly clickhouse: ClickHouse
  readonly spool: Spool | null
  /** A batch that ClickHouse has not taken after so long goes to the spool, a large one after up to 3 s more. 0: every batch does. */
  readonly spoolAfterMs: number
  readonly metrics: Pick<Metrics, 'insert' | 'replayed'>
  readonly log: Logger
  /**
   * ClickHouse takes batches again, and from the return of this on they go there past the spool: what they name must be in them
   * or in what was delivered before and is stored. Not called when all is.
   */
  onDirect(): void
}

/** A batch on its way to ClickHouse. */
interface Flight {
  readonly batch: SealedBatch
  /** Rejects when it is given up. */
  readonly attempt: Promise<void>
  spooled: boolean
  durable: Promise<unknown> | undefined
}

/** Without a spool: how long an INSERT is tried again before exporters are told to; an embedded engine restarts within it. */
const persistMs = 6_000
/** ClickHouse has been well for so long: new batches need not wait behind the spool. */
const wellMs = 3_000

export function startDelivery(options: DeliveryOptions): Delivery {
  const { clickhouse, spool, spoolAfterMs, metrics, log, onDirect } = options
  /** In the order in which they were sealed. */
  const flights = new Set<Flight>()
  const attempts = new Map<bigint, Promise<boolean>>()
  /** Resolves when the dictionaries of all batches before are stored: spans of a later one may name their ids. */
  let dictionaries: Promise<void> = Promise.resolve()
  let spooling = spool !== null && spoolAfterMs === 0
  let wellSince: number | undefined
  let taken = true
  /** How long an INSERT may take. Large ones take longer, and come only when there is much to do. */
  const allowedMs = (rows: number) => (spoolAfterMs === 0 ? 0 : spoolAfterMs + rows / 100)

  const replay = spool
    ? startReplay({
        ...{ clickhouse, spool, attempts, log },
        onStored(rows, tookMs) {
          if (rows > 0) {
            metrics.insert(rows, tookMs / 1000, false)
            metrics.replayed(rows)
          }
          if (tookMs > allowedMs(rows)) wellSince = undefined
          else wellSince ??= performance.now()
          goDirect()
        },
        onFailed(rows, tookMs) {
          metrics.insert(rows, tookMs / 1000, true)
          wellSince = undefined
        },
      })
    : undefined

  /** Back to ClickHouse, when it is well: at once when the spool is empty, else after a while and beside it. */
  function goDirect(): void {
    if (!spooling || wellSince === undefined) return
    if (!spool!.idle()) {
      if (performance.now() - wellSince < wellMs) return
      onDirect()
    }
    spooling = false
    log.warn(spool!.state(), 'ClickHouse takes spans again')
  }

  /** Everything that is on its way goes to the spool, and what comes after too, so that order holds. */
  function goSpooling(why: unknown): void {
    if (!spooling) log.warn({ err: why }, 'ClickHouse does not take spans in time: they go to the spool')
    spooling = true
    wellSince = undefined
    for (const flight of flights) {
      if (flight.spooled) continue
      flight.spooled = true
      const stored = flight.attempt.then(
        () => true,
        () => false,
      )
      attempts.set(flight.batch.id, stored)
      flight.durable = spool!.append(flight.batch, true).catch((error: unknown) => {
        attempts.delete(flight.batch.id)
        flight.spooled = false
        throw error
      })
      flight.durable.catch(() => {})
    }
  }

  function fly(batch: SealedBatch): Flight {
    const token = `${batch.id}`
    const before = dictionaries
    const endMs = performance.now() + persistMs
    const persist = async (insert: () => Promise<void>): Promise<void> => {
      for (let waitMs = 50; ; waitMs = Math.min(1000, waitMs * 2)) {
        try {
          return await insert()
        } catch (error) {
          const handedOn = flight.spooled || (spool !== null && isRefusal(error))
          if (handedOn || performance.now() + waitMs > endMs) throw error
          await sleep(waitMs)
        }
      }
    }
    const stored = before.then(() => persist(() => storeDictionaries(clickhouse, [batch], token)))
    dictionaries = stored
    const attempt = stored
      .finally(() => {
        // When they are not, `deliver` fails, and what comes after names none of them.
        if (dictionaries === stored) dictionaries = Promise.resolve()
      })
      .then(() => persist(() => storeSpans(clickhouse, [batch], token)))
      .then(() => persist(() => storeMarks(clickhouse, [batch], token)))
    const flight: Flight = { batch, attempt, spooled: false, durable: undefined }
    return flight
  }

  async function deliverDirect(batch: SealedBatch): Promise<void> {
    const from = performance.now()
    const flight = fly(batch)
    flights.add(flight)
    const { attempt } = flight
    const done = attempt.then(
      () => metrics.insert(batch.rows, (performance.now() - from) / 1000, false),
      () => metrics.insert(batch.rows, (performance.now() - from) / 1000, true),
    )
    try {
      if (!spool) return await attempt
      const late = new AbortController()
      const inTime = await Promise.race([
        attempt.then(() => true),
        sleep(allowedMs(batch.rows), false, { signal: late.signal }).catch(() => false),
      ]).catch((error: unknown) => {
        goSpooling(error)
        return false
      })
      late.abort()
      if (inTime) return
      if (!flight.spooled) goSpooling(undefined)
      // Whichever comes first; when the spool is full, ClickHouse has a while longer.
      await Promise.any([attempt, flight.durable]).catch((error: AggregateError) => {
        throw error.errors[1]
      })
    } finally {
      flights.delete(flight)
      void done
    }
  }

  /** @returns whether nobody needs its bytes any more. */
  async function deliverToSpool(batch: SealedBatch): Promise<boolean> {
    // What did not fit into the spool may bring rows that this one names.
    const before = [...flights].filter(({ spooled }) => !spooled)
    await Promise.all(before.map(({ attempt }) => attempt))
    try {
      return !(await spool!.append(batch, false))
    } catch (error) {
      // A full disk, and nothing that waits on it: ClickHouse may be well.
      if (!spool!.idle()) throw error
      await deliverDirect(batch)
      return false
    }
  }

  return {
    async deliver(batch) {
      try {
        // An INSERT that was given up may still be on its way.
        const over = spooling ? await deliverToSpool(batch) : await deliverDirect(batch).then(() => false)
        taken = true
        return over
      } catch (error) {
        taken = false
        throw error
      }
    },
    refusing: () => spooling && spool!.refusing() && !spool!.idle(),
    ready: () => (spool ? !spool.refusing() : taken),
    async close() {
      // An INSERT that takes longer is looked for by the next process.
      await Promise.race([replay?.stop(), sleep(2000)])
    },
  }
}
