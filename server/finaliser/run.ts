import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../storage/running.ts'
import type { FactsOfTrace } from '../queries/finaliser/facts.ts'
import type { JobResult, JobTrace } from './analyse-job.ts'
import { lastBatchMsOfAll } from '../queries/spans.ts'
import { shardOfTrace, nextJobId } from '../queries/finaliser/shards.ts'
import { AnalystDied, type AnalystThread } from './analyst-thread.ts'
import { follow, type Follower } from './follow.ts'
import { existingFacts } from './look-up.ts'
import {
  addRows,
  noTraces,
  settle,
  takeSettled,
  watermark,
  type OpenTraces,
  type SettledTrace,
  type SettleRule,
} from './open-traces.ts'
import type { FinaliserMetrics, FinaliserState } from './metrics.ts'
import { newPace, pollMs, type Pace } from './pace.ts'
import { bytesOfId, remember, type RecentIds } from './recent-ids.ts'
import { openReanalyser, type Portion, type Reanalyser } from './reanalyse.ts'
import { recover } from './recover.ts'
import { cutJob, emptyQueue, enqueue, type SettledQueue } from './settled-queue.ts'
import { settledAtOf, writeJob, type JobWriter } from './write-job.ts'

export interface RunOptions {
  readonly writer: JobWriter
  readonly startAnalyst: () => AnalystThread
  /** Analysts side by side, each for the trace ids of its shard; at most `maxShards`. */
  readonly shards: number
  readonly settle: SettleRule
  /** A failure ends everything (tests of crashes) instead of being recovered from. */
  readonly crashes: boolean
  readonly stop: AbortSignal
  readonly metrics: FinaliserMetrics
  readonly log: Logger
}

/** One stretch of work between two recoveries; a failure throws all of it away. */
interface Life {
  readonly follower: Follower
  readonly open: OpenTraces
  readonly recent: RecentIds
  readonly shards: readonly Shard[]
  readonly reanalyser: Reanalyser
  lastJob: bigint
  /** Everything that was committed before it has been pulled: the clock by which traces settle. */
  clockMs: number
  /** By which jobs are named. */
  nowMs: number
  /** `performance.now()` when that was asked. */
  pulledAt: number
}

interface Shard {
  readonly index: number
  readonly analyst: AnalystThread
  readonly queue: SettledQueue
  /** The jobs that the analyst has: one, and when there is much to do one more, whose spans it reads meanwhile. */
  analysing: readonly Promise<Prepared>[]
}

interface Prepared {
  readonly shard: Shard
  readonly job: bigint
  readonly traces: readonly SettledTrace[]
  readonly replaced: ReadonlyMap<string, FactsOfTrace>
  readonly result: JobResult
  /** The traces were settled before, and are analysed again because somebody asked for it. */
  readonly again: Portion | undefined
}

/** What failures have taught: kept across recoveries. */
interface Caution {
  /** Spans a job may have; halved by each failure so that a trace that kills the worker is found, then grows again. */
  spansPerJob: number
  readonly poisonous: Set<string>
}

const maxSpansPerJob = 300_000
/**
 * With so many spans in its queues for each analyst a finaliser that is behind reads no further. Spans of one minute lie by trace id:
 * the more of its traces wait, the closer together lie those of one job, and the fewer spans of others are looked through with them.
 */
const maxQueuedSpans = 5 * maxSpansPerJob
/** What is analysed again must not keep new traces waiting for long, and is not kept waiting for ever by them. */
const maxSpansAgain = 50_000
const jobsBetweenPortions = 8
/** Batches that became visible this much later than they were committed are found even across a restart. */
const restartOverlapMs = 10_000

/** Runs until stopped. Resolves when the first recovery is done; `ended` when the last job is written. */
export async function runFinaliser(options: RunOptions) {
  const caution: Caution = { spansPerJob: maxSpansPerJob, poisonous: new Set() }
  let life = await begin(options)
  const { stop, log, crashes, metrics } = options
  metrics.watch(() => stateOf(life))
  const ended = (async () => {
    for (let failures = 0; ;) {
      try {
        await live(life, caution, options, () => (failures = 0))
        return
      } catch (error) {
        await dismiss(life)
        if (stop.aborted || crashes) return
        metrics.failed()
        log.error({ err: error, failures }, 'the finaliser failed and starts over from its watermark')
      }
      for (;;) {
        const waitMs = Math.min(30_000, 250 * 2 ** failures++)
        await sleep(waitMs, undefined, { signal: stop }).catch(() => {})
        if (stop.aborted) return
        try {
          life = await begin(options)
          break
        } catch (error) {
          log.error({ err: error, failures }, 'the finaliser cannot recover yet')
        }
      }
    }
  })()
  return { ended, dismiss: () => dismiss(life) }
}

