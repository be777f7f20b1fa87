import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { AttributeKey, AttributeValue } from '../api/contract-catalogue.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import type { Window } from './rollup-window.ts'

const sql = loadSql(import.meta.url, 'attribute-values.sql')

/** Columns of facts behind each key; of what both know, a value counts where it has more requests. */
const columns: Record<AttributeKey, Partial<Record<'hops' | 'proxies', string>>> = {
  environment: { hops: 'environment', proxies: 'environment' },
  cluster: { hops: 'cluster', proxies: 'cluster' },
  namespace: { hops: 'namespace', proxies: 'namespace' },
  family: { proxies: 'family' },
  role: { proxies: 'role' },
  version: { hops: 'callee_version', proxies: 'version' },
  route: { hops: 'route', proxies: 'route' },
  instance: { proxies: 'instance' },
  node: { proxies: 'node' },
  zone: { proxies: 'zone' },
  dataPlane: { hops: 'data_plane' },
}

/** What a filter by `key` can be set to, most requests first. */
export async function listAttributeValues(
  clickhouse: ClickHouse,
  { key, window }: { key: AttributeKey; window: Window },
  options: QueryOf,
): Promise<AttributeValue[]> {
  const found = await Promise.all(
    Object.entries(columns[key]).map(([table, column]) =>
      clickhouse.query<AttributeValue>(sql, { table, column, ...window }, partOf(options, table)),
    ),
  )
  const most = new Map<string, number>()
  for (const { value, requests } of found.flat()) most.set(value, Math.max(requests, most.get(value) ?? 0))
  return [...most]
    .map(([value, requests]) => ({ value, requests }))
    .sort((a, b) => b.requests - a.requests || (a.value < b.value ? -1 : 1))
}
