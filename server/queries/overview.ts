import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Overview } from '../api/contract-measurements.ts'
import { completenessByDecile } from '../statistics/completeness.ts'
import type { Histogram } from '../statistics/histogram.ts'
import {
  byEntity,
  distributionsOf,
  mainDistribution,
  populationIn,
  readLevels,
  sumIn,
  sumOf,
  unknownOf,
  type LevelRow,
} from './distributions.ts'
import { ledgerOf, readLedger, shareIn, together, type Counts } from './ledger.ts'
import { readHopNames, readProxyNames } from './names.ts'
import { readOverviewSeries } from './overview-series.ts'
import { shareOf } from './proxies.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { hopLabel, moversOf, proxyLabel, worstOf, type Ranked } from './rankings.ts'
import { alignWindow, type PlaceFilter, type RollupRows, type Window, windowRead } from './rollup-window.ts'
import { readClassBuckets, splitsOf } from './splits.ts'
import { stepsOf } from './steps.ts'
import { hopsPerRequest, readTraceTotals, taxOf } from './trace-totals.ts'

/** How many worst ones and movers are named. */
const ranks = 10

/** Asked at once: planning a query over rollups costs more than reading them. */
const rows: RollupRows = {
  kinds: ['trace', 'proxy', 'hop'],
  metrics: ['endToEnd', 'incomplete', 'meshTax', 'gatewayTax', 'added', 'transit'],
}

/** Whole requests of a window. @param route id; absent: all. Rollups of proxies and hops know no route: those are of all. */
export async function readOverview(
  clickhouse: ClickHouse,
  { window: asked, route, place }: { window: Window; route?: string | undefined; place: PlaceFilter },
  options: QueryOf,
): Promise<Omit<Overview, 'firing'>> {
  const window = alignWindow(asked)
  const routes = route === undefined ? [] : [route]
  const [levels, classes, totals, series, ledger] = await Promise.all([
    readLevels(
      clickhouse,
      {
        ...{ window, rows: { ...rows, ids: routes }, place, together: ['trace'] },
        ...{ before: true, intervals: true, histograms: 'together' },
      },
      partOf(options, 'levels'),
    ),
    readClassBuckets(clickhouse, { window, routes, place }, partOf(options, 'splits')),
    readTraceTotals(clickhouse, { window, routes, place }, partOf(options, 'totals')),
    readOverviewSeries(clickhouse, { steps: stepsOf(window), routes, place }, partOf(options, 'series')),
    readLedger(clickhouse, { window, kind: 'trace', ids: routes, place }, partOf(options, 'ledger')),
  ])

  const isNow = ({ startSeconds }: LevelRow) => startSeconds === window.fromMs / 1000
  const of = (metric: string) => levels.filter((row) => row.metric === metric && isNow(row))
  const before = (metric: string) => levels.filter((row) => row.metric === metric && !isNow(row))
  const [traces, proxies, hops] = [of('endToEnd'), of('added'), of('transit')]
  const requests = sumOf(traces, 'requests')
  const hopNames = await readHopNames(clickhouse, idsOf(hops), partOf(options, 'hop-names'))
  const named = [...idsOf(proxies), ...[...hopNames.values()].flatMap(({ via }) => via)]
  const proxyNames = await readProxyNames(clickhouse, named, partOf(options, 'proxy-names'))
  const rankedProxies = rank('proxy', proxies, before('added'), (id) => proxyLabel(proxyNames.get(id), id))
  const rankedHops = rank('hop', hops, before('transit'), (id) => hopLabel(hopNames.get(id), id, proxyNames))
  return {
    ...windowRead(window),
    requests,
    ...populationIn(...traces),
    errors: sumOf(traces, 'errors'),
    errorRate: shareOf(sumIn(traces, 'errors'), sumIn(traces, 'requests')),
    hopsPerRequest: hopsPerRequest(totals),
    endToEnd: mainDistribution(traces),
    endToEndBefore: mainDistribution(before('endToEnd')),
    splits: splitsOf(
      traces.find(({ fidelity }) => fidelity === 'exact'),
      classes,
      shareOf(sumIn(traces, 'n'), sumIn(traces, 'requests')),
    ),
    meshTax: taxOf(totals, 'mesh', distributionsOf(of('meshTax'))),
    gatewayTax: taxOf(totals, 'gateway', distributionsOf(of('gatewayTax'))),
    worstProxies: worstOf(rankedProxies, ranks),
    worstHops: worstOf(rankedHops, ranks),
    movers: moversOf([...rankedProxies, ...rankedHops], ranks),
    coverage: {
      ...wholeRequests(together(ledger.values())),
      hops: { requests: sumOf(hops, 'requests'), unknown: unknownOf(hops) },
      proxies: { requests: sumOf(proxies, 'requests'), unknown: unknownOf(proxies) },
      deciles: completenessByDecile(histogramIn(traces), histogramIn(of('incomplete'))),
    },
    series,
  }
}

/** Of whole requests: how many have a root, and nothing missing; why not, by the names of their flags. */
function wholeRequests(counts: Counts) {
  const { requests: traces, population, layers, reasons } = ledgerOf(counts, 'trace')
  return {
    traces,
    ...(population !== undefined && { population }),
    withRoot: traces === 0 ? null : shareIn(counts, 'layer:root'),
    completePath: traces === 0 ? null : shareIn(counts, 'complete'),
    layers,
    reasons: reasons.map(({ flag, requests }) => ({ flag, traces: requests })),
  }
}

const idsOf = (rows: readonly LevelRow[]): Set<string> => new Set(rows.map(({ id }) => id))

const histogramIn = (rows: readonly LevelRow[]): Histogram =>
  rows.find(({ histogram }) => histogram)?.histogram ?? { keys: [], counts: [] }

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
