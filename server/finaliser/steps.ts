import type { AnalysisSettings, TraceAnalysis } from '../analysis/types.ts'
import type { StoredTrace } from '../queries/spans.ts'
import type { JobTrace } from './analyse-job.ts'
import type { FactContext } from './facts.ts'

/** A trace on its way through a job. */
export interface Waiting {
  readonly stored: StoredTrace
  readonly trace: JobTrace
  readonly settings: AnalysisSettings
  readonly late: boolean
  readonly context: FactContext
  /** null: not yet. */
  analysed: TraceAnalysis | null
  /** What a step failed of: there are none after it. */
  failure: string | null
}

/** Of one trace, with what its analysis said once there is one. */
export type Step = (one: Waiting, analysed: TraceAnalysis) => void

/** A step that fails leaves its reason, and those after it are passed over. */
export function attempt(one: Waiting, step: Step): void {
  if (one.failure !== null) return
  try {
    step(one, one.analysed!)
  } catch (error) {
    one.failure = error instanceof Error ? error.message : String(error)
  }
}

/** Adds up how long stages take: `lap` what has passed since the one before. */
export function stopwatch() {
  const stages: Record<string, number> = {}
  let last = performance.now()
  const lap = (stage: string): void => {
    const now = performance.now()
    stages[stage] = (stages[stage] ?? 0) + now - last
    last = now
  }
  return { stages, lap }
}
