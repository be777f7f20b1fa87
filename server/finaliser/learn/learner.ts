import { lastWord } from '../../analysis/hash.ts'
import { learnedTables, type LearnedRows, type LearnedSettings } from '../../analysis/learned/learned.ts'
import type { TraceAnalysis } from '../../analysis/types.ts'
import { calleeLearner } from './callees.ts'
import { clockLearner } from './clocks.ts'
import { emitterLearner } from './emitters.ts'
import { wireLearner } from './wires.ts'

/**
 * What the traces of earlier jobs taught, for the analysis of the next. What a job teaches holds for the jobs after it, so
 * that the same can be read back from its rows (queries/learned.ts) for any job of the past.
 */
export interface Learner {
  readonly settings: LearnedSettings
  /** Takes what was stored before this learner came to life. */
  remember(rows: LearnedRows): void
  /** Takes what one settled trace shows. */
  watch(trace: TraceAnalysis): void
  /** Ends a job. */
  learn(job: bigint): { rows: LearnedRows; warnings: string[] }
}

export function openLearner(): Learner {
  const tables = learnedTables()
  const clocks = clockLearner()
  const wires = wireLearner()
  const callees = calleeLearner()
  const emitters = emitterLearner()
  return {
    settings: tables.settings,
    remember(rows) {
      tables.add(rows)
      emitters.remember(rows.emitters)
    },
    watch(trace) {
      const { exchanges, edges, traceId, baseUnixNano } = trace
      emitters.watch(trace)
      const baseMs = Number(baseUnixNano / 1_000_000n)
      for (const use of edges) callees.add(use, baseMs)
      const hash = lastWord(traceId)
      for (const { from, to, at, offset, lateEnd, wireNs } of exchanges) {
        const atMs = baseMs + at / 1e6
        if (offset) clocks.add(from.machine, to.machine, { at: atMs, lo: offset.lo, up: offset.up, lateEnd, hash })
        if (wireNs !== null) wires.add(from, to, atMs, wireNs)
      }
    },
    learn(job) {
      const { rows: offsets, dropped } = clocks.learn(job)
      const rows = { offsets, wires: wires.learn(job), callees: callees.learn(job), emitters: emitters.learn(job) }
      tables.add(rows)
      const warnings = dropped.map(
        ({ from, to, n, m }) =>
          `the clocks of ${from} and ${to} contradict those of others: ${m} of ${n} exchanges are left out`,
      )
      return { rows, warnings }
    },
  }
}
