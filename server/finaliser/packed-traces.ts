import type { JobTrace } from './analyse-job.ts'

/** The traces of an order on their way to a thread: an object a trace costs six times as much to copy there. */
export interface PackedTraces {
  /** 32 hex digits each. */
  readonly ids: string
  /** Five a trace: first minute, last minute, rows, first and last batch. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** By their place: those of which there is more to say, which are few. */
  readonly special: ReadonlyMap<number, JobTrace>
}

const width = 5

export function packTraces(traces: readonly JobTrace[]): PackedTraces {
  const numbers = new Float64Array(width * traces.length)
  const special = new Map<number, JobTrace>()
  traces.forEach((trace, i) => {
    const { firstMinute, lastMinute, rows, firstBatchMs, lastBatchMs } = trace
    numbers.set([firstMinute, lastMinute, rows, firstBatchMs, lastBatchMs], width * i)
    if (trace.facts || trace.early || trace.poisonous) special.set(i, trace)
  })
  return { ids: traces.map(({ traceId }) => traceId).join(''), numbers, special }
}

export function unpackTraces({ ids, numbers, special }: PackedTraces): JobTrace[] {
  return Array.from({ length: numbers.length / width }, (_, i) => {
    const known = special.get(i)
    if (known) return known
    return {
      traceId: ids.slice(32 * i, 32 * i + 32),
      firstMinute: numbers[width * i]!,
      lastMinute: numbers[width * i + 1]!,
      rows: numbers[width * i + 2]!,
      firstBatchMs: numbers[width * i + 3]!,
      lastBatchMs: numbers[width * i + 4]!,
      facts: null,
      early: false,
      poisonous: false,
    }
  })
}
