/** Mesh and gateway tax of a window (algorithms.md D8) as figures. */
import type { Distribution, Fidelity } from '../../../server/api/contract.ts'
import type { WindowTax } from '../../../server/api/contract-measurements.ts'
import type { Figure } from '../format/figure.ts'

export interface TaxFigures {
  readonly mean: Figure
  /** Of end-to-end time, 0..1. */
  readonly share: { readonly value: number; readonly lo: number; readonly hi: number }
  /** What a single request pays, at the level with most requests; null where none is known. */
  readonly distribution: Distribution | null
}

const signs = { exact: '', bounded: '≤', modelled: '≈' } as const

export function taxFigures({ n, lowerNs, upperNs, estimateNs, share, distributions }: WindowTax): TaxFigures {
  const fidelity: Exclude<Fidelity, 'unknown'> =
    lowerNs === upperNs ? 'exact' : estimateNs === null ? 'bounded' : 'modelled'
  const ns = estimateNs ?? upperNs
  const mean = { ns, sign: signs[fidelity], fidelity, why: [], n, loNs: lowerNs, hiNs: upperNs }
  // share = ns / end-to-end, so that the bounds' shares follow without another figure.
  const of = (part: number) => (ns > 0 ? (part / ns) * share : 0)
  const distribution = distributions.reduce<Distribution | null>(
    (most, one) => (most === null || one.n > most.n ? one : most),
    null,
  )
  return { mean, share: { value: share, lo: of(lowerNs), hi: of(upperNs) }, distribution }
}

/** A mean is never shown alone: the highest percentile that may stand beside it. */
export function highestStated({ p99Ns, p95Ns }: Distribution): 'p99' | 'p95' | 'p50' {
  return p99Ns !== null ? 'p99' : p95Ns !== null ? 'p95' : 'p50'
}
