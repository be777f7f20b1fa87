import { setImmediate } from 'node:timers/promises'
import { leastStored } from '../trace-page/page.ts'
import { Flag } from '../analysis/flags.ts'
import type { SpanReader, StoredTrace, TraceRef } from '../queries/spans.ts'
import { nothingLearned } from '../analysis/learned/learned.ts'
import type { AnalysisSettings, TraceAnalysis, TraceInput } from '../analysis/types.ts'
import {
  factBlocks,
  lateRevisionFlag,
  pushFacts,
  pushFailedTrace,
  pushHopName,
  pushProxyName,
  truncatedFlag,
  type FactBlocks,
  type FactContext,
  type TraceExtent,
} from './facts.ts'
import { auditPaths } from './audit-paths.ts'
import { rollupBlocks, type RollupTable } from './rollups/blocks.ts'
import { foldAnalysis, foldFailed } from './rollups/of-analysis.ts'
import { noRollups, type Rollups } from './rollups/rollups.ts'
import { pageBlock, pushPage } from './pages.ts'
import { portions } from './portions.ts'
import { recallAgain, type Recall } from './recall.ts'
import { freshNames } from './names.ts'
import { attempt, stopwatch, type Step, type Waiting } from './steps.ts'
import { openLearner } from './learn/learner.ts'
import { learnedBlocks, type LearnedTable } from './learn/rows.ts'

/** A settled trace as the worker gets it. */
export interface JobTrace extends Required<TraceRef> {
  /** How many rows of spans are known to be there: only to portion the reading. */
  readonly rows: number
  /** The facts it has already; null for none. */
  readonly facts: {
    readonly job: bigint
    readonly revision: number
    readonly spanRows: number
    /** Rows among them that came more than once: they were told already. */
    readonly duplicates: number
    /** They were revised by late spans. */
    readonly late: boolean
  } | null
  /** Settled before its time. */
  readonly early: boolean
  /** Do not analyse: a worker died of it. */
  readonly poisonous: boolean
}

export interface JobOrder {
  readonly job: bigint
  /** Unix seconds. */
  readonly settledAt: number
  readonly traces: readonly JobTrace[]
  /** All have facts, and get new ones from the same spans: by the rules of now, and by what was learned until now. */
  readonly again: boolean
}

/** Native blocks, empty where there are no rows, and what became of the traces. */
export interface JobResult {
  readonly blocks: Record<keyof FactBlocks, Uint8Array>
  /** What the pages of large traces are drawn from. */
  readonly pages: Uint8Array
  readonly rollups: Record<RollupTable, Uint8Array>
  /** What the traces taught for later jobs. */
  readonly learned: Record<LearnedTable, Uint8Array>
  readonly warnings: readonly string[]
  readonly written: number
  /** Ids of traces whose older facts must be taken back. */
  readonly revised: readonly string[]
  readonly failed: readonly { traceId: string; reason: string }[]
  readonly spans: number
  /** Rows of the traces above of spans that were there already: exporters send again what was not acknowledged. */
  readonly duplicates: number
  /** Where the time went, wall clock in ms by stage. */
  readonly stages: Readonly<Record<string, number>>
}

export type Analyse = (trace: TraceInput, settings: AnalysisSettings) => TraceAnalysis

export interface Analyst {
  /**
   * One job after the other: one that is given while another runs is read meanwhile.
   * @param progressed called after each part of the job.
   */
  run(order: JobOrder, progressed?: () => void): Promise<JobResult>
}

const byId = (a: JobTrace, b: JobTrace): number => (a.traceId < b.traceId ? -1 : 1)

/** So often the answers that come meanwhile are taken: ClickHouse waits with the rest of one that nobody takes. */
const spansBetweenReceiving = 5_000
/** So many go through each step together. */
const spansTogether = 300

/** Takes the facts of traces that are replaced out of the rollups. */
export type TakeBack = (rollups: Rollups, replaced: readonly { traceId: string; job: bigint }[]) => Promise<void>

/**
 * Reads, analyses and puts into blocks. What it does depends on the order, the spans and what earlier jobs learned, but for
 * the names: a name that this analyst has put out within a day is not put out again.
 */
