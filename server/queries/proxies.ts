import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { ProxyItem, ProxyList } from '../api/contract-measurements.ts'
import type { Role } from '../api/contract.ts'
import { byEntity, distributionsOf, mainDistribution, populationIn, readLevels, sumIn, sumOf } from './distributions.ts'
import type { LevelRow } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import { readProxyNames, type ProxyName } from './names.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { alignWindow, hexOf, type PlaceFilter, unsignedOf, type Window, windowRead } from './rollup-window.ts'

const instancesSql = loadSql(import.meta.url, 'proxy-instances.sql')
const instancesOfHoursSql = loadSql(import.meta.url, 'proxy-instances-hours.sql')
const hourMs = 3_600_000
const metrics = ['added', 'overhead', 'requestPath', 'responsePath', 'retry']

export interface ProxyFilter extends PlaceFilter {
  readonly family?: string | undefined
  readonly role?: Role | undefined
  /** Part of the name. */
  readonly q?: string | undefined
}

/** Proxies with requests in the window, most requests first. */
export async function listProxies(
  clickhouse: ClickHouse,
  { window, filter }: { window: Window; filter: ProxyFilter },
  options: QueryOf,
): Promise<ProxyList> {
  const { measured, names, instances } = await readMeasured(clickhouse, { window, place: filter, ids: [] }, options)
  const items = [...measured]
    .map(([id, metrics]) => proxyItem(names.get(id) ?? namelessProxy(id), metrics, instances.get(id) ?? 0))
    .filter((item) => matches(item, filter))
    .sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1))
  return { items, nextCursor: null, ...windowRead(window) }
}

/** Without requests in the window its numbers are 0; undefined when no such proxy was ever seen. */
export async function readProxy(
  clickhouse: ClickHouse,
  { window, id }: { window: Window; id: string },
  options: QueryOf,
): Promise<ProxyItem | undefined> {
  const { measured, names, instances } = await readMeasured(clickhouse, { window, place: {}, ids: [id] }, options)
  const name = names.get(id)
  return name && proxyItem(name, measured.get(id) ?? new Map(), instances.get(id) ?? 0)
}

async function readMeasured(
  clickhouse: ClickHouse,
  { window, place, ids }: { window: Window; place: PlaceFilter; ids: readonly string[] },
  options: QueryOf,
) {
  const [levels, instances] = await Promise.all([
    readLevels(
      clickhouse,
      { window, rows: { kinds: ['proxy'], metrics, ids }, place, histograms: ids.length > 0 ? 'all' : undefined },
      partOf(options, 'levels'),
    ),
    readInstances(clickhouse, window, ids, partOf(options, 'instances')),
  ])
  const measured = byEntity(levels)
  const names = await readProxyNames(clickhouse, [...ids, ...measured.keys()], partOf(options, 'names'))
  return { measured, names, instances }
}

async function readInstances(clickhouse: ClickHouse, window: Window, ids: readonly string[], options: QueryOf) {
  const { fromMs, toMs } = alignWindow(window)
  const insideAnHour = Math.floor(fromMs / hourMs) === Math.floor((toMs - 1) / hourMs)
  const rows = await clickhouse.query<{ id: string; instances: number }>(
    insideAnHour ? instancesSql : instancesOfHoursSql,
    { fromMs, toMs, ids: ids.map(unsignedOf) },
    options,
  )
  return new Map(rows.map(({ id, instances }) => [hexOf(id), instances]))
}

function proxyItem(name: ProxyName, measured: ReadonlyMap<string, LevelRow[]>, instances: number): ProxyItem {
  const of = (metric: string) => measured.get(metric) ?? []
  const retried = sumOf(of('retry'), 'requests')
  return {
    ...name,
    instances,
    ...proxyFigures(measured),
    requestPath: distributionsOf(of('requestPath')),
    responsePath: distributionsOf(of('responsePath')),
    retry: {
      requests: retried,
      rate: shareOf(sumIn(of('retry'), 'requests'), sumIn(of('added'), 'requests')),
      cost: retried === 0 ? null : mainDistribution(of('retry')),
    },
  }
}

/** How many requests went through a proxy, how many failed, and what it added. */
export function proxyFigures(measured: ReadonlyMap<string, LevelRow[]>) {
  const added = measured.get('added') ?? []
  const population = sumIn(added, 'requests')
  return {
    requests: sumOf(added, 'requests'),
    ...populationIn(...added),
    errors: sumOf(added, 'errors'),
    errorRate: shareOf(sumIn(added, 'errors'), population),
    added: distributionsOf(added),
    overhead: distributionsOf(measured.get('overhead') ?? []),
    coverage: shareOf(sumIn(known(added), 'n'), population),
  }
}

const known = (rows: readonly LevelRow[]): LevelRow[] => rows.filter(({ fidelity }) => fidelity !== 'unknown')

function matches(item: ProxyItem, { family, role, q }: ProxyFilter): boolean {
  if (family && item.family !== family) return false
  if (role && item.role !== role) return false
  return !q || item.name.toLowerCase().includes(q.toLowerCase())
}

/** Facts name their proxy before the dictionary does only while a job is being written. */
export const namelessProxy = (id: string): ProxyName => ({
  id,
  environment: '',
  cluster: '',
  namespace: '',
  family: '',
  workload: '',
  role: 'l4-proxy',
  name: id,
})

export const shareOf = (part: number, whole: number): number =>
  whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole))
