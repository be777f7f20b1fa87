import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import {
  factsToReanalyse,
  minutesToReanalyse,
  noteReanalysis,
  openReanalyses,
  reanalysedFor,
  type Cursor,
  type MinuteOfFacts,
  type OldFacts,
  type OpenReanalysis,
} from '../queries/finaliser/reanalyses.ts'
import { lastBatchMsOfAll } from '../queries/spans.ts'
import type { JobResult } from './analyse-job.ts'
import { headOf, type OpenTraces, type SettledTrace } from './open-traces.ts'

/**
 * Requests to analyse settled traces again (docs/adr/0007). One at a time, oldest first, portion by portion in the order of
 * starts. What was done has facts of jobs after the request, so a restart begins at the front and skips it.
 */
export interface Reanalyser {
  /** There is something to analyse again, or nobody has looked for long. */
  isDue(): boolean
  /**
   * Takes the next traces to analyse again: they are in `open.taken` then. undefined: none at present. No job may be written
   * meanwhile, or facts that it replaces would be taken for current; and what the analyst did before must be written, or
   * what that taught would be missed.
   */
  next(open: OpenTraces, by: { spans: number; clockMs: number }): Promise<Portion | undefined>
  /** What became of them, once it is written. */
  took(portion: Portion, result: JobResult): Promise<void>
}

export interface Portion {
  readonly request: bigint
  readonly traces: SettledTrace[]
  readonly facts: ReadonlyMap<string, OldFacts>
}

/** On the way through one request. */
interface Pass {
  readonly request: OpenReanalysis
  /** Where facts may be left, in order. */
  minutes: MinuteOfFacts[]
  after: Cursor
  /** Traces that were being analysed when they were looked at, by id: whoever is not done by that is looked at again. */
  readonly busy: Set<string>
  /** Portions whose facts are not written yet. */
  underWay: number
  reanalysed: number
  kept: number
  failed: number
  notedAt: number
}

const lookEveryMs = 1_000
const unseenMs = 5_000
const noteEveryMs = 1_000
const tracesPerPortion = 4_000
/** Facts looked through at once. */
const factsPerSlice = 50_000
const sliceSeconds = 600
const fromTheStart: Cursor = { afterNano: '-9223372036854775808', afterId: '' }

export function openReanalyser(clickhouse: ClickHouse, finaliser: string, log: Logger): Reanalyser {
  let pass: Pass | undefined
  let lookedAt = -Infinity

  /** Goes on with the oldest request, unless it was cancelled, or begins one. */
  async function look(clockMs: number): Promise<void> {
    if (performance.now() - lookedAt < lookEveryMs) return
    lookedAt = performance.now()
    // A request of the future waits, so that its jobs come after it.
    const requests = (await openReanalyses(clickhouse)).filter(({ id }) => id >> 21n <= clockMs)
    if (pass && requests.some(({ id }) => id === pass!.request.id)) return
    if (pass) log.warn({ reanalysis: String(pass.request.id) }, 'a reanalysis was cancelled')
    const [request] = requests
    pass = request && {
      request,
      minutes: await minutesToReanalyse(clickhouse, request),
      after: fromTheStart,
      busy: new Set(),
      ...(await reanalysedFor(clickhouse, request.id)),
      kept: 0,
      underWay: 0,
      notedAt: -Infinity,
    }
    if (request) log.info({ reanalysis: String(request.id) }, 'a reanalysis begins')
  }

  async function note(of: Pass, state: 'running' | 'done'): Promise<void> {
    if (state === 'running' && performance.now() - of.notedAt < noteEveryMs) return
    of.notedAt = performance.now()
    const { request, reanalysed, kept, failed } = of
    await noteReanalysis(clickhouse, finaliser, { id: request.id, state, reanalysed, kept, failed })
  }

  return {
    isDue: () => pass !== undefined || performance.now() - lookedAt > unseenMs,
    async next(open, { spans, clockMs }) {
      await look(clockMs)
      if (!pass) return undefined
      const found = (await nextFacts(clickhouse, pass, open, spans)) ?? (await onceBusy(clickhouse, pass, open, spans))
      if (found.length > 0) {
        const traces = found.map(takenAgain)
        for (const trace of traces) open.taken.set(trace.traceId, trace)
        pass.underWay++
        return { request: pass.request.id, traces, facts: new Map(found.map((facts) => [facts.traceId, facts])) }
      }
      if (pass.busy.size > 0 || pass.underWay > 0) return undefined
      await note(pass, 'done')
      const { request, reanalysed, kept, failed } = pass
      log.info({ reanalysis: String(request.id), reanalysed, kept, failed }, 'a reanalysis is done')
      pass = undefined
      lookedAt = -Infinity
      return undefined
    },
    async took({ request, traces }, { written, failed }) {
      if (pass?.request.id !== request) return
      pass.underWay--
      pass.reanalysed += written
      pass.failed += failed.length
      pass.kept += traces.length - written
      await note(pass, 'running')
    },
  }
}

