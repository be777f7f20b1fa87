import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { HopKind, Role } from '../api/contract.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { hexOf, unsignedOf } from './rollup-window.ts'

const proxySql = loadSql(import.meta.url, 'proxy-names.sql')
const hopSql = loadSql(import.meta.url, 'hop-names.sql')

export interface ProxyName {
  /** 16 hex digits. */
  id: string
  environment: string
  cluster: string
  namespace: string
  family: string
  workload: string
  role: Role
  name: string
}

export interface HopName {
  /** 16 hex digits. */
  id: string
  environment: string
  cluster: string
  namespace: string
  kind: HopKind
  caller: string
  callee: string
  /** 16 hex digits each, caller to callee. */
  via: string[]
}

/** What proxies are called, by id. @param ids 16 hex digits each; none: all. */
export async function readProxyNames(
  clickhouse: ClickHouse,
  ids: readonly string[],
  options: QueryOf,
): Promise<Map<string, ProxyName>> {
  const rows = await clickhouse.query<ProxyName>(proxySql, { ids: ids.map(unsignedOf) }, options)
  return new Map(rows.map((row) => [hexOf(row.id), { ...row, id: hexOf(row.id) }]))
}

/** What lies at the ends of hops and between, by id. @param ids 16 hex digits each; none: all. */
export async function readHopNames(
  clickhouse: ClickHouse,
  ids: readonly string[],
  options: QueryOf,
): Promise<Map<string, HopName>> {
  const rows = await clickhouse.query<HopName>(hopSql, { ids: ids.map(unsignedOf) }, options)
  return new Map(rows.map((row) => [hexOf(row.id), { ...row, id: hexOf(row.id), via: row.via.map(hexOf) }]))
}
