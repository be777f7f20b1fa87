import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { RuleFilter } from '../../api/contract-alert-rules.ts'
import { loadSql } from '../load-sql.ts'
import { readAllHopNames, readAllProxyNames, type HopName, type ProxyName } from '../names.ts'
import type { QueryOf } from '../query-of.ts'
import { hopLabel, proxyLabel } from '../rankings.ts'
import { hexOf, type Window } from '../rollup-window.ts'

const routesSql = loadSql(import.meta.url, 'routes-by-id.sql')

export interface RouteName {
  readonly id: string
  readonly service: string
  readonly name: string
}

/** What rules are about, by id (16 hex digits). */
export interface Subjects {
  readonly proxies: ReadonlyMap<string, ProxyName>
  readonly hops: ReadonlyMap<string, HopName>
  readonly routes: ReadonlyMap<string, RouteName>
}

/** @param routesOf routes are those of requests of this window; none without it. */
export async function readSubjects(clickhouse: ClickHouse, options: QueryOf, routesOf?: Window): Promise<Subjects> {
  const [proxies, hops, routes] = await Promise.all([
    readAllProxyNames(clickhouse, { ...options, queryId: `${options.queryId}-proxies` }),
    readAllHopNames(clickhouse, { ...options, queryId: `${options.queryId}-hops` }),
    routesOf === undefined ? [] : clickhouse.query<RouteName>(routesSql, { ...routesOf }, { signal: options.signal }),
  ])
  return { proxies, hops, routes: new Map(routes.map((route) => [hexOf(route.id), { ...route, id: hexOf(route.id) }])) }
}

export function labelOf({ proxies, hops, routes }: Subjects, kind: 'proxy' | 'hop' | 'trace', id: string): string {
  if (kind === 'proxy') return proxyLabel(proxies.get(id), id).name
  if (kind === 'hop') return hopLabel(hops.get(id), id, proxies).name
  const route = routes.get(id)
  return route ? `${route.service} ${route.name}`.trim() : id
}

/** Whether a rule is about it. */
export function isAbout(filter: RuleFilter, subjects: Subjects, kind: 'proxy' | 'hop' | 'trace', id: string): boolean {
  const { proxy, hop, family, service, route } = filter
  if (kind === 'proxy') {
    const name = subjects.proxies.get(id)
    if (proxy !== undefined && proxy !== id) return false
    if (family !== undefined && name?.family !== family) return false
    return service === undefined || name?.name === service || name?.workload === service
  }
  if (kind === 'hop') {
    const name = subjects.hops.get(id)
    if (hop !== undefined && hop !== id) return false
    return service === undefined || name?.caller === service || name?.callee === service
  }
  const name = subjects.routes.get(id)
  if (route !== undefined && route !== id && route !== name?.name) return false
  return service === undefined || name?.service === service
}
