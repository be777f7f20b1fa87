import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Overview } from '../api/contract-measurements.ts'
import {
  byEntity,
  distributionsOf,
  mainDistribution,
  readLevels,
  sumOf,
  unknownOf,
  type LevelRow,
  type PlaceFilter,
} from './distributions.ts'
import { readHopNames, readProxyNames } from './names.ts'
import { readOverviewSeries } from './overview-series.ts'
import { shareOf } from './proxies.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { hopLabel, moversOf, proxyLabel, worstOf, type Ranked } from './rankings.ts'
import { alignWindow, windowRead, type RollupRows, type Window } from './rollup-window.ts'
import { readSplits, splitsOf } from './splits.ts'
import { stepsOf } from './steps.ts'
import { hopsPerRequest, readTraceTotals, taxOf, traceCoverage } from './trace-totals.ts'

/** How many worst ones and movers are named. */
const ranks = 10

/** Whole requests of a window. @param route id; absent: all. Rollups of proxies and hops know no route: those are of all. */
export async function readOverview(
  clickhouse: ClickHouse,
  { window: asked, route, place }: { window: Window; route?: string | undefined; place: PlaceFilter },
  options: QueryOf,
): Promise<Overview> {
  const window = alignWindow(asked)
  const before = { fromMs: 2 * window.fromMs - window.toMs, toMs: window.fromMs }
  const routes = route === undefined ? [] : [route]
  const levels = (over: Window, rows: RollupRows, name: string) =>
    readLevels(
      clickhouse,
      { window: over, rows, place, ...(rows.kind === 'trace' ? { together: true } : { intervals: true }) },
      partOf(options, name),
    )
  const endToEnd: RollupRows = { kind: 'trace', metrics: ['endToEnd'], ids: routes }
  const taxes: RollupRows = { kind: 'trace', metrics: ['endToEnd', 'meshTax', 'gatewayTax'], ids: routes }
  const added: RollupRows = { kind: 'proxy', metrics: ['added'] }
  const transit: RollupRows = { kind: 'hop', metrics: ['transit'] }
  const [now, earlier, proxies, proxiesBefore, hops, hopsBefore, proxyNames, hopNames, buckets, totals, series] =
    await Promise.all([
      levels(window, taxes, 'traces'),
      levels(before, endToEnd, 'traces-before'),
      levels(window, added, 'proxies'),
      levels(before, added, 'proxies-before'),
      levels(window, transit, 'hops'),
      levels(before, transit, 'hops-before'),
      readProxyNames(clickhouse, [], partOf(options, 'proxy-names')),
      readHopNames(clickhouse, [], partOf(options, 'hop-names')),
      readSplits(clickhouse, { window, routes, place }, partOf(options, 'splits')),
      readTraceTotals(clickhouse, { window, routes, place }, partOf(options, 'totals')),
      readOverviewSeries(clickhouse, { steps: stepsOf(window), routes, place }, partOf(options, 'series')),
    ])

  const of = (metric: string) => now.filter((row) => row.metric === metric)
  const traces = of('endToEnd')
  const requests = sumOf(traces, 'requests')
  const errors = sumOf(traces, 'errors')
  const rankedProxies = rank('proxy', proxies, proxiesBefore, (id) => proxyLabel(proxyNames.get(id), id))
  const rankedHops = rank('hop', hops, hopsBefore, (id) => hopLabel(hopNames.get(id), id, proxyNames))
  return {
    ...windowRead(window),
    requests,
    errors,
    errorRate: shareOf(errors, requests),
    hopsPerRequest: hopsPerRequest(totals),
    endToEnd: mainDistribution(traces),
    endToEndBefore: mainDistribution(earlier),
    splits: splitsOf(buckets, shareOf(sumOf(traces, 'n'), requests)),
    meshTax: taxOf(totals, 'mesh', distributionsOf(of('meshTax'))),
    gatewayTax: taxOf(totals, 'gateway', distributionsOf(of('gatewayTax'))),
    worstProxies: worstOf(rankedProxies, ranks),
    worstHops: worstOf(rankedHops, ranks),
    movers: moversOf([...rankedProxies, ...rankedHops], ranks),
    coverage: {
      ...traceCoverage(totals),
      hops: { requests: sumOf(hops, 'requests'), unknown: unknownOf(hops) },
      proxies: { requests: sumOf(proxies, 'requests'), unknown: unknownOf(proxies) },
    },
    series,
  }
}

function rank(
  kind: Ranked['kind'],
  now: readonly LevelRow[],
  before: readonly LevelRow[],
  label: (id: string) => Pick<Ranked, 'name' | 'family' | 'role'>,
): Ranked[] {
  const metric = kind === 'proxy' ? 'added' : 'transit'
  const earlier = byEntity(before)
  return [...byEntity(now)].map(([id, measured]) => ({
    kind,
    id,
    ...label(id),
    now: measured.get(metric) ?? [],
    before: earlier.get(id)?.get(metric) ?? [],
  }))
}
