import { flagNames } from '../analysis/flags.ts'
import { suspectedGateways } from '../analysis/suspects.ts'
import type { Measure as AnalysisMeasure, TraceAnalysis } from '../analysis/types.ts'
import type { TraceHead } from '../api/contract-columns.ts'
import type { Measure } from '../api/contract.ts'

export const kinds = ['unset', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export const statuses = ['unset', 'ok', 'error'] as const

/**
 * What there is once of a trace, as api.md gives it.
 * @param besides flags that the analysis cannot know: that there are more spans than it was given, that some came late.
 */
export function traceHead(trace: TraceAnalysis, settled: boolean, besides: number): TraceHead {
  return {
    traceId: trace.traceId,
    startUnixNano: instantOf(trace)(trace.start),
    durationNs: trace.duration,
    rootService: trace.rootService,
    rootName: trace.rootName,
    settled,
    flags: [...flagNames(trace.flags | besides)],
    queueWaits: trace.queueWaits.map((queue) => ({ ...queue, wait: measureJson(queue.wait) })),
    tax: { mesh: { ...trace.tax.mesh }, gateway: { ...trace.tax.gateway } },
    hints: suspectedGateways(trace).map(({ spanId, service }) => ({
      kind: 'suspected-gateway' as const,
      spanId,
      service,
    })),
  }
}

export const instantOf = (trace: TraceAnalysis) => (ns: number) => String(trace.baseUnixNano + BigInt(ns))

export const measureJson = (measure: AnalysisMeasure): Measure => ({ ...measure, reasons: [...measure.reasons] })