const dismiss = ({ shards }: Life) => Promise.all(shards.map(({ analyst }) => analyst.close()))

async function begin({ writer, startAnalyst, shards: count, log }: RunOptions): Promise<Life> {
  const { fromMs, lastJob, recent } = await recover(writer, log)
  const follower = follow(writer.clickhouse, Math.max(0, fromMs - restartOverlapMs), log)
  const shards = Array.from({ length: count }, (_, index) => {
    return { index, analyst: startAnalyst(), queue: emptyQueue(), analysing: [] }
  })
  const reanalyser = openReanalyser(writer.clickhouse, writer.finaliser, log)
  return {
    follower,
    open: noTraces(),
    recent,
    shards,
    reanalyser,
    lastJob,
    clockMs: fromMs,
    nowMs: fromMs,
    pulledAt: performance.now(),
  }
}

const queuedIn = (shards: readonly Shard[]): number => shards.reduce((sum, { queue }) => sum + queue.spans, 0)

function stateOf({ open, shards, clockMs, nowMs, pulledAt }: Life): FinaliserState {
  const queuedSpans = queuedIn(shards)
  const now = nowMs + performance.now() - pulledAt
  const backlogSeconds = Math.max(0, now - watermark(open, [], clockMs)) / 1000
  return { openTraces: open.waiting.size + open.taken.size, queuedSpans, backlogSeconds }
}

async function live(life: Life, caution: Caution, options: RunOptions, succeeded: () => void): Promise<void> {
  const { stop } = options
  const { shards } = life
  const pace = newPace(maxSpansPerJob)
  let jobsOfNew = 0
  const isTurnOfPortions = () => jobsOfNew > jobsBetweenPortions && life.reanalyser.isDue()
  const give = (shard: Shard, job: Promise<Prepared>): void => {
    job.catch(() => {}) // It is awaited below; until then its failure must not end the process.
    shard.analysing = [...shard.analysing, job]
  }
  const analyse = (): void => {
    for (const shard of shards) {
      const waits = () =>
        // After a failure one job at a time, so that it is known which it was of.
        shard.analysing.length === 1 && shard.queue.spans >= maxSpansPerJob && caution.spansPerJob === maxSpansPerJob
      while (shard.queue.traces.length > 0 && (shard.analysing.length === 0 || (waits() && !isTurnOfPortions())))
        give(shard, prepare(life, shard, nextJob(shard, caution), caution, options))
    }
  }
  let caughtUp = false
  while (!stop.aborted) {
    const hasRoom = queuedIn(shards) < maxQueuedSpans * shards.length
    if (pace.pullDue(caughtUp) && hasRoom) caughtUp = await pull(life, pace)
    if (hasRoom && (pace.visitDue() || !caughtUp)) {
      deal(shards, takeSettled(life.open, life.clockMs, options.settle))
      pace.visited()
    }
    analyse()
    const done = await firstOf(shards, pollMs, stop)
    if (done) {
      // The analyst goes on while ClickHouse takes the facts of the job before.
      jobsOfNew++
      if (!isTurnOfPortions()) analyse()
      await finish(life, done, caution, options)
      succeeded()
    }
    // Whatever an idle analyst did before is written, and nothing else is being written now: see `Reanalyser`.
    const idle = shards.find(({ analysing }) => analysing.length === 0)
    if (!idle) continue
    jobsOfNew = 0
    const spans = Math.min(maxSpansAgain, caution.spansPerJob)
    const again = await life.reanalyser.next(life.open, { spans, clockMs: life.clockMs })
    if (!again) continue
    give(idle, prepare(life, idle, again.traces, caution, options, again))
  }
  for (const { analysing } of shards) for (const job of analysing) await finish(life, await job, caution, options)
}

/** The first job that has been analysed, taken from its shard; undefined when none has for `waitMs`. @throws what an analysis failed of. */
async function firstOf(shards: readonly Shard[], waitMs: number, stop: AbortSignal): Promise<Prepared | undefined> {
  const waited = new AbortController()
  const signal = AbortSignal.any([stop, waited.signal])
  const late = sleep(waitMs, undefined, { signal }).catch(() => undefined)
  try {
    const jobs = shards.flatMap((shard) =>
      shard.analysing.map(async (job) => {
        const prepared = await job
        return () => {
          shard.analysing = shard.analysing.filter((other) => other !== job)
          return prepared
        }
      }),
    )
    return (await Promise.race([...jobs, late]))?.()
  } finally {
    waited.abort()
  }
}

