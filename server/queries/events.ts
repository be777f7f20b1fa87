import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { EventItem, EventRequest } from '../api/contract-events.ts'
import { clockMs } from './finaliser/following.ts'
import { loadSql } from './load-sql.ts'
import { readProxyNames } from './names.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { hexOf, unsignedOf, type Window } from './rollup-window.ts'
import { changesIn, lookbackMs, type VersionHour } from './version-changes.ts'

const eventsSql = loadSql(import.meta.url, 'events.sql')
const versionsSql = loadSql(import.meta.url, 'versions.sql')

/** Told events of one answer at most: more would be a wall of markers. */
const most = 1_000

/** What happened in the window, oldest first: what was told, and versions that were seen anew. */
export async function listEvents(clickhouse: ClickHouse, window: Window, options: QueryOf): Promise<EventItem[]> {
  const [told, hours] = await Promise.all([
    clickhouse.query<Omit<EventItem, 'source' | 'proxyId'> & { id: string }>(
      eventsSql,
      { ...window, most },
      partOf(options, 'events'),
    ),
    clickhouse.query<VersionHour>(
      versionsSql,
      { fromMs: Math.max(0, window.fromMs - lookbackMs), toMs: window.toMs },
      partOf(options, 'versions'),
    ),
  ])
  const changes = changesIn(hours, window)
  const ids = changes.flatMap(({ of }) => (of.kind === 'proxy' ? [hexOf(of.id)] : []))
  const names = await readProxyNames(clickhouse, ids, partOf(options, 'names'))
  const seen = changes.map(({ of, version, before, atUnixNano }): EventItem => {
    const proxyId = of.kind === 'proxy' ? hexOf(of.id) : null
    const service = proxyId === null ? of.service : (names.get(proxyId)?.name ?? proxyId)
    const { environment, cluster, namespace } = of
    const labels = { service, version, before: before.join(', '), environment, cluster, namespace }
    return {
      id: null,
      source: 'seen',
      kind: 'version',
      title: `${service} ${version}`,
      atUnixNano,
      labels: Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== '')),
      proxyId,
    }
  })
  return [
    ...told.map((event): EventItem => ({ ...event, id: hexOf(event.id), source: 'told', proxyId: null })),
    ...seen,
  ].sort((a, b) => (BigInt(a.atUnixNano) < BigInt(b.atUnixNano) ? -1 : 1))
}

/** Stores it, under a random id. */
export async function storeEvent(clickhouse: ClickHouse, event: EventRequest): Promise<EventItem> {
  const id = hexOf(
    String(BigInt(Math.floor(Math.random() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(Math.random() * 2 ** 32))),
  )
  const { kind, title, labels } = event
  const atUnixNano = event.atUnixNano ?? `${await clockMs(clickhouse)}000000`
  await clickhouse.command(
    `INSERT INTO events (id, at, kind, title, labels) SELECT {id:UInt64}, fromUnixTimestamp64Nano({at:Int64}, 'UTC'),
      {kind:String}, {title:String}, mapFromArrays({keys:Array(String)}, {values:Array(String)})`,
    { id: unsignedOf(id), at: atUnixNano, kind, title, keys: Object.keys(labels), values: Object.values(labels) },
  )
  return { id, source: 'told', kind, title, atUnixNano, labels, proxyId: null }
}
