/**
 * Which traces have rows of spans that no facts cover yet, and which of them have settled. Plain state, no I/O;
 * all instants are Unix ms on ClickHouse's clock.
 */

/** A trace with rows that are not in its facts. */
export interface OpenTrace {
  /** 32 hex digits. */
  readonly traceId: string
  /** The first 48 bits of it as a number: to be compared in place of it. */
  readonly head: number
  /** Commit of the first and of the last batch with such rows. */
  readonly firstCommitMs: number
  lastCommitMs: number
  /** How many such rows were committed. */
  rows: number
  /** Minutes of the sort order of spans (Unix seconds), and the earliest start of these rows. */
  firstMinute: number
  lastMinute: number
  firstStartMs: number
  /** When the first and the last of their batches were closed. */
  firstBatchMs: number
  lastBatchMs: number
  /** Settled before its time because too many were waiting. */
  early: boolean
}

/** An open trace that has settled: the very object, of which there are too many for copies. */
export type SettledTrace = Readonly<OpenTrace>

export interface OpenTraces {
  /** Waiting for more spans, oldest first commit first (nearly). */
  readonly waiting: Map<string, OpenTrace>
  /** Handed out by `takeSettled`, not yet written. A trace can be here and, with newer rows, in `waiting`. */
  readonly taken: Map<string, OpenTrace>
  /** How many of both, those that are analysed again aside, have this as their first commit: many traces, few instants. */
  readonly firstCommits: Map<number, number>
}

export interface SettleRule {
  /** Settled when no span was committed for this long. */
  readonly quietMs: number
  /** Settled at the latest this long after its first commit. */
  readonly maxMs: number
  /** More waiting traces than this are not kept: the oldest settle early. */
  readonly maxWaiting: number
}

/** Rows of one trace in one committed batch. */
export interface CommittedRows {
  readonly traceId: string
  readonly committedMs: number
  readonly closedMs: number
  readonly rows: number
  readonly firstMinute: number
  readonly lastMinute: number
  readonly firstStartMs: number
}

export const headOf = (traceId: string): number => parseInt(traceId.slice(0, 12), 16)

export function noTraces(): OpenTraces {
  return { waiting: new Map(), taken: new Map(), firstCommits: new Map() }
}

export function addRows({ waiting, firstCommits }: OpenTraces, rows: CommittedRows): void {
  const known = waiting.get(rows.traceId)
  if (!known) {
    const { traceId, committedMs, closedMs, firstMinute, lastMinute, firstStartMs } = rows
    firstCommits.set(committedMs, (firstCommits.get(committedMs) ?? 0) + 1)
    waiting.set(traceId, {
      traceId,
      head: headOf(traceId),
      firstCommitMs: committedMs,
      lastCommitMs: committedMs,
      rows: rows.rows,
      firstMinute,
      lastMinute,
      firstStartMs,
      firstBatchMs: closedMs,
      lastBatchMs: closedMs,
      early: false,
    })
    return
  }
  known.lastCommitMs = Math.max(known.lastCommitMs, rows.committedMs)
  known.rows += rows.rows
  known.firstMinute = Math.min(known.firstMinute, rows.firstMinute)
  known.lastMinute = Math.max(known.lastMinute, rows.lastMinute)
  known.firstStartMs = Math.min(known.firstStartMs, rows.firstStartMs)
  known.firstBatchMs = Math.min(known.firstBatchMs, rows.closedMs)
  known.lastBatchMs = Math.max(known.lastBatchMs, rows.closedMs)
}

/**
 * Moves what has settled at `nowMs` from waiting to taken and returns it. A trace that is already taken stays: its
 * facts must be there before they can be revised.
 */
export function takeSettled({ waiting, taken }: OpenTraces, nowMs: number, rule: SettleRule): SettledTrace[] {
  const settled: OpenTrace[] = []
  let excess = waiting.size - rule.maxWaiting
  for (const trace of waiting.values()) {
    const early = excess-- > 0
    const due = nowMs - trace.lastCommitMs >= rule.quietMs || nowMs - trace.firstCommitMs >= rule.maxMs
    if ((!due && !early) || taken.has(trace.traceId)) continue
    trace.early = early && !due
    settled.push(trace)
  }
  for (const trace of settled) {
    waiting.delete(trace.traceId)
    taken.set(trace.traceId, trace)
  }
  return settled
}

/** Their facts are written. */
export function settle({ taken, firstCommits }: OpenTraces, traces: readonly OpenTrace[]): void {
  for (const { traceId, firstCommitMs } of traces) {
    if (!taken.delete(traceId)) continue
    const left = (firstCommits.get(firstCommitMs) ?? 0) - 1
    if (left > 0) firstCommits.set(firstCommitMs, left)
    else firstCommits.delete(firstCommitMs)
  }
}

/**
 * Commit of the oldest batch with rows that no facts cover once `written`, which are taken, are; or `elseMs` when there is none:
 * where reading must go on after a restart.
 */
export function watermark({ firstCommits }: OpenTraces, written: readonly OpenTrace[], elseMs: number): number {
  const covered = new Map<number, number>()
  for (const { firstCommitMs } of written) covered.set(firstCommitMs, (covered.get(firstCommitMs) ?? 0) + 1)
  let oldest = elseMs
  for (const [commitMs, n] of firstCommits) {
    if (commitMs < oldest && n > (covered.get(commitMs) ?? 0)) oldest = commitMs
  }
  return oldest
}
