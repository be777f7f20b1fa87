/** What the two lists search in and sort by. */
import type { HopItem, ProxyItem } from '../../../server/api/contract-measurements.ts'
import type { Distribution } from '../../../server/api/contract.ts'
import { roleWord } from '../format/roles.ts'
import { endsOfHop } from '../hop/names.ts'
import { quantileCells, quantileHeads, type Table } from '../hop/tables.ts'

/** All words of the search have to be in what a row says, in any order. */
export function matches(search: string, said: readonly string[]): boolean {
  const all = said.join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}

export function hopWords(hop: HopItem): string[] {
  const { from, to } = endsOfHop(hop)
  return [from, '→', to, hop.kind, hop.namespace, ...hop.viaProxies.flatMap(({ name, family }) => [name, family])]
}

export function proxyWords({ name, family, role, workload, namespace }: ProxyItem): string[] {
  return [name, family, role, roleWord(role), workload, namespace]
}

/** The level with most requests, which columns sort by; undefined: no request is known at any. */
export function mainLevel(levels: readonly Distribution[]): Distribution | undefined {
  return levels.find(({ n }) => n > 0)
}

export const hopsTable = (hops: readonly HopItem[]): Table => ({
  name: 'hops',
  head: [...['hop id', 'caller', 'callee', 'kind', 'via', 'requests', 'errors', 'level', 'coverage'], ...quantileHeads],
  rows: hops.map((hop) => [
    ...[hop.id, hop.caller, hop.callee, hop.kind, hop.viaProxies.map(({ name }) => name).join(' > ')],
    ...[hop.requests, hop.errors, hop.transit.fidelity, hop.transit.coverage, ...quantileCells(hop.transit)],
  ]),
})

/** A row a level: levels are never mixed. */
export const proxiesTable = (proxies: readonly ProxyItem[]): Table => ({
  name: 'proxies',
  head: [
    ...['proxy id', 'name', 'family', 'role', 'namespace', 'instances', 'requests', 'errors', 'coverage'],
    ...['level of added time', 'n', ...quantileHeads],
  ],
  rows: proxies.flatMap(({ added, ...proxy }) =>
    (added.length > 0 ? added : [undefined]).map((level) => [
      ...[proxy.id, proxy.name, proxy.family, proxy.role, proxy.namespace, proxy.instances],
      ...[proxy.requests, proxy.errors, proxy.coverage],
      ...[level?.fidelity ?? 'unknown', level?.n ?? 0, ...quantileCells(level)],
    ]),
  ),
})