export function openAnalyst(
  reader: SpanReader,
  analyse: Analyse,
  configured: AnalysisSettings,
  recall: Recall,
  takeBack: TakeBack,
): Analyst {
  const learner = openLearner()
  const settings = { ...configured, ...learner.settings }
  const audit = auditPaths(settings)
  let recalled = false
  const proxyNames = freshNames()
  const hopNames = freshNames()
  /** Kept from job to job: growing them anew costs more than filling them. */
  const blocks = factBlocks()

  /** Ends when the job before does. */
  let before: Promise<unknown> = Promise.resolve()

  return {
    run(order, progressed) {
      const parts = portions(order.traces.filter((trace) => !trace.poisonous)).map((part) => part.sort(byId))
      const first = parts[0] && reader.readTraces(parts[0])
      first?.catch(() => {}) // It is awaited when its turn comes.
      const result = before.then(() => work(order, parts, first, progressed))
      before = result.catch(() => {})
      return result
    },
  }

  async function work(
    { job, settledAt, traces, again }: JobOrder,
    parts: readonly JobTrace[][],
    first: Promise<Iterable<StoredTrace>> | undefined,
    progressed: (() => void) | undefined,
  ): Promise<JobResult> {
    if (!recalled) learner.remember(await recall(job))
    recalled = true
    for (const block of [blocks.hops, blocks.proxies, blocks.traces, blocks.proxyNames, blocks.hopNames])
      block.truncate(0)
    const rollups = noRollups()
    const pages = pageBlock()
    const revised: { traceId: string; job: bigint }[] = []
    const failed: { traceId: string; reason: string }[] = []
    let written = 0
    let spans = 0
    let duplicates = 0
    const { stages, lap } = stopwatch()

    const fail = (extent: TraceExtent, context: FactContext): void => {
      pushFailedTrace(blocks, extent, context)
      foldFailed(rollups, extent, context.flags | Flag.noRoot)
    }
    /** Read and not yet taken: a few traces at a time go through each step together, whose code then stays where the processor has it. */
    const waiting: Waiting[] = []
    let waitingSpans = 0
    const take = (stored: StoredTrace, trace: JobTrace, settings: AnalysisSettings): void => {
      const spanRows = stored.spans.length + (stored.truncated ? 1 : 0)
      spans += stored.spans.length
      // Nothing new, or the spans of the older facts have expired since: the facts stand.
      if (trace.facts && (again ? spanRows < trace.facts.spanRows : spanRows <= trace.facts.spanRows)) return
      const late = trace.facts !== null && (trace.facts.late || spanRows > trace.facts.spanRows)
      const flags = (late ? lateRevisionFlag : 0) | (stored.truncated || trace.early ? truncatedFlag : 0)
      const context = { job, settledAt, revision: trace.facts ? trace.facts.revision + 1 : 0, spanRows, flags }
      waiting.push({ stored, trace, settings, late, context, analysed: null, failure: null })
      waitingSpans += stored.spans.length
      if (waitingSpans >= spansTogether) takeWaiting()
    }
    const takeWaiting = (): void => {
      lap('decode')
      for (const one of waiting) attempt(one, analyseOne)
      lap('analyse')
      for (const one of waiting) attempt(one, watch)
      lap('learn')
      for (const one of waiting) {
        attempt(one, pushRows)
        if (one.failure !== null) reject(one)
      }
      lap('facts')
      for (const one of waiting) {
        if (one.failure !== null) continue
        attempt(one, addUp)
        if (one.failure !== null) reject(one)
      }
      lap('rollups')
      for (const { trace } of waiting) {
        written++
        if (trace.facts) revised.push({ traceId: trace.traceId, job: trace.facts.job })
      }
      waiting.length = 0
      waitingSpans = 0
    }
    const analyseOne: Step = (one) => {
      one.analysed = analyse(one.stored, one.settings)
    }
    const watch: Step = ({ stored, trace }, analysed) => {
      duplicates += Math.max(0, stored.spans.length - analysed.spans.length - (trace.facts?.duplicates ?? 0))
      if (!trace.facts) learner.watch(analysed)
      audit.maybe(stored)
    }
    const pushRows: Step = ({ stored, late, context }, analysed) => {
      if (analysed.spans.length >= leastStored) {
        lap('facts')
        const besides = (late ? lateRevisionFlag : 0) | (stored.truncated ? truncatedFlag : 0)
        pushPage(pages, analysed, besides, context)
        lap('page')
      }
      pushFacts(blocks, analysed, context)
    }
    const addUp: Step = ({ context }, analysed) => {
      foldAnalysis(rollups, analysed, context.flags)
      for (const { identity } of analysed.proxies)
        if (proxyNames.isDue(identity.proxyId, settledAt)) pushProxyName(blocks, identity, settledAt)
      for (const hop of analysed.hops) if (hopNames.isDue(hop.hopId, settledAt)) pushHopName(blocks, hop, settledAt)
    }
    const reject = ({ stored, trace, context, failure }: Waiting): void => {
      failed.push({ traceId: trace.traceId, reason: failure! })
      fail(extentOf(stored), context)
    }

    // ClickHouse looks for the next part while this one is analysed.
    let reading = first
    for (const [i, part] of parts.entries()) {
      const known = again ? await recallAgain(configured, recall, job, part) : () => settings
      const read = await reading!
      lap('read')
      reading = parts[i + 1] && reader.readTraces(parts[i + 1]!)
      reading?.catch(() => {}) // It is awaited in the next turn.
      let received = spans
      let at = 0
      for (const stored of read) {
        // Both by id; traces without a row are left out.
        while (part[at]!.traceId !== stored.traceId) at++
        const trace = part[at++]!
        take(stored, trace, known(trace))
        if (spans - received < spansBetweenReceiving) continue
        received = spans
        lap('decode')
        await setImmediate()
        lap('read')
      }
      takeWaiting()
      progressed?.()
    }
    for (const trace of traces.filter((trace) => trace.poisonous)) {
      // Not even read again. As many rows as are known count as seen, so that a restart leaves it in peace.
      const spanRows = Math.max(trace.rows, (trace.facts?.spanRows ?? 0) + 1)
      const revision = trace.facts ? trace.facts.revision + 1 : 0
      const second = 1_000_000_000n
      const extent = { traceId: trace.traceId, firstStart: BigInt(trace.firstMinute) * second, service: '' }
      const context = { job, settledAt, revision, spanRows, flags: truncatedFlag }
      failed.push({ traceId: trace.traceId, reason: 'a worker died of it' })
      fail({ ...extent, lastStart: BigInt(trace.lastMinute) * second, spans: 0 }, context)
      written++
      if (trace.facts) revised.push({ traceId: trace.traceId, job: trace.facts.job })
    }
    if (revised.length > 0) {
      await takeBack(rollups, revised)
      lap('retract')
    }
    const { rows, warnings } = again ? { rows: nothingLearned, warnings: [] } : learner.learn(job)
    const learned = learnedBlocks(rows, settledAt)
    warnings.push(...audit.news())
    lap('learn')
    const factBytes = bytesOf(blocks)
    lap('facts')
    const rollupBytes = rollupBlocks(rollups)
    lap('rollups')
    return {
      ...{ blocks: factBytes, pages: pages.rows > 0 ? pages.toBytes() : new Uint8Array(), rollups: rollupBytes },
      ...{ learned, warnings, written, failed, spans, duplicates, stages },
      revised: revised.map(({ traceId }) => traceId),
    }
  }
}

function extentOf({ traceId, baseUnixNano, spans }: StoredTrace): TraceExtent {
  const latest = spans.reduce((most, span) => Math.max(most, span.start), 0)
  return {
    traceId,
    firstStart: baseUnixNano,
    lastStart: baseUnixNano + BigInt(latest),
    spans: spans.length,
    service: spans[0]?.service ?? '',
  }
}

/** Each in a buffer of its own, so that a worker can hand it over without a copy. */
function bytesOf(blocks: FactBlocks): Record<keyof FactBlocks, Uint8Array> {
  const bytes = (block: FactBlocks[keyof FactBlocks]) => (block.rows > 0 ? block.toBytes() : new Uint8Array())
  return {
    hops: bytes(blocks.hops),
    proxies: bytes(blocks.proxies),
    traces: bytes(blocks.traces),
    proxyNames: bytes(blocks.proxyNames),
    hopNames: bytes(blocks.hopNames),
  }
}
