/** A number with how sure it is: what every screen shows of a Measure or of a quantile of a Distribution. */
import type { Distribution, Fidelity, Measure, Tax } from '../../../server/api/contract.ts'

export interface Figure {
  /** null: there is none to show, `why` and `needed` say why. */
  readonly ns: number | null
  readonly sign: '' | '≤' | '≥' | '≈'
  readonly fidelity: Fidelity
  /** Flags of algorithms.md D9 and refusals of the claim table, as the API sends them. */
  readonly why: readonly string[]
  /** So many values would be needed; set when there are fewer. */
  readonly needed?: number
  /** Share of requests whose value is known, 0..1; set when that is too small for the claim. */
  readonly known?: number
  /** Requests behind the figure, where it is one of many. */
  readonly n?: number
  /** Of a mean that stands alone otherwise: the median beside it. */
  readonly medianNs?: number | null
  readonly loNs?: number | null
  readonly hiNs?: number | null
}

export const quantiles = ['p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'max', 'mean'] as const
export type Quantile = (typeof quantiles)[number]

/** As people write it: `p99.9`. */
export const quantileName = (quantile: Quantile): string => (quantile === 'p999' ? 'p99.9' : quantile)

/** Percentiles and mean of many latencies, as the API sends them. */
export type Quantiles = Pick<Distribution, `${Quantile}Ns`>

const standing: readonly Quantile[] = ['p50', 'p95', 'p99']

/** What is shown where there is room for several: p50, p95, p99 and the one chosen, in their order. A mean is never alone. */
export const quantilesWith = (chosen: Quantile): Quantile[] =>
  quantiles.filter((quantile) => quantile === chosen || standing.includes(quantile))

/** What is shown where there is room for two: p50 and the one chosen. */
export const besideMedian = (chosen: Quantile): Quantile[] => ['p50', chosen === 'p50' ? 'p99' : chosen]

/** What a page opens on: the highest of p99, p95 and p50 that any of them states, so that it is no column of refusals. */
export function openingQuantile(of: readonly (Quantiles | undefined)[]): Quantile {
  return standing.findLast((quantile) => of.some((each) => (each?.[`${quantile}Ns`] ?? null) !== null)) ?? 'p99'
}

/** The claim table of algorithms.md section 6, for the words only: the API has already refused. */
export const valuesNeeded: Record<Quantile, number> = {
  p50: 200,
  p75: 200,
  p90: 200,
  p95: 400,
  p99: 2_000,
  p999: 20_000,
  max: 1,
  mean: 200,
}

export const signOf: Record<Fidelity, Figure['sign']> = { exact: '', bounded: '≤', modelled: '≈', unknown: '' }

export function figureOfMeasure({ ns, loNs, hiNs, fidelity, reasons }: Measure): Figure {
  const base = { fidelity, why: reasons, loNs, hiNs }
  if (fidelity === 'bounded') {
    // Open above: all that is known is that it was not less.
    return hiNs === null ? { ...base, ns: loNs, sign: '≥' } : { ...base, ns: hiNs, sign: '≤' }
  }
  return { ...base, ns, sign: signOf[fidelity] }
}

/** algorithms.md D8: the estimate where there is one, else at most the upper bound; the same bounds are a measurement. */
export function figureOfTax({ lowerNs, upperNs, estimateNs }: Tax): Figure {
  const base = { why: [], loNs: lowerNs, hiNs: upperNs }
  if (lowerNs === upperNs) return { ...base, ns: upperNs, sign: signOf.exact, fidelity: 'exact' }
  if (estimateNs !== null) return { ...base, ns: estimateNs, sign: signOf.modelled, fidelity: 'modelled' }
  return { ...base, ns: upperNs, sign: signOf.bounded, fidelity: 'bounded' }
}

export function figureOf(distribution: Distribution, quantile: Quantile): Figure {
  const { n, fidelity, reasons } = distribution
  const figure = figureOfQuantile(quantile, distribution[`${quantile}Ns`], n, fidelity, reasons)
  const isUncovered = figure.ns === null && figure.needed === undefined && n > 0
  return isUncovered ? { ...figure, known: distribution.coverage } : figure
}

/** A mean is never shown alone: where there is one figure only, it brings its median along. */
export const withMedian = (figure: Figure, quantile: Quantile, { p50Ns }: Pick<Quantiles, 'p50Ns'>): Figure =>
  quantile === 'mean' ? { ...figure, medianNs: p50Ns } : figure

/** For shapes that carry single quantiles instead of a whole distribution. */
export function figureOfQuantile(
  quantile: Quantile,
  ns: number | null,
  n: number,
  fidelity: Fidelity,
  reasons: readonly string[],
): Figure {
  const base = { ns, sign: ns === null ? ('' as const) : signOf[fidelity], fidelity, n, why: whyOf(quantile, reasons) }
  return ns === null && n < valuesNeeded[quantile] ? { ...base, needed: valuesNeeded[quantile] } : base
}

/** The API names refusals with their quantile in front: `p99_few_samples` does not concern p50. */
function whyOf(quantile: Quantile, reasons: readonly string[]): string[] {
  return reasons.filter((reason) => {
    const named = /^(p\d+|max|mean)_/.exec(reason)?.[1]
    return named === undefined || named === quantile
  })
}

const fidelityWords: Record<Fidelity, string> = {
  exact: 'exact: measured on one machine’s clock',
  bounded: 'bounded: at most this much, from durations alone',
  modelled: 'modelled: an estimate between known bounds',
  unknown: 'unknown: not measurable from the spans there are',
}

export function fidelityInWords(fidelity: Fidelity): string {
  return fidelityWords[fidelity]
}
