import { auditTrace } from '../analysis/audit.ts'
import { lastWord } from '../analysis/hash.ts'
import type { AnalysisSettings, TraceInput } from '../analysis/types.ts'

/** One trace of so many is checked, chosen by its id. */
const oneOf = 1000

export interface PathAudit {
  /** Checks the critical path of a trace, if it is chosen. Never throws. */
  maybe(trace: TraceInput): void
  /** The first violation, once; then again only how many there were when they have doubled. */
  news(): string[]
}

/** Checks D7's invariants on a sample of the traces in production: what tests hold may yet break on what they never saw. */
export function auditPaths(settings: AnalysisSettings, check: typeof auditTrace = auditTrace): PathAudit {
  let checked = 0
  let violating = 0
  let told = 0
  let first = ''
  return {
    maybe(trace) {
      if (lastWord(trace.traceId) % oneOf !== 0) return
      checked++
      let violations: string[]
      try {
        violations = check(trace, settings)
      } catch (error) {
        violations = [error instanceof Error ? error.message : String(error)]
      }
      if (violations.length === 0) return
      violating++
      first ||= `trace ${trace.traceId}: ${violations[0]!}`
    },
    news() {
      if (violating === 0 || violating < 2 * told) return []
      told = violating
      return [`${violating} of ${checked} audited critical paths break an invariant, the first of them ${first}`]
    },
  }
}
