import type { TraceAnalysis } from '../analysis/types.ts'
import { traceColumns } from './columns.ts'
import { traceHead } from './head.ts'
import { pack } from './pack.ts'

/** From so many spans on, the page of a trace is made by the job that analysed it: what takes long is not done while somebody waits. */
export const leastStored = 10_000

/**
 * All that the page of a trace is drawn from, as the bytes of contract-columns.ts.
 * @param besides flags that the analysis cannot know: that there are more spans than it was given, that some came late.
 */
export function tracePage(trace: TraceAnalysis, settled: boolean, besides: number): Uint8Array {
  return pack({ ...traceHead(trace, settled, besides), columns: traceColumns(trace) })
}
