import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Split } from '../api/contract-measurements.ts'
import type { SegmentClass } from '../api/contract.ts'
import { apportion } from '../statistics/apportion.ts'
import { refusal } from '../statistics/claims.ts'
import type { PlaceFilter } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, overRollup, stretchesOf, type Window } from './rollup-window.ts'

const splitsSql = loadSql(import.meta.url, 'splits.sql')
const quantiles = [0.5, 0.95, 0.99] as const

/** By bucket of end-to-end time, keys ascending. */
export interface Buckets {
  /** '': the number of requests; else ns of that class. */
  class: SegmentClass | ''
  keys: number[]
  values: number[]
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
  const [hours = { fromMs: toMs, toMs }] = stretchesOf(window).hours
  const classes = { minute: fromMs, hour: hours.fromMs, hourEnd: hours.toMs, minuteEnd: toMs }
  const seconds = Object.fromEntries(Object.entries(classes).map(([name, ms]) => [name, ms / 1000]))
  return clickhouse.query<Buckets>(sql, { ...params, ...seconds, environment, cluster, namespace }, options)
}

/**
 * What requests around p50, p95 and p99 are made of: those in the buckets from rank q - d to q + d, d = half of the tail
 * and at most 5 %. @param coverage share of requests whose end-to-end time is known.
 */
export function splitsOf(rows: readonly Buckets[], coverage: number): Split[] {
  const requests = rows.find((row) => row.class === '')
  const n = requests?.values.reduce((sum, count) => sum + count, 0) ?? 0
  if (!requests || n === 0) return []
  return quantiles
    .filter((q) => refusal(q, n, coverage) === undefined)
    .map((q) => {
      const d = Math.min(0.05, (1 - q) / 2)
      const from = keyAtRank(requests, Math.ceil((q - d) * n))
      const to = keyAtRank(requests, Math.ceil((q + d) * n))
      return splitBetween(rows, from, to, q)
    })
}

function splitBetween(rows: readonly Buckets[], from: number, to: number, q: number): Split {
  const within = ({ keys, values }: Buckets) =>
    values.reduce((sum, value, i) => (keys[i]! >= from && keys[i]! <= to ? sum + value : sum), 0)
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
    n,
    classes: classes.map((row, i) => ({ class: row.class, ns: shares[i]!, share: row.total / all })),
  }
}

function keyAtRank({ keys, values }: Buckets, rank: number): number {
  let below = 0
  const index = values.findIndex((count) => (below += count) >= rank)
  return keys[index === -1 ? keys.length - 1 : index]!
}
