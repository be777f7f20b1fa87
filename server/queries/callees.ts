import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { EdgeCallee, HopItem } from '../api/contract-measurements.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, type Window } from './rollup-window.ts'

const calleesSql = loadSql(import.meta.url, 'callees.sql')

/** What has not been used for a day before the window is not known in it (analysis/learned/callees.ts). */
const carryMs = 24 * 60 * 60_000

/** Where requests go on from a proxy, and whether spans answer there; the words of analysis/edges.ts. */
export const edgesOfProxy = (proxyId: string): string => `${proxyId} `

/** The last proxy of a hop calls the callee, or the caller itself where there is none; '' without either. */
export function edgesOfHop({ via, namespace, caller }: Pick<HopItem, 'via' | 'namespace' | 'caller'>): string {
  const last = via.at(-1)
  if (last !== undefined) return edgesOfProxy(last)
  return caller === '' ? '' : `${namespace} ${caller} `
}

/** What was learned of the callees beyond edges that begin with `prefix`, busiest first, at most 20. */
export async function readCallees(
  clickhouse: ClickHouse,
  { window, prefix }: { window: Window; prefix: string },
  options: QueryOf,
): Promise<EdgeCallee[]> {
  if (prefix === '') return []
  const { fromMs, toMs } = alignWindow(window)
  return clickhouse.query<EdgeCallee>(calleesSql, { prefix, fromMs: fromMs - carryMs, toMs }, options)
}
