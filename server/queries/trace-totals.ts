import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { WindowTax } from '../api/contract-measurements.ts'
import type { Distribution } from '../api/contract.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, type PlaceFilter, unsignedOf, type Window } from './rollup-window.ts'

const sql = loadSql(import.meta.url, 'trace-totals.sql')

/** Of the traces with a root. */
export interface TraceTotals {
  stored: number
  /** Of the stored: on whose way a span is missing, and how many have an estimate. */
  missingParent: number
  meshEstimated: number
  gatewayEstimated: number
  /** All that follows is of the population: each trace times its sampling weight; ns where not a count. */
  rooted: number
  hops: number
  endToEnd: number
  meshLower: number
  meshUpper: number
  meshEstimate: number
  gatewayLower: number
  gatewayUpper: number
  gatewayEstimate: number
}

export async function readTraceTotals(
  clickhouse: ClickHouse,
  { window, routes, place }: { window: Window; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<TraceTotals | undefined> {
  const { environment = '', cluster = '', namespace = '' } = place
  const params = { ...alignWindow(window), ids: routes.map(unsignedOf), environment, cluster, namespace }
  const [totals] = await clickhouse.query<TraceTotals>(sql, params, options)
  return totals
}

/** Means over the requests with a root; null without one. */
export function taxOf(
  totals: TraceTotals | undefined,
  of: 'mesh' | 'gateway',
  distributions: Distribution[],
): WindowTax | null {
  if (!totals) return null
  const { stored, missingParent, rooted, endToEnd } = totals
  const upper = totals[`${of}Upper`]
  const estimate = totals[`${of}Estimated`] === stored ? totals[`${of}Estimate`] : null
  return {
    n: stored,
    atLeast: missingParent,
    lowerNs: Math.round(totals[`${of}Lower`] / rooted),
    upperNs: Math.round(upper / rooted),
    estimateNs: estimate === null ? null : Math.round(estimate / rooted),
    share: endToEnd > 0 ? Math.max(0, estimate ?? upper) / endToEnd : 0,
    distributions,
  }
}

export const hopsPerRequest = (totals: TraceTotals | undefined): number | null =>
  totals ? totals.hops / totals.rooted : null
