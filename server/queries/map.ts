import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { ServiceMap } from '../api/contract-map.ts'
import { byEntity, mainDistribution, readLevels } from './distributions.ts'
import { hopFigures, namelessHop } from './hops.ts'
import { readHopNames, readProxyNames } from './names.ts'
import { namelessProxy, proxyFigures } from './proxies.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { type PlaceFilter, type Window, windowRead } from './rollup-window.ts'

/** Hops with requests in the window and the proxies on their way; what the lists say of the same, without segments and legs. */
export async function readMap(
  clickhouse: ClickHouse,
  { window, place }: { window: Window; place: PlaceFilter },
  options: QueryOf,
): Promise<ServiceMap> {
  const [hopLevels, proxyLevels] = await Promise.all([
    readLevels(
      clickhouse,
      { window, rows: { kinds: ['hop'], metrics: ['transit', 'wire'] }, place },
      partOf(options, 'hop-levels'),
    ),
    // A gateway may stand in another namespace than the hops that lead through it.
    readLevels(
      clickhouse,
      { window, rows: { kinds: ['proxy'], metrics: ['added', 'overhead'] } },
      partOf(options, 'proxy-levels'),
    ),
  ])
  const hopMetrics = byEntity(hopLevels)
  const hopNames = await readHopNames(clickhouse, hopMetrics.keys(), partOf(options, 'hop-names'))
  const hops = [...hopMetrics]
    .map(([id, metrics]) => ({
      ...(hopNames.get(id) ?? namelessHop(id)),
      ...hopFigures(metrics),
      wire: mainDistribution(metrics.get('wire') ?? []),
    }))
    .sort(busiestFirst)
  const proxyMetrics = byEntity(proxyLevels)
  const onTheWay = new Set(hops.flatMap(({ via }) => via))
  const proxyNames = await readProxyNames(clickhouse, onTheWay, partOf(options, 'proxy-names'))
  const proxies = [...onTheWay]
    .map((id) => ({
      ...(proxyNames.get(id) ?? namelessProxy(id)),
      ...proxyFigures(proxyMetrics.get(id) ?? new Map()),
    }))
    .sort(busiestFirst)
  return { ...windowRead(window), hops, proxies }
}

function busiestFirst(a: { id: string; requests: number }, b: { id: string; requests: number }): number {
  return b.requests - a.requests || (a.id < b.id ? -1 : 1)
}
