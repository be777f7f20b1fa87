import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Breakdown, EdgeCallee, Exemplar, Ledger } from '../api/contract-measurements.ts'
import type { Fidelity } from '../api/contract.ts'
import { quantile, upperEdge } from '../statistics/histogram.ts'
import { readCallees } from './callees.ts'
import { ledgerOf, readLedger } from './ledger.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { alignWindow, unsignedOf, type Window } from './rollup-window.ts'

const exemplarsSql = loadSql(import.meta.url, 'exemplars.sql')
const sql = (name: string, table: string, value: string) => ({
  breakdown: loadSql(import.meta.url, `breakdown-${name}.sql`),
  exemplars: exemplarsSql
    .replaceAll('{{table}}', table)
    .replaceAll('{{key}}', `${name}_id`)
    .replaceAll('{{value}}', value),
})
const of = { proxy: sql('proxy', 'proxies', 'added'), hop: sql('hop', 'hops', 'transit') }

interface BreakdownValue {
  by: Breakdown['by']
  value: string
  n: number
  errors: number
  population: number
  /** Of n. */
  known: number
  /** ns of the known, each times its sampling weight. */
  total: number
  /** Buckets of the known, by how many of the population are in them. */
  keys: number[]
  counts: number[]
}

/** What was counted of the requests of one proxy or hop. */
export async function readLedgerOf(
  clickhouse: ClickHouse,
  { kind, id, window }: { kind: 'proxy' | 'hop'; id: string; window: Window },
  options: QueryOf,
): Promise<Ledger> {
  const ledger = await readLedger(clickhouse, { window, kind, ids: [id] }, partOf(options, 'ledger'))
  return ledgerOf(ledger.get(id) ?? new Map(), kind)
}

/**
 * What is known about one proxy (added time) or hop (transit) at one level, beyond its rollup.
 * @param edges how the edges begin over which its requests go on, see callees.ts.
 */
export async function readDetails(
  clickhouse: ClickHouse,
  {
    kind,
    id,
    window,
    fidelity,
    edges,
  }: { kind: 'proxy' | 'hop'; id: string; window: Window; fidelity: Fidelity; edges: string },
  options: QueryOf,
): Promise<{ breakdowns: Breakdown[]; exemplars: Exemplar[]; callees: EdgeCallee[] }> {
  const params = { id: unsignedOf(id), fidelity, ...alignWindow(window) }
  const [values, exemplars, callees] = await Promise.all([
    clickhouse.query<BreakdownValue>(of[kind].breakdown, params, partOf(options, 'breakdown')),
    clickhouse.query<Exemplar>(of[kind].exemplars, params, partOf(options, 'exemplars')),
    readCallees(clickhouse, { window, prefix: edges }, partOf(options, 'callees')),
  ])
  return { breakdowns: breakdownsOf(values, fidelity), exemplars, callees }
}

const order: readonly Breakdown['by'][] = ['route', 'version', 'instance', 'caller', 'callee']

/** Those by which anything can be told apart. */
function breakdownsOf(values: readonly BreakdownValue[], fidelity: Fidelity): Breakdown[] {
  return order
    .map((by) => ({ by, fidelity, rows: values.filter((value) => value.by === by).map(rowOf) }))
    .filter(({ rows }) => rows.some(({ value }) => value !== ''))
}

function rowOf(row: BreakdownValue): Breakdown['rows'][number] {
  const { value, n, errors, population, known, total, keys, counts } = row
  const at = (q: number) => (known * (1 - q) >= 0.999 ? Math.round(quantile({ keys, counts }, q)!) : null)
  const highest = upperEdge({ keys, counts })
  return {
    ...{ value, n, errors, ...(population !== n && { population }) },
    ...{ p50Ns: at(0.5), p75Ns: at(0.75), p90Ns: at(0.9), p95Ns: at(0.95), p99Ns: at(0.99), p999Ns: at(0.999) },
    maxNs: highest === null ? null : Math.round(highest),
    meanNs: known > 0 ? Math.round(total / counts.reduce((sum, count) => sum + count, 0)) : null,
  }
}
