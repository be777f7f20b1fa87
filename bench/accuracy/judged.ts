/** What is said of one request through one proxy, and what is true. */
export interface Judged {
  readonly source: 'recorded' | 'generated'
  /** overhead: in-process time (D4). added: added time (D4b). */
  readonly measure: 'overhead' | 'added'
  readonly family: string
  readonly sends: string
  /** Who emitted the spans behind it, as far as they are there: families and SDKs. */
  readonly before: string
  /** none: there is no such traversal in the trace as hopscope shows it. */
  readonly fidelity: 'exact' | 'bounded' | 'modelled' | 'unknown' | 'none'
  readonly ns: number | null
  readonly loNs: number | null
  readonly hiNs: number | null
  /** null: no independent truth; packets hold more than the in-process time. */
  readonly truthNs: number | null
  /** Nothing true is less than this, ns: recorded and true times are read at different places. */
  readonly toleranceNs: number
  /** Certainly not more than this: in-process time is not above what packets show. */
  readonly atMostNs?: number
}

/** The interval holds what is true. */
export function holds({ loNs, hiNs, truthNs, atMostNs, toleranceNs }: Judged): boolean {
  if (atMostNs !== undefined && (loNs ?? 0) > atMostNs + toleranceNs) return false
  if (truthNs === null) return true
  return (loNs ?? 0) <= truthNs + toleranceNs && (hiNs === null || hiNs >= truthNs - toleranceNs)
}

export const isBeforeNode = ({ before }: Judged): boolean => before.split(' + ').includes('node')
export const isClaimed = ({ fidelity }: Judged): boolean => fidelity !== 'unknown' && fidelity !== 'none'

export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null
}

export const median = (values: readonly number[]): number | null => quantile(values, 0.5)
export const share = (part: number, of: number): number => (of === 0 ? 0 : part / of)
