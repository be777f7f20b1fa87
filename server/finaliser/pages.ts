import { gzipSync } from 'node:zlib'
import { nativeBlock, type NativeBlock } from '../../storage/native.ts'
import type { TraceAnalysis } from '../analysis/types.ts'
import { pageFormat } from '../api/contract-columns.ts'
import { tracePage } from '../trace-page/page.ts'
import type { FactContext } from './facts.ts'

/** Rows of migrations/0020_trace_pages.sql. */
export const pageBlock = (): NativeBlock<Record<string, unknown>> =>
  nativeBlock([
    ['trace_id', 'FixedString(16)'],
    ['job', 'UInt64'],
    ['format', 'UInt16'],
    ['body', 'String'],
    ['made_at', 'DateTime'],
  ])

/** @param besides flags that the analysis cannot know. */
export function pushPage(
  block: NativeBlock<Record<string, unknown>>,
  trace: TraceAnalysis,
  besides: number,
  { job, settledAt }: FactContext,
): void {
  // As the page is sent: browsers that are not asked over TLS or on this machine know no other encoding.
  const body = gzipSync(tracePage(trace, true, besides), { level: 1 })
  block.push({ trace_id: trace.traceId, job, format: pageFormat, body, made_at: settledAt })
}
