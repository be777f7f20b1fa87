import type { SettledTrace } from './open-traces.ts'

/**
 * Settled traces that are not yet in a job, by minute and id: as spans lie in ClickHouse, so that a job reads few granules. Jobs are cut
 * off it like the strokes of a lift: each goes on where the one before ended, and from the front again, so that none waits for ever.
 */
export interface SettledQueue {
  traces: SettledTrace[]
  spans: number
  /** The last that was put into a job. */
  reached: SettledTrace | undefined
}

export const emptyQueue = (): SettledQueue => ({ traces: [], spans: 0, reached: undefined })

const byPlace = (a: SettledTrace, b: SettledTrace): number =>
  a.firstMinute - b.firstMinute || a.head - b.head || (a.traceId < b.traceId ? -1 : 1)

export function enqueue(queue: SettledQueue, settled: readonly SettledTrace[]): void {
  for (const trace of settled) {
    queue.traces.push(trace)
    queue.spans += trace.rows
  }
  queue.traces.sort(byPlace)
}

/** Takes the traces of the next job: at least one where there is any, and not more spans than that together. */
export function cutJob(queue: SettledQueue, mostSpans: number): SettledTrace[] {
  const { traces, reached } = queue
  let spans = 0
  const cut = (from: number): SettledTrace[] => {
    let to = from
    for (; to < traces.length; to++) {
      const { rows } = traces[to]!
      if (spans > 0 && spans + rows > mostSpans) break
      spans += rows
    }
    return traces.splice(from, to - from)
  }
  const next = reached ? traces.findIndex((trace) => byPlace(reached, trace) < 0) : 0
  const job = next > 0 ? cut(next) : []
  if (next <= 0 || next === traces.length) job.push(...cut(0))
  queue.spans -= spans
  queue.reached = job.at(-1)
  return job
}