/** They hold no watermark back: none of their rows is without facts. */
const takenAgain = ({ traceId, firstMinute, lastMinute, startNano }: OldFacts): SettledTrace => ({
  ...{ traceId, head: headOf(traceId), firstMinute, lastMinute, rows: 0, early: false },
  ...{ firstCommitMs: Infinity, lastCommitMs: Infinity, firstStartMs: Number(BigInt(startNano) / 1_000_000n) },
  ...{ firstBatchMs: 0, lastBatchMs: lastBatchMsOfAll },
})

/** Facts of traces that nobody is at, in the order of starts; undefined when all were looked at. */
async function nextFacts(clickhouse: ClickHouse, pass: Pass, open: OpenTraces, spans: number) {
  const { request, busy } = pass
  while (pass.minutes.length > 0) {
    const slice = firstSlice(pass.minutes)
    const fromMs = Math.max(request.fromMs, slice[0]!.minute * 1000)
    const toMs = Math.min(request.toMs, slice.at(-1)!.minute * 1000 + 60_000)
    const window = { id: request.id, fromMs, toMs, ...pass.after, limit: tracesPerPortion }
    const found = await factsToReanalyse(clickhouse, window)
    const some = upTo(found, spans)
    const last = some.at(-1)
    if (last) pass.after = { afterNano: last.startNano, afterId: last.traceId }
    if (found.length < tracesPerPortion && some.length === found.length) pass.minutes.splice(0, slice.length)
    const free = some.filter(({ traceId }) => !open.taken.has(traceId))
    for (const { traceId } of some) if (open.taken.has(traceId)) busy.add(traceId)
    if (free.length > 0) return free
  }
  return undefined
}

/** Facts of traces that somebody was at, and that still are of an older job; empty when there are none, or not yet. */
async function onceBusy(clickhouse: ClickHouse, { request, busy }: Pass, open: OpenTraces, spans: number) {
  const ids = [...busy].filter((id) => !open.taken.has(id)).slice(0, tracesPerPortion)
  if (ids.length === 0) return []
  const some = upTo(await factsToReanalyse(clickhouse, { ...request, ...fromTheStart, limit: ids.length, ids }), spans)
  // Those that did not fit stay; all others are in `some`, or done.
  const left = some.length === 0 ? ids : some.map(({ traceId }) => traceId)
  for (const id of left) busy.delete(id)
  return some
}

function firstSlice(minutes: readonly MinuteOfFacts[]): MinuteOfFacts[] {
  let facts = 0
  const end = minutes[0]!.minute + sliceSeconds
  const beyond = minutes.findIndex((of, i) => (facts += of.facts) > factsPerSlice && i > 0)
  return minutes.slice(0, beyond < 0 ? minutes.length : beyond).filter(({ minute }) => minute < end)
}

/** The first with so many rows of spans together, one at least. */
function upTo(facts: readonly OldFacts[], spans: number): OldFacts[] {
  let sum = 0
  return facts.filter(({ spanRows }, i) => (sum += spanRows) <= spans || i === 0)
}
