import type { JobTrace } from './analyse-job.ts'

/** The traces of an order on their way to a thread: an object a trace costs six times as much to copy there. */
export interface PackedTraces {
  /** 32 hex digits each. */
  readonly ids: string
  /** Three a trace: first minute, last minute, rows. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** By their place: those of which there is more to say, which are few. */
  readonly special: ReadonlyMap<number, JobTrace>
}

export function packTraces(traces: readonly JobTrace[]): PackedTraces {
  const numbers = new Float64Array(3 * traces.length)
  const special = new Map<number, JobTrace>()
  traces.forEach((trace, i) => {
    numbers[3 * i] = trace.firstMinute
    numbers[3 * i + 1] = trace.lastMinute
    numbers[3 * i + 2] = trace.rows
    if (trace.facts || trace.early || trace.poisonous) special.set(i, trace)
  })
  return { ids: traces.map(({ traceId }) => traceId).join(''), numbers, special }
}

export function unpackTraces({ ids, numbers, special }: PackedTraces): JobTrace[] {
  return Array.from({ length: numbers.length / 3 }, (_, i) => {
    const known = special.get(i)
    if (known) return known
    return {
      traceId: ids.slice(32 * i, 32 * i + 32),
      firstMinute: numbers[3 * i]!,
      lastMinute: numbers[3 * i + 1]!,
      rows: numbers[3 * i + 2]!,
      facts: null,
      early: false,
      poisonous: false,
    }
  })
}
