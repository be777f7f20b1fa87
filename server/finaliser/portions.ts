import type { JobTrace } from './analyse-job.ts'

/** Rows read at once: as bytes; each trace is objects only while it is analysed. */
const rowsPerRead = 200_000
const tracesPerRead = 20_000
/**
 * The first read of a job is what the analyst waits for; each other is made while it analyses the one before, which takes a few times
 * as long for as many rows. Few reads: each looks through the granules around its traces.
 */
const rowsOfFirstRead = 30_000
const growthOfReads = 2.5
/** A trace wider than this is read apart, so that its minutes are not looked through for all others. */
const wideSeconds = 600
/** So is one that came in batches further apart, or whose batches are not known: all that came between would be looked through. */
const scatteredMs = 30_000

export const isWide = ({ firstMinute, lastMinute }: JobTrace): boolean => lastMinute - firstMinute > wideSeconds

const isScattered = ({ firstBatchMs, lastBatchMs }: JobTrace): boolean => lastBatchMs - firstBatchMs > scatteredMs

/** Cuts a job into reads of traces that lie close together. */
export function portions(traces: readonly JobTrace[]): JobTrace[][] {
  const cut: JobTrace[][] = []
  const narrow = traces.filter((trace) => !isWide(trace))
  const together = narrow.filter((trace) => !isScattered(trace))
  for (const some of [together, narrow.filter(isScattered), traces.filter(isWide)]) {
    let portion: JobTrace[] = []
    let rows = 0
    for (const trace of some) {
      const far = portion.length > 0 && trace.firstMinute - portion[0]!.firstMinute > wideSeconds
      const most = Math.min(rowsPerRead, rowsOfFirstRead * growthOfReads ** cut.length)
      if (portion.length > 0 && (far || portion.length >= tracesPerRead || rows + trace.rows > most)) {
        cut.push(portion)
        portion = []
        rows = 0
      }
      portion.push(trace)
      rows += trace.rows
    }
    if (portion.length > 0) cut.push(portion)
  }
  return cut
}