function deal(shards: readonly Shard[], settled: readonly SettledTrace[]): void {
  const hands = shards.map((): SettledTrace[] => [])
  for (const trace of settled) hands[shardOfTrace(trace.traceId, shards.length)]!.push(trace)
  for (const { index, queue } of shards) enqueue(queue, hands[index]!)
}

async function pull(life: Life, pace: Pace): Promise<boolean> {
  const { rows, spans, clockMs, nowMs, caughtUp } = await life.follower.pull()
  for (const row of rows) addRows(life.open, row)
  life.clockMs = clockMs
  life.nowMs = nowMs
  life.pulledAt = performance.now()
  pace.pulled(spans)
  return caughtUp
}

function nextJob({ queue }: Shard, { spansPerJob }: Caution): SettledTrace[] {
  // A rest that is not worth a job of its own goes with the others.
  const isLast = spansPerJob === maxSpansPerJob && queue.spans <= 1.25 * maxSpansPerJob
  return cutJob(queue, isLast ? Infinity : spansPerJob)
}

async function prepare(
  life: Life,
  shard: Shard,
  traces: SettledTrace[],
  caution: Caution,
  { writer, log }: RunOptions,
  again?: Portion,
): Promise<Prepared> {
  const existing = again?.facts ?? (await existingFacts(writer.clickhouse, traces, life.recent, life.clockMs))
  const job = (life.lastJob = nextJobId(life.nowMs, life.lastJob, shard.index))
  try {
    const order = {
      job,
      settledAt: settledAtOf(job),
      traces: traces.map((trace) => jobTrace(trace, existing, caution)),
      again: again !== undefined,
    }
    const result = await shard.analyst.run(order)
    caution.spansPerJob = Math.min(maxSpansPerJob, caution.spansPerJob * 2)
    const replaced = new Map(result.revised.map((id) => [id, existing.get(id)!]))
    return { shard, job, traces, replaced, result, again }
  } catch (error) {
    if (error instanceof AnalystDied) {
      const [only, ...others] = traces
      if (only && others.length === 0) {
        log.error({ traceId: only.traceId }, 'a trace kills the analyst and is passed over')
        caution.poisonous.add(only.traceId)
      } else caution.spansPerJob = Math.max(1, Math.floor(caution.spansPerJob / 8))
    }
    throw error
  }
}

function jobTrace(trace: SettledTrace, existing: ReadonlyMap<string, FactsOfTrace>, { poisonous }: Caution): JobTrace {
  const facts = existing.get(trace.traceId)
  return {
    traceId: trace.traceId,
    firstMinute: Math.min(trace.firstMinute, facts?.firstMinute ?? Infinity),
    lastMinute: Math.max(trace.lastMinute, facts?.lastMinute ?? 0),
    rows: trace.rows + (facts?.spanRows ?? 0),
    // What facts were made of came in batches that are not known any more.
    firstBatchMs: facts ? 0 : trace.firstBatchMs,
    lastBatchMs: facts ? lastBatchMsOfAll : trace.lastBatchMs,
    facts: facts ? factsOf(facts) : null,
    early: trace.early,
    poisonous: poisonous.has(trace.traceId),
  }
}

const factsOf = ({ job, revision, spanRows, duplicates = 0, late = false }: FactsOfTrace) => ({
  ...{ job, revision, spanRows, duplicates, late },
})

async function finish(
  life: Life,
  prepared: Prepared,
  caution: Caution,
  { writer, metrics, log }: RunOptions,
): Promise<void> {
  const { job, traces, replaced, result, again } = prepared
  const from = performance.now()
  for (const { traceId, reason } of result.failed) log.error({ traceId, reason }, 'the analysis of a trace failed')
  for (const warning of result.warnings) log.warn({ job: String(job) }, warning)
  if (result.written > 0) {
    const watermarkMs = () => watermark(life.open, traces, life.clockMs)
    const reanalysis = again?.request ?? 0n
    await writeJob(writer, { job, reanalysis, result, replaced: [...replaced.values()], watermarkMs })
  }
  for (const { traceId } of traces) {
    if (!again) remember(life.recent, bytesOfId(traceId), life.clockMs)
    caution.poisonous.delete(traceId)
  }
  settle(life.open, traces)
  if (again) await life.reanalyser.took(again, result)
  const { written, failed, revised, spans } = result
  const stages = { ...result.stages, write: performance.now() - from }
  metrics.job({ ...result, stages }, again !== undefined)
  log.debug(
    { job: String(job), traces: written, revised: revised.length, failed: failed.length, spans, stages },
    'job done',
  )
}
