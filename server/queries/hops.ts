import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { HopItem, HopList, HopSegmentItem } from '../api/contract-measurements.ts'
import { SegmentClass, type Fidelity, type HopKind } from '../api/contract.ts'
import {
  byEntity,
  distributionOf,
  mainDistribution,
  percentilesOf,
  populationIn,
  readLevels,
  sumIn,
  sumOf,
} from './distributions.ts'
import type { LevelRow } from './distributions.ts'
import { readHopNames, readProxyNames, type HopName, type ProxyName } from './names.ts'
import { shareOf } from './proxies.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { type PlaceFilter, type Window, windowRead } from './rollup-window.ts'

const segmentPrefix = 'segment:'
export const hopMetrics = ['transit', ...SegmentClass.options.map((name) => segmentPrefix + name)]

export interface HopFilter extends PlaceFilter {
  /** Caller or callee. */
  readonly service?: string | undefined
  /** Id of a proxy on the way. */
  readonly proxy?: string | undefined
  readonly kind?: HopKind | undefined
  /** Part of the name of the caller or the callee. */
  readonly q?: string | undefined
}

/** Hops with requests in the window, most requests first. */
export async function listHops(
  clickhouse: ClickHouse,
  { window, filter }: { window: Window; filter: HopFilter },
  options: QueryOf,
): Promise<HopList> {
  const { measured, names, proxies } = await readMeasured(clickhouse, { window, place: filter, ids: [] }, options)
  const items = [...measured]
    .map(([id, metrics]) => hopItem(names.get(id) ?? namelessHop(id), metrics, proxies))
    .filter((item) => matches(item, filter))
    .sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1))
  return { items, nextCursor: null, ...windowRead(window) }
}

/** Without requests in the window its numbers are 0; undefined when no such hop was ever seen. */
export async function readHop(
  clickhouse: ClickHouse,
  { window, id }: { window: Window; id: string },
  options: QueryOf,
): Promise<HopItem | undefined> {
  const { measured, names, proxies } = await readMeasured(clickhouse, { window, place: {}, ids: [id] }, options)
  const name = names.get(id)
  return name && hopItem(name, measured.get(id) ?? new Map(), proxies)
}

async function readMeasured(
  clickhouse: ClickHouse,
  { window, place, ids }: { window: Window; place: PlaceFilter; ids: readonly string[] },
  options: QueryOf,
) {
  const rows = { kinds: ['hop'], metrics: hopMetrics, ids } as const
  const levels = await readLevels(
    clickhouse,
    { window, rows, place, histograms: ids.length > 0 ? 'all' : undefined },
    partOf(options, 'levels'),
  )
  const measured = byEntity(levels)
  const names = await readHopNames(clickhouse, [...ids, ...measured.keys()], partOf(options, 'hop-names'))
  const via = [...names.values()].flatMap((name) => name.via)
  return { measured, names, proxies: await readProxyNames(clickhouse, via, partOf(options, 'proxy-names')) }
}

function hopItem(
  name: HopName,
  measured: ReadonlyMap<string, LevelRow[]>,
  proxies: ReadonlyMap<string, ProxyName>,
): HopItem {
  return {
    ...name,
    viaProxies: name.via.map((id) => {
      const proxy = proxies.get(id)
      return { id, name: proxy?.name ?? id, family: proxy?.family ?? '', role: proxy?.role ?? 'l4-proxy' }
    }),
    ...hopFigures(measured),
    segments: segmentsOf(measured, sumIn(measured.get('transit') ?? [], 'n')),
  }
}

/** How many requests took a hop, how many failed, and their transit. */
export function hopFigures(measured: ReadonlyMap<string, LevelRow[]>) {
  const transit = measured.get('transit') ?? []
  return {
    requests: sumOf(transit, 'requests'),
    ...populationIn(...transit),
    errors: sumOf(transit, 'errors'),
    errorRate: shareOf(sumIn(transit, 'errors'), sumIn(transit, 'requests')),
    transit: mainDistribution(transit),
  }
}

/** From the least certain to the most. */
const byDoubt: readonly Fidelity[] = ['unknown', 'modelled', 'bounded', 'exact']

/** @param known requests of the population whose transit is known, whose segments these are. */
function segmentsOf(measured: ReadonlyMap<string, LevelRow[]>, known: number): HopSegmentItem[] {
  const classes = SegmentClass.options.flatMap((name) => {
    const rows = measured.get(segmentPrefix + name)
    return rows ? [{ class: name, rows, total: sumOf(rows, 'total') }] : []
  })
  const all = classes.reduce((sum, { total }) => sum + Math.max(0, total), 0)
  return classes.map(({ class: name, rows, total }) => {
    const main = rows.reduce((most, row) => (row.requests > most.requests ? row : most))
    return {
      class: name,
      fidelity: byDoubt.find((level) => rows.some((row) => row.fidelity === level)) ?? 'unknown',
      ...percentilesOf(distributionOf(main, 0)),
      meanNs: known > 0 ? Math.round(total / known) : 0,
      share: shareOf(total, all),
    }
  })
}

function matches(item: HopItem, { service, proxy, kind, q }: HopFilter): boolean {
  if (service && item.caller !== service && item.callee !== service) return false
  if (proxy && !item.via.includes(proxy)) return false
  if (kind && item.kind !== kind) return false
  return !q || `${item.caller}\n${item.callee}`.toLowerCase().includes(q.toLowerCase())
}

/** Facts name their hop before the dictionary does only while a job is being written. */
export const namelessHop = (id: string): HopName => ({
  id,
  environment: '',
  cluster: '',
  namespace: '',
  kind: 'internal',
  caller: '',
  callee: '',
  via: [],
})
