import { learnedTables, type LearnedRows } from '../analysis/learned/learned.ts'
import type { AnalysisSettings } from '../analysis/types.ts'
import type { JobTrace } from './analyse-job.ts'
import { isWide } from './portions.ts'

/** What jobs before this one learned: lately, or all that holds for traces that lie in a time (Unix ms). */
export type Recall = (beforeJob: bigint, when?: { startMs: number; endMs: number }) => Promise<LearnedRows>

/**
 * The settings for traces that are analysed again: what holds for their time as of this job, which is what their pages
 * will read. The learner of this analyst remembers the last hours only.
 */
export async function recallAgain(
  configured: AnalysisSettings,
  recall: Recall,
  job: bigint,
  portion: readonly JobTrace[],
) {
  const [first] = portion
  // A trace that lies in many hours must not lose what holds for it to what holds for another.
  const together = !isWide(first!)
  const settingsOf = async (traces: readonly JobTrace[]): Promise<AnalysisSettings> => {
    const startMs = traces.reduce((least, { firstMinute }) => Math.min(least, firstMinute), Infinity) * 1000
    const endMs = traces.reduce((most, { lastMinute }) => Math.max(most, lastMinute), 0) * 1000 + 60_000
    const tables = learnedTables()
    tables.add(await recall(job, { startMs, endMs }))
    return { ...configured, ...tables.settings }
  }
  if (together) {
    const settings = await settingsOf(portion)
    return () => settings
  }
  const each = new Map<JobTrace, AnalysisSettings>()
  for (const trace of portion) each.set(trace, await settingsOf([trace]))
  return (trace: JobTrace) => each.get(trace)!
}
