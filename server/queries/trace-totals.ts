import type { ClickHouse } from '../../storage/clickhouse.ts'
import { Flag, flagNames } from '../analysis/flags.ts'
import type { Coverage, WindowTax } from '../api/contract-measurements.ts'
import type { Distribution } from '../api/contract.ts'
import type { PlaceFilter } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, unsignedOf, type Window } from './rollup-window.ts'

const sql = loadSql(import.meta.url, 'trace-totals.sql')

/** Sums over the traces with the same flags; ns where not a count. */
export interface TraceTotals {
  /** algorithms.md D9. */
  flags: number
  traces: number
  rooted: number
  /** Of the rooted ones, as everything below. */
  hops: number
  endToEnd: number
  meshLower: number
  meshUpper: number
  meshEstimate: number
  /** How many have an estimate. */
  meshEstimated: number
  gatewayLower: number
  gatewayUpper: number
  gatewayEstimate: number
  gatewayEstimated: number
}

export async function readTraceTotals(
  clickhouse: ClickHouse,
  { window, routes, place }: { window: Window; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<TraceTotals[]> {
  const { environment = '', cluster = '', namespace = '' } = place
  const params = { ...alignWindow(window), ids: routes.map(unsignedOf), environment, cluster, namespace }
  return clickhouse.query<TraceTotals>(sql, params, options)
}

const sum = (rows: readonly TraceTotals[], of: keyof TraceTotals) => rows.reduce((all, row) => all + row[of], 0)

/** Means over the requests with a root; null without one. */
export function taxOf(
  rows: readonly TraceTotals[],
  of: 'mesh' | 'gateway',
  distributions: Distribution[],
): WindowTax | null {
  const n = sum(rows, 'rooted')
  if (n === 0) return null
  const upper = sum(rows, `${of}Upper`)
  const estimate = sum(rows, `${of}Estimated`) === n ? sum(rows, `${of}Estimate`) : null
  const endToEnd = sum(rows, 'endToEnd')
  return {
    n,
    lowerNs: Math.round(sum(rows, `${of}Lower`) / n),
    upperNs: Math.round(upper / n),
    estimateNs: estimate === null ? null : Math.round(estimate / n),
    share: endToEnd > 0 ? Math.max(0, estimate ?? upper) / endToEnd : 0,
    distributions,
  }
}

export function hopsPerRequest(rows: readonly TraceTotals[]): number | null {
  const n = sum(rows, 'rooted')
  return n === 0 ? null : sum(rows, 'hops') / n
}

const missing = Flag.missingParent | Flag.missingCallee | Flag.truncated | Flag.sampledOut

/** Of whole traces: how many have a root, and nothing missing; why not, by the names of their flags. */
export function traceCoverage(
  rows: readonly TraceTotals[],
): Pick<Coverage, 'traces' | 'withRoot' | 'completePath' | 'reasons'> {
  const traces = sum(rows, 'traces')
  const whole = rows.filter(({ flags }) => (flags & missing) === 0)
  const reasons = new Map<string, number>()
  for (const row of rows) {
    for (const flag of flagNames(row.flags)) reasons.set(flag, (reasons.get(flag) ?? 0) + row.traces)
  }
  return {
    traces,
    withRoot: traces === 0 ? null : sum(rows, 'rooted') / traces,
    completePath: traces === 0 ? null : sum(whole, 'rooted') / traces,
    reasons: [...reasons].map(([flag, n]) => ({ flag, traces: n })).sort((a, b) => b.traces - a.traces),
  }
}
