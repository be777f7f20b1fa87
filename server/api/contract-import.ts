/** What `POST /api/v1/traces/import` takes and answers: a trace file, analysed and not stored. */
import { z } from 'zod'
import { Count, Instant, Trace, TraceId } from './contract.ts'

/** Bytes of a file. */
export const largestFile = 64 * 2 ** 20

/** Of the file's traces these are listed. */
export const mostListed = 1000

export const ImportQuery = z.strictObject({
  traceId: TraceId.optional().describe('which of the traces in the file; the one with most spans unless it says so'),
})
export type ImportQuery = z.infer<typeof ImportQuery>

/** Read in `server/import`. */
export const FileBody = z
  .unknown()
  .describe('a trace file: OTLP JSON (also one export request a line), Jaeger JSON or Zipkin v2 JSON, up to 64 MiB')

export const ImportedTrace = z.object({
  traceId: TraceId,
  startUnixNano: Instant,
  rootService: z.string(),
  rootName: z.string(),
  spanCount: Count,
})
export type ImportedTrace = z.infer<typeof ImportedTrace>

export const ImportedFile = z.object({
  format: z.enum(['otlp', 'jaeger', 'zipkin']),
  traceCount: Count,
  traces: z.array(ImportedTrace).describe(`those with most spans first, ${mostListed} at most`),
  leftOut: z.array(z.object({ reason: z.string(), spans: Count })).describe('spans that no receiver would have taken'),
  trace: Trace.nullable().describe(
    'null where no span was taken; analysed by what the file says alone, without what other traces taught of clocks and wires',
  ),
})
export type ImportedFile = z.infer<typeof ImportedFile>
