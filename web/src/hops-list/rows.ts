/** What the two lists search in and sort by. */
import type { HopItem, ProxyItem } from '../../../server/api/contract-measurements.ts'
import type { Distribution } from '../../../server/api/contract.ts'
import { roleWord } from '../format/roles.ts'

export const columnQuantiles = ['p50', 'p95', 'p99'] as const
export type ColumnQuantile = (typeof columnQuantiles)[number]

/** All words of the search have to be in what a row says, in any order. */
export function matches(search: string, said: readonly string[]): boolean {
  const all = said.join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}

export function hopWords(hop: HopItem): string[] {
  const { from, to } = endsOf(hop)
  return [from, '→', to, hop.kind, hop.namespace, ...hop.viaProxies.flatMap(({ name, family }) => [name, family])]
}

export function proxyWords({ name, family, role, workload, namespace }: ProxyItem): string[] {
  return [name, family, role, roleWord(role), workload, namespace]
}

/** Where no application is at an end, nobody knows who is there. */
export function endsOf({ caller, callee }: HopItem): { from: string; to: string } {
  return { from: caller || 'outside', to: callee || 'outside' }
}

/** The level with most requests, which columns sort by; undefined: no request is known at any. */
export function mainLevel(levels: readonly Distribution[]): Distribution | undefined {
  return levels.find(({ n }) => n > 0)
}

/** The percentile that lists open on: the highest that anything in them states. */
export function openingQuantile(distributions: readonly (Distribution | undefined)[]): ColumnQuantile {
  const isStated = (quantile: ColumnQuantile) =>
    distributions.some((distribution) => (distribution?.[`${quantile}Ns`] ?? null) !== null)
  return columnQuantiles.findLast(isStated) ?? 'p99'
}
