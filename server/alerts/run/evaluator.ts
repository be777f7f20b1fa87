import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import { connect, type ClickHouse } from '../../../storage/clickhouse.ts'
import { createLeases, tryLease, type Lease } from '../../../storage/lease.ts'
import type { Logger, Running } from '../../../storage/running.ts'
import { readDocuments } from '../../queries/alerts/documents.ts'
import { readSettled } from '../../queries/alerts/settled.ts'
import type { Book } from '../book.ts'
import { evaluateTick, type Tick, type TickKind } from './evaluate.ts'
import { readBook } from './stored.ts'
import { watching, type Watching } from './watching.ts'

export interface AlertsOptions {
  clickhouseUrl: string
  /** How often thresholds and budgets, and regressions, are evaluated. */
  alertIntervalMs: number
  regressionIntervalMs: number
  /** How links in notifications begin. */
  publicUrl: string
  /** How long after an instant spans of before it may still be on their way to us. */
  lateMs?: number
  /** Unix ms: where nothing was evaluated yet, ticks begin here and not now. */
  fromMs?: number
  /** How long the lease outlives a process that died. */
  leaseMs?: number
  log: Logger
}

/** What runs beside the evaluations while this process holds the lease. */
export interface Companion {
  /** Called about once a second. */
  turn(): Promise<void>
}

/** Renewed three times as often. */
const usualLeaseMs = 30_000
/** How often those who wait look. */
const askMs = 2_000
const turnMs = 1_000
const usualLateMs = 10_000
/** What was missed for longer is not made up for: an alert about yesterday helps nobody. */
const caughtUpMs = 6 * 3_600_000

/**
 * Evaluates the rules and stores what comes of them, one process at a time: the others wait for its lease to run out. Ticks that nobody
 * evaluated (ClickHouse or the finaliser away, a restart) are made up for in order.
 * @throws when ClickHouse has no schema.
 */
export async function startAlerts(
  options: AlertsOptions,
  companions: (clickhouse: ClickHouse) => Companion[] = () => [],
): Promise<Running> {
  const { clickhouseUrl, log } = options
  const clickhouse = connect(clickhouseUrl)
  const stop = new AbortController()
  // Every query of a tick listens to it.
  setMaxListeners(0, stop.signal)
  const evaluator = newEvaluator(clickhouse, options, stop.signal)
  await evaluator.check()
  const beside = companions(clickhouse)
  const running = (async () => {
    let failures = 0
    while (!stop.signal.aborted) {
      try {
        const did = await evaluator.turn()
        // Also while there is much to make up for: what is found of it is told at once.
        if (did !== 'none') for (const companion of beside) await companion.turn()
        if (did === 'more') continue
        if (failures > 0) log.warn({ failures }, 'alerts are evaluated again')
        failures = 0
      } catch (error) {
        if (stop.signal.aborted) break
        // One line for each outage: every alert holds its state until it is over.
        if (failures++ === 0) log.error({ err: error }, 'alerts cannot be evaluated; they hold')
        evaluator.forget()
      }
      await pause(failures === 0 ? turnMs : Math.min(10_000, turnMs * failures), stop.signal)
    }
  })()
  return {
    addresses: [],
    async close() {
      stop.abort()
      const late = new Promise<void>((resolve) => setTimeout(resolve, 3_000).unref())
      await Promise.race([running, late])
      await Promise.race([evaluator.release().catch(() => undefined), late])
      await clickhouse.close()
    },
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}

function newEvaluator(clickhouse: ClickHouse, options: AlertsOptions, signal: AbortSignal) {
  const {
    alertIntervalMs,
    regressionIntervalMs,
    publicUrl,
    lateMs = usualLateMs,
    leaseMs = usualLeaseMs,
    log,
  } = options
  const holder = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const intervals: Record<TickKind, number> = { threshold: alertIntervalMs, regression: regressionIntervalMs }
  const watched: Watching = watching(clickhouse)
  let lease: Lease | null = null
  let askAt = 0
  /** null: to be read. */
  let known: { book: Book; evaluated: Record<TickKind, number> } | null = null

  async function holds(): Promise<boolean> {
    if (lease && !lease.lost.aborted) return true
    known = null
    lease = null
    if (performance.now() < askAt) return false
    askAt = performance.now() + Math.min(askMs, leaseMs)
    lease = await tryLease(clickhouse, { name: 'alerts', holder, ttlMs: leaseMs })
    return lease !== null
  }

  async function read(settledMs: number) {
    const book = await readBook(clickhouse)
    const progress = await readDocuments(clickhouse, { kinds: ['progress'] })
    const of = (kind: TickKind) => {
      const last = progress.find(({ id }) => id === kind)?.revision
      const begin = Math.floor((options.fromMs ?? settledMs) / intervals[kind]) * intervals[kind] - intervals[kind]
      return last === undefined ? begin : last
    }
    return { book, evaluated: { threshold: of('threshold'), regression: of('regression') } }
  }

  return {
    async check() {
      await createLeases(clickhouse)
      await readSettled(clickhouse)
    },
    forget() {
      known = null
    },
    async release() {
      await lease?.release()
    },
    /** Evaluates one tick, if one is due. `none`: another process holds the lease; `more`: it did, and there may be another. */
    async turn(): Promise<'none' | 'idle' | 'more'> {
      if (!(await holds())) return 'none'
      const { settledMs } = await readSettled(clickhouse)
      known ??= await read(settledMs - lateMs)
      const tick = nextTick(known.evaluated, settledMs - lateMs)
      if (!tick) return 'idle'
      const own = await evaluateTick(tick, {
        ...{ clickhouse, book: known.book, watching: watched, holder, publicUrl },
        options: { signal, queryId: `hopscope-alerts-${randomUUID()}` },
      })
      // Another one was quicker: what it stored is what counts.
      if (!own) known = await read(settledMs - lateMs)
      else known.evaluated[tick.kind] = tick.atMs
      return 'more'
    },
  }

  /** The oldest one that is due. */
  function nextTick(evaluated: Record<TickKind, number>, untilMs: number): Tick | undefined {
    const due = (['threshold', 'regression'] as const).flatMap((kind): Tick[] => {
      const intervalMs = intervals[kind]
      const missed = untilMs - caughtUpMs
      if (evaluated[kind] < missed) {
        log.warn(
          { kind, hours: (missed - evaluated[kind]) / 3_600_000 },
          'evaluations that were missed for too long are left out',
        )
        evaluated[kind] = missed
      }
      const atMs = (Math.floor(evaluated[kind] / intervalMs) + 1) * intervalMs
      return atMs <= untilMs ? [{ kind, atMs, intervalMs }] : []
    })
    return due.sort((a, b) => a.atMs - b.atMs)[0]
  }
}
