import { Flag } from './flags.ts'
import type { Node } from './node.ts'

/** Of how many requests a trace is one, and the D9 flag where that is not known. */
export interface Sampling {
  readonly weight: number
  readonly flags: number
}

/**
 * Section 6. Tracestate tells the probability of a consistent sampler: the first span that has it counts. Without, everything
 * is taken to have been kept, or kept evenly; but not where a tail sampler chose by latency or errors, or where a threshold
 * is given that nobody can read: then the weight is not known.
 */
export function samplingOf(order: readonly Node[]): Sampling {
  let doubt = false
  for (const { input } of order) {
    doubt ||= input.scope.tailSampled === true
    if (!input.traceState) continue
    const weight = weightOf(input.traceState)
    if (weight !== undefined) return { weight, flags: 0 }
    doubt ||= thresholdOf(input.traceState) !== undefined
  }
  return { weight: 1, flags: doubt ? Flag.weightUnknown : 0 }
}

/** What `ot=th:` says in a tracestate, readable or not. */
const thresholdOf = (traceState: string): string | undefined =>
  /(?:^|,)\s*ot=(?:[^,]*;)?th:([^;,\s]*)/.exec(traceState)?.[1]

/**
 * Weight of a trace by consistent probability sampling (algorithms.md section 6): tracestate `ot=th:T` says that the
 * share T / 2^56 of traces was dropped, T being hex digits with trailing zeros left out. undefined: not told.
 */
export function weightOf(traceState: string): number | undefined {
  const threshold = thresholdOf(traceState)
  if (threshold === undefined || !/^[0-9a-f]{1,14}$/.test(threshold)) return undefined
  const dropped = parseInt(threshold, 16) / 16 ** threshold.length
  return 1 / (1 - dropped)
}
