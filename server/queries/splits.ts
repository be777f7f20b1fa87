import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Split } from '../api/contract-measurements.ts'
import type { SegmentClass } from '../api/contract.ts'
import { apportion } from '../statistics/apportion.ts'
import { refusal } from '../statistics/claims.ts'
import { keyAt, total, type Histogram } from '../statistics/histogram.ts'
import { populationOf } from '../statistics/weights.ts'
import { weightOf } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, overRollup, type PlaceFilter, stretchesOf, type Window } from './rollup-window.ts'

const splitsSql = loadSql(import.meta.url, 'splits.sql')
/** There are classes by the hour and by the minute. */
const hourMs = 3_600_000
const quantiles = [0.5, 0.95, 0.99] as const

/** By bucket of end-to-end time, keys ascending, of the population. */
export interface Buckets extends Histogram {
  /** '': the number of requests; else ns of that class. */
  readonly class: SegmentClass | ''
  /** What is counted, as stored. */
  readonly stored: number
}

export async function readSplits(
  clickhouse: ClickHouse,
  { window, routes, place }: { window: Window; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<Buckets[]> {
  const { environment = '', cluster = '', namespace = '' } = place
  const rows = { kinds: ['trace'], metrics: ['endToEnd'], ids: routes } as const
  const { sql, params } = overRollup(splitsSql, { windows: [window], rows })
  const { fromMs, toMs } = alignWindow(window)
  const [hours = { fromMs: toMs, toMs }] = stretchesOf({ fromMs, toMs }, hourMs).hours
  const classes = { minute: fromMs, hour: hours.fromMs, hourEnd: hours.toMs, minuteEnd: toMs }
  const seconds = Object.fromEntries(Object.entries(classes).map(([name, ms]) => [name, ms / 1000]))
  type Row = Omit<Buckets, 'stored'> & { extra: number }
  const found = await clickhouse.query<Row>(sql, { ...params, ...seconds, environment, cluster, namespace }, options)
  return [...new Set(found.map((row) => row.class))].map((name) => {
    const parts = found.filter((row) => row.class === name).map((row) => ({ weight: weightOf(row), histogram: row }))
    const stored = parts.reduce((sum, { histogram }) => sum + total(histogram), 0)
    return { class: name, stored, ...populationOf(parts) }
  })
}

/**
 * What requests around p50, p95 and p99 are made of: those in the buckets from rank q - d to q + d, d = half of the tail
 * and at most 5 %. @param coverage share of requests whose end-to-end time is known.
 */
export function splitsOf(rows: readonly Buckets[], coverage: number): Split[] {
  const requests = rows.find((row) => row.class === '')
  if (!requests || requests.stored === 0) return []
  return quantiles
    .filter((q) => refusal(q, requests.stored, coverage) === undefined)
    .map((q) => {
      const d = Math.min(0.05, (1 - q) / 2)
      return splitBetween(rows, keyAt(requests, q - d)!, keyAt(requests, q + d)!, q)
    })
}

function splitBetween(rows: readonly Buckets[], from: number, to: number, q: number): Split {
  const within = ({ keys, counts }: Buckets) =>
    counts.reduce((sum, count, i) => (keys[i]! >= from && keys[i]! <= to ? sum + count : sum), 0)
  const n = within(rows.find((row) => row.class === '')!)
  const classes = rows
    .flatMap((row) => (row.class === '' ? [] : [{ class: row.class, total: within(row) }]))
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
