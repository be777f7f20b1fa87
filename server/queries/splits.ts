import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Split } from '../api/contract-measurements.ts'
import type { SegmentClass } from '../api/contract.ts'
import { apportion } from '../statistics/apportion.ts'
import { refusal } from '../statistics/claims.ts'
import { keyAt, type Histogram } from '../statistics/histogram.ts'
import { populationOf } from '../statistics/weights.ts'
import { weightOf, type LevelRow } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, inStretches, type PlaceFilter, stretchesOf, unsignedOf, type Window } from './rollup-window.ts'

const splitsSql = loadSql(import.meta.url, 'splits.sql')
const rowsSql = loadSql(import.meta.url, 'splits-rows.sql')
const hourMs = 3_600_000
const quantiles = [0.5, 0.95, 0.99] as const

/** ns of a class by bucket of end-to-end time, keys ascending, of the population. */
export interface ClassBuckets extends Histogram {
  readonly class: SegmentClass
}

export async function readClassBuckets(
  clickhouse: ClickHouse,
  { window, routes, place }: { window: Window; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<ClassBuckets[]> {
  const { environment = '', cluster = '', namespace = '' } = place
  const params = { ids: routes.map(unsignedOf), environment, cluster, namespace }
  // There are classes by the hour and by the minute. Only the tables that the window needs are asked, as of rollups.
  const { hours, fives, minutes } = stretchesOf(alignWindow(window), hourMs)
  const tables = [
    { table: 'rollup_class_1h', bucket: 'toStartOfDay', stretches: hours },
    { table: 'rollup_class_1m', bucket: 'toStartOfHour', stretches: [...fives, ...minutes] },
  ].filter(({ stretches }) => stretches.length > 0)
  const rows = tables.map(({ table, bucket, stretches }) =>
    rowsSql.replace('{{table}}', table).replace('{{within}}', inStretches(stretches, bucket, params)),
  )
  const sql = splitsSql.replace('{{rows}}', rows.join('UNION ALL\n'))
  const found = await clickhouse.query<ClassBuckets & { extra: number }>(sql, params, options)
  return [...new Set(found.map((row) => row.class))].map((name) => {
    const parts = found.filter((row) => row.class === name).map((row) => ({ weight: weightOf(row), histogram: row }))
    return { class: name, ...populationOf(parts) }
  })
}

/**
 * What requests around p50, p95 and p99 are made of: those in the buckets from rank q - d to q + d, d = half of the tail
 * and at most 5 %. @param endToEnd of the requests whose end-to-end time is known, with its histogram.
 * @param coverage their share of all requests.
 */
export function splitsOf(endToEnd: LevelRow | undefined, classes: readonly ClassBuckets[], coverage: number): Split[] {
  if (!endToEnd?.histogram || endToEnd.n === 0) return []
  const { n, histogram } = endToEnd
  return quantiles
    .filter((q) => refusal(q, n, coverage) === undefined)
    .map((q) => {
      const d = Math.min(0.05, (1 - q) / 2)
      return splitBetween(histogram, classes, [keyAt(histogram, q - d)!, keyAt(histogram, q + d)!], q)
    })
}

function splitBetween(
  requests: Histogram,
  each: readonly ClassBuckets[],
  [from, to]: readonly [from: number, to: number],
  q: number,
): Split {
  const within = ({ keys, counts }: Histogram) =>
    counts.reduce((sum, count, i) => (keys[i]! >= from && keys[i]! <= to ? sum + count : sum), 0)
  const n = within(requests)
  const classes = each
    .map((row) => ({ class: row.class, total: within(row) }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
  const all = classes.reduce((sum, { total }) => sum + total, 0)
  const totalNs = Math.round(all / n)
  const parts = classes.map(({ total }) => total)
  const shares = apportion(parts, totalNs)
  return {
    q,
    totalNs,
    n: Math.round(n),
    classes: classes.map((row, i) => ({ class: row.class, ns: shares[i]!, share: row.total / all })),
  }
}
