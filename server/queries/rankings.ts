import type { Mover, Worst } from '../api/contract-measurements.ts'
import { bucketsPerOctave } from '../statistics/histogram.ts'
import { distributionOf, distributionsOf, mainDistribution, sumOf, unknownOf, type LevelRow } from './distributions.ts'
import type { HopName, ProxyName } from './names.ts'

/** A proxy by its added time, or a hop by its transit, with its levels now and in the period before. */
export interface Ranked {
  readonly kind: 'proxy' | 'hop'
  readonly id: string
  readonly name: string
  readonly family: string
  readonly now: readonly LevelRow[]
  readonly before: readonly LevelRow[]
}

const metricOf = { proxy: 'added', hop: 'transit' } as const

export const proxyLabel = (name: ProxyName | undefined, id: string) => ({
  name: name?.name ?? id,
  family: name?.family ?? '',
})

export const hopLabel = (name: HopName | undefined, id: string) => ({
  name: name ? `${name.caller} → ${name.callee}`.trim() : id,
  family: '',
})

/** The highest p99 first, then the highest p50 of those whose p99 cannot be claimed, then what has neither. */
export function worstOf(ranked: readonly Ranked[], limit: number): Worst[] {
  return ranked
    .map(({ kind, id, name, family, now }) => {
      const { fidelity, p50Ns, p99Ns, reasons } = mainDistribution(now)
      const requests = sumOf(now, 'requests')
      const why = reasons.filter((reason) => /^(p50|p99|no)_/.test(reason))
      return { kind, id, name, family, metric: metricOf[kind], fidelity, requests, p50Ns, p99Ns, reasons: why }
    })
    .sort(
      (a, b) =>
        (b.p99Ns ?? -Infinity) - (a.p99Ns ?? -Infinity) ||
        (b.p50Ns ?? -Infinity) - (a.p50Ns ?? -Infinity) ||
        b.requests - a.requests ||
        (a.id < b.id ? -1 : 1),
    )
    .slice(0, limit)
}

/** Changes against the period before at the same level: of p99 where both may be claimed, else of p50. Largest first. */
export function moversOf(ranked: readonly Ranked[], limit: number): Mover[] {
  return ranked
    .flatMap(moverOf)
    .sort((a, b) => Math.abs(b.diffNs) - Math.abs(a.diffNs) || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

/** Values of neighbouring buckets may be equal. */
const leastChange = 2 ** (1 / bucketsPerOctave) - 1 + 1e-3

function moverOf({ kind, id, name, now, before }: Ranked): Mover[] {
  const [main] = distributionsOf(now)
  const same = before.find((row) => row.fidelity === main?.fidelity)
  if (!main || !same) return []
  const earlier = distributionOf(same, unknownOf(before))
  const change = (q: number, beforeNs: number | null, afterNs: number | null): Mover[] => {
    if (beforeNs === null || afterNs === null) return []
    const diffNs = afterNs - beforeNs
    if (Math.abs(diffNs) <= leastChange * Math.abs(beforeNs)) return []
    const { fidelity, n } = main
    return [{ kind, id, name, metric: metricOf[kind], fidelity, q, beforeNs, afterNs, diffNs, nBefore: earlier.n, n }]
  }
  const claimed = main.p99Ns !== null && earlier.p99Ns !== null
  return claimed ? change(0.99, earlier.p99Ns, main.p99Ns) : change(0.5, earlier.p50Ns, main.p50Ns)
}
