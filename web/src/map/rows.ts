/** The map's hops as text: names, and the table as a file. */
import type { MapHop, MapProxy } from '../../../server/api/contract-map.ts'
import type { CsvCell } from '../format/csv.ts'
import { quantileName } from '../format/figure.ts'
import { nameOfHop } from '../hop/names.ts'
import { highestOnWay } from './figures.ts'
import { wayOf, type Model } from './model.ts'

export function nameOf(hop: MapHop, proxies: ReadonlyMap<string, MapProxy>): string {
  return nameOfHop({ caller: hop.caller, callee: hop.callee, viaProxies: wayOf(hop, proxies) })
}

export interface FileTable {
  readonly name: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly CsvCell[])[]
}

export function hopTable({ shown, found, proxies, asked: { quantile } }: Model): FileTable {
  return {
    name: 'hops of the map',
    head: [
      ...['hop id', 'caller', 'callee', 'via', 'requests', 'errors', 'error rate'],
      ...[`transit ${quantileName(quantile)} ns`, 'transit level', `wire ${quantileName(quantile)} ns`, 'wire level'],
      ...[`highest added ${quantileName(quantile)} ns`, 'added level'],
    ],
    rows: shown
      .filter(({ id }) => !found || found.has(id))
      .map((hop) => {
        const way = wayOf(hop, proxies)
        const added = highestOnWay(way, 'added', quantile)?.figure
        return [
          ...[hop.id, hop.caller, hop.callee, way.map(({ name }) => name).join(' > ')],
          ...[hop.requests, hop.errors, hop.errorRate],
          ...[hop.transit[`${quantile}Ns`], hop.transit.fidelity, hop.wire[`${quantile}Ns`], hop.wire.fidelity],
          ...[added?.ns ?? null, added?.fidelity ?? null],
        ]
      }),
  }
}
