import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import {
  batchesSince,
  clockMs,
  tracesOfBatches,
  type CommittedBatch,
  type TraceOfBatch,
} from '../queries/finaliser/following.ts'
import type { CommittedRows } from './open-traces.ts'

/** What was committed since the last pull. */
export interface Pulled {
  readonly rows: CommittedRows[]
  readonly spans: number
  /** Unix ms, ClickHouse's clock: every batch committed before it was pulled. */
  readonly clockMs: number
  /** Unix ms, ClickHouse's clock. */
  readonly nowMs: number
  /** Nothing more was there. */
  readonly caughtUp: boolean
}

export interface Follower {
  pull(): Promise<Pulled>
}

/** A row of `batches` may become visible after a later one: its commit instant is taken when its INSERT begins. */
const overlapMs = 5_000
/** INSERTs that took longer than the overlap, and a clock that was set back, are found by looking back further. */
const lookBackMs = 10 * 60_000
const lookBackEveryMs = 30_000
const batchesPerPull = 500
/** As many as a job may have, so that one who is behind makes full ones. */
const spansPerPull = 300_000
/** Told in one query, so that none takes long. */
const knownPerQuery = 5_000
const farFutureMs = Date.UTC(2200, 0)

/** Follows `batches` in the order of commit from `fromMs` (Unix ms, 0 for the very beginning). */
export function follow(clickhouse: ClickHouse, fromMs: number, log: Logger): Follower {
  /** Batch -> commit instant, for everything that a look back can still see. */
  const seen = new Map<string, number>()
  let cursorMs = fromMs
  let lookedBackMs = 0

  async function unseen(nowMs: number): Promise<{ batches: CommittedBatch[]; all: boolean }> {
    const sinceMs = Math.max(0, Math.min(cursorMs, nowMs) - overlapMs)
    const recent = [...seen].filter(([, committedMs]) => committedMs >= sinceMs).map(([batch]) => batch)
    const known = recent.slice(-knownPerQuery)
    const limit = batchesPerPull + recent.length - known.length
    const found = await batchesSince(clickhouse, { sinceMs, untilMs: farFutureMs, known, limit })
    const batches = found.filter(({ batch }) => !seen.has(batch))
    return { batches, all: found.length < limit }
  }

  async function missed(nowMs: number): Promise<CommittedBatch[]> {
    if (nowMs - lookedBackMs < lookBackEveryMs) return []
    const untilMs = Math.min(cursorMs, nowMs) - overlapMs
    // Before `fromMs` everything was finalised, or is looked at by `unseen` first.
    const sinceMs = Math.max(fromMs - overlapMs, untilMs - lookBackMs, 0)
    lookedBackMs = nowMs
    for (const [batch, committedMs] of seen) if (committedMs < sinceMs - overlapMs) seen.delete(batch)
    if (untilMs <= sinceMs) return []
    const found = await batchesSince(clickhouse, { sinceMs, untilMs, known: [], limit: 1_000_000 })
    const batches = found.filter(({ batch }) => !seen.has(batch))
    if (batches.length > 0) log.warn({ batches: batches.length }, 'batches became visible late')
    return batches
  }

  return {
    async pull() {
      const nowMs = await clockMs(clickhouse)
      const late = await missed(nowMs)
      const { batches, all } = await unseen(nowMs)
      const taken = late.concat(upTo(batches, spansPerPull))
      const caughtUp = all && taken.length === late.length + batches.length
      if (taken.length === 0) return { rows: [], spans: 0, clockMs: nowMs, nowMs, caughtUp }
      const rows = await rowsOf(clickhouse, taken, log)
      for (const { batch, committedMs } of taken) {
        seen.set(batch, committedMs)
        cursorMs = Math.max(cursorMs, committedMs)
      }
      const spans = taken.reduce((sum, batch) => sum + batch.spans, 0)
      return { rows, spans, clockMs: caughtUp ? nowMs : Math.min(nowMs, cursorMs), nowMs, caughtUp }
    },
  }
}

/** The first batches with so many spans together, one at least. */
function upTo(batches: readonly CommittedBatch[], spans: number): CommittedBatch[] {
  let sum = 0
  return batches.filter((batch) => (sum += batch.spans) - batch.spans < spans)
}

/** The rows of the batches by trace, oldest commit first. */
async function rowsOf(clickhouse: ClickHouse, batches: CommittedBatch[], log: Logger): Promise<CommittedRows[]> {
  let found = await tracesOfBatches(clickhouse, batches)
  if (missing(batches, found).length > 0) {
    // Spans are committed before their batch is; on a cluster a replica may still be behind.
    await sleep(200)
    found = await tracesOfBatches(clickhouse, batches)
    const short = missing(batches, found)
    if (short.length > 0) log.warn({ batches: short }, 'batches have fewer spans than they should')
  }
  const ofBatch = batches.map((): CommittedRows[] => [])
  for (const rows of found) ofBatch[rows.batch]!.push(rows)
  const order = batches.map((_, place) => place)
  order.sort((a, b) => batches[a]!.committedMs - batches[b]!.committedMs)
  return order.flatMap((place) => ofBatch[place]!)
}

/** Batches of which rows were not found. Expired spans are missed too: nothing can be said about them any more. */
function missing(batches: readonly CommittedBatch[], found: readonly TraceOfBatch[]): string[] {
  const rows = batches.map(() => 0)
  for (const { batch, rows: n } of found) rows[batch]! += n
  return batches.filter(({ spans }, place) => rows[place]! < spans).map(({ batch }) => batch)
}
