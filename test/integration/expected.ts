import type { Distribution, Fidelity } from '../../server/api/contract.ts'
import type { Measure } from '../../server/analysis/types.ts'
import { histogramOf, quantile, upperEdge } from '../../server/statistics/histogram.ts'

/** What the API must say about measures, computed from them one by one. */

/** What a distribution holds of a measure, by api.md: the value, the upper bound, the estimate; null for none. */
export function valueOf({ fidelity, ns, hiNs }: Measure): number | null {
  return fidelity === 'bounded' ? hiNs : ns
}

export const atLevel = (measures: readonly Measure[], fidelity: Fidelity): Measure[] =>
  measures.filter((measure) => measure.fidelity === fidelity)

/** Finite values of one level. */
export const valuesAt = (measures: readonly Measure[], fidelity: Fidelity): number[] =>
  atLevel(measures, fidelity).flatMap((measure) => valueOf(measure) ?? [])

/** n and the greatest share of missing values that section 6 of algorithms.md asks for. */
const claims = [
  ['p50', 0.5, 200, 0.2],
  ['p75', 0.75, 200, 0.125],
  ['p90', 0.9, 200, 0.05],
  ['p95', 0.95, 400, 0.025],
  ['p99', 0.99, 2000, 0.005],
  ['p999', 0.999, 20000, 0.0005],
] as const

/** One a level, the level with most requests first. */
export function distributionsOf(measures: readonly Measure[]): Distribution[] {
  const unknown = atLevel(measures, 'unknown').length
  return (['exact', 'bounded', 'modelled'] as const)
    .map((fidelity) => ({ fidelity, requests: atLevel(measures, fidelity).length }))
    .filter(({ requests }) => requests > 0)
    .sort((a, b) => b.requests - a.requests)
    .map(({ fidelity, requests }) => distribution(valuesAt(measures, fidelity), { fidelity, requests, unknown }))
}

function distribution(
  values: readonly number[],
  { fidelity, requests, unknown }: { fidelity: Fidelity; requests: number; unknown: number },
): Distribution {
  const coverage = values.length / (requests + unknown)
  const reasons: string[] = []
  const histogram = histogramOf(values)
  const said = claims.map(([name, q, needed, missing]) => {
    const why = values.length < needed ? 'few_samples' : 1 - coverage > missing + 1e-9 ? 'low_coverage' : ''
    if (why) reasons.push(`${name}_${why}`)
    return why ? null : Math.round(quantile(histogram, q)!)
  })
  const mean = said[0] === null ? null : Math.round(values.reduce((a, b) => a + b, 0) / values.length)
  if (mean === null) reasons.push(reasons[0]!.replace('p50', 'mean'))
  const edge = upperEdge(histogram)
  const [p50Ns, p75Ns, p90Ns, p95Ns, p99Ns, p999Ns] = said as [number | null, ...(number | null)[]]
  return {
    n: requests,
    coverage,
    fidelity,
    ...{ p50Ns, p75Ns: p75Ns!, p90Ns: p90Ns!, p95Ns: p95Ns!, p99Ns: p99Ns!, p999Ns: p999Ns! },
    maxNs: edge === null ? null : Math.round(edge),
    meanNs: mean,
    reasons,
  }
}
