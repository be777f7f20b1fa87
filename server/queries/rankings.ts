import type { Mover, Worst } from '../api/contract-measurements.ts'
import type { Role } from '../api/contract.ts'
import {
  distributionOf,
  intervalOf,
  mainDistribution,
  percentilesOf,
  sumOf,
  unknownOf,
  type LevelRow,
} from './distributions.ts'
import type { HopName, ProxyName } from './names.ts'

/** A proxy by its added time, or a hop by its transit, with its levels now and in the period before. */
export interface Ranked {
  readonly kind: 'proxy' | 'hop'
  readonly id: string
  readonly name: string
  readonly family: string
  /** null for a hop and for a proxy whose words are not known. */
  readonly role: Role | null
  readonly now: readonly LevelRow[]
  readonly before: readonly LevelRow[]
}

const metricOf = { proxy: 'added', hop: 'transit' } as const

export const proxyLabel = (name: ProxyName | undefined, id: string) => ({
  name: name?.name ?? id,
  family: name?.family ?? '',
  role: name?.role ?? null,
})

/** An end that no application is at bears the name of the proxy there: two gateways before one service are two hops. */
export const hopLabel = (name: HopName | undefined, id: string, proxies: ReadonlyMap<string, ProxyName>) => ({
  name: name
    ? `${name.caller || proxyAt(proxies, name.via[0])} → ${name.callee || proxyAt(proxies, name.via.at(-1))}`.trim()
    : id,
  family: '',
  role: null,
})

function proxyAt(proxies: ReadonlyMap<string, ProxyName>, id: string | undefined): string {
  return (id !== undefined && proxies.get(id)?.name) || ''
}

const rankedBy = ['p99Ns', 'p999Ns', 'p95Ns', 'p90Ns', 'p75Ns', 'p50Ns', 'maxNs', 'meanNs'] as const

/**
 * The `limit` highest at each percentile, max and mean, so that a reader may rank by any of them. The highest p99 first, then the
 * highest p50 of those whose p99 cannot be claimed, then what has neither.
 */
export function worstOf(ranked: readonly Ranked[], limit: number): Worst[] {
  const all = ranked.map(statedOf)
  const worst = new Set(rankedBy.flatMap((key) => firstOf(all, highest(key), limit)))
  return [...worst].sort(highest('p99Ns'))
}

/** The first in an order that leaves none equal; the others are not sorted. */
function firstOf<Item>(all: readonly Item[], order: (a: Item, b: Item) => number, limit: number): Item[] {
  const first: Item[] = []
  for (const item of all) {
    const after = first.findLastIndex((other) => order(other, item) < 0)
    if (after + 1 < limit) first.splice(after + 1, 0, item)
    if (first.length > limit) first.pop()
  }
  return first
}

function statedOf({ kind, id, name, family, role, now }: Ranked): Worst {
  const main = mainDistribution(now)
  const { n, coverage, fidelity, reasons } = main
  const requests = sumOf(now, 'requests')
  return {
    ...{ kind, id, name, family, role, metric: metricOf[kind], fidelity, n, coverage, requests, reasons },
    ...percentilesOf(main),
  }
}

function highest(key: (typeof rankedBy)[number]): (a: Worst, b: Worst) => number {
  return (a, b) =>
    (b[key] ?? -Infinity) - (a[key] ?? -Infinity) ||
    (b.p50Ns ?? -Infinity) - (a.p50Ns ?? -Infinity) ||
    b.requests - a.requests ||
    (a.id < b.id ? -1 : 1)
}

const movedBy = [
  { q: 0.99, key: 'p99Ns' },
  { q: 0.95, key: 'p95Ns' },
  { q: 0.5, key: 'p50Ns' },
] as const

/**
 * Changes against the period before at the same level, of the highest of p99, p95 and p50 that both may claim, that are more
 * than chance: the 95 % intervals lie apart. Largest first.
 */
export function moversOf(ranked: readonly Ranked[], limit: number): Mover[] {
  return ranked
    .flatMap(moverOf)
    .sort((a, b) => Math.abs(b.diffNs) - Math.abs(a.diffNs) || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

function moverOf({ kind, id, name, now, before }: Ranked): Mover[] {
  const after = mainDistribution(now)
  const { fidelity, n } = after
  const [row, earlierRow] = [now, before].map((rows) => rows.find((level) => level.fidelity === fidelity))
  if (fidelity === 'unknown' || !row || !earlierRow) return []
  const earlier = distributionOf(earlierRow, unknownOf(before))
  const moved = movedBy.find(({ key }) => earlier[key] !== null && after[key] !== null)
  if (!moved) return []
  const { q, key } = moved
  const [beforeNs, afterNs] = [earlier[key]!, after[key]!]
  const [from, to] = intervalOf(row, q)
  const [fromBefore, toBefore] = intervalOf(earlierRow, q)
  if (from <= toBefore && fromBefore <= to) return []
  const diffNs = afterNs - beforeNs
  return [{ kind, id, name, metric: metricOf[kind], fidelity, q, beforeNs, afterNs, diffNs, nBefore: earlier.n, n }]
}
