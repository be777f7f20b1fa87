import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { CompareMeasure } from '../api/contract-compare.ts'
import type { Fidelity } from '../api/contract.ts'
import type { Histogram } from '../statistics/histogram.ts'
import { factsOf } from './explore/facts.ts'
import { measures, type Dataset } from './explore/fields.ts'
import type { Condition } from './explore/filter.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, type Window } from './rollup-window.ts'

const compareSql = loadSql(import.meta.url, 'compare.sql')

/** What makes requests of one kind alike, as columns of its facts; what is least alike between two sides comes last. */
const stratumColumns: Readonly<Record<Dataset, Readonly<Record<string, string>>>> = {
  proxies: { route: 'route', caller: 'caller', callee: 'callee', zone: 'zone' },
  hops: { route: 'route', caller: 'caller', callee: 'callee', zones: 'zone_pair' },
  traces: { route: 'route', root: 'root_service', shape: 'shape_id' },
}

export const stratumKeys = (measure: CompareMeasure): string[] => Object.keys(stratumColumns[measures[measure].dataset])

export interface SideAsked {
  readonly measure: CompareMeasure
  readonly conditions: readonly Condition[]
  readonly window: Window
}

/** What requests of one stratum took in one stretch of time, at one level. */
export interface SideRow {
  /** By the keys of {@link stratumKeys}, in their order. */
  readonly words: readonly string[]
  /** Unix time in stretches. */
  readonly slot: number
  readonly level: Fidelity
  readonly requests: number
  /** Of them, those with a value. */
  readonly n: number
  /** Those whose sampling weight is not known. */
  readonly unweighted: number
  /** Scaled to `n` in all: shares are those of the population, sizes those of what was stored. */
  readonly histogram: Histogram
}

export interface Side {
  readonly rows: readonly SideRow[]
  readonly window: Window
  /** The query, as it can be asked again. */
  readonly sql: string
}

/** So long that a window has a hundred of them or more, and a minute at least. */
export function slotSecondsOf({ fromMs, toMs }: Window): number {
  const hours = (toMs - fromMs) / 3_600_000
  return hours <= 4 ? 60 : hours <= 24 ? 300 : hours <= 24 * 7 ? 1800 : 7200
}

/** @throws FilterError */
export async function readSide(
  clickhouse: ClickHouse,
  asked: SideAsked,
  slotSeconds: number,
  options: QueryOf,
): Promise<Side> {
  const window = alignWindow(asked.window, 1000 * slotSeconds)
  const { dataset, cte, params } = factsOf({ ...asked, filter: '', window })
  const columns = Object.values(stratumColumns[dataset])
  const words = columns.map((column) => (column === 'shape_id' ? 'lower(hex(shape_id))' : `toString(${column})`))
  const sql = `WITH ${cte}\n${compareSql.replace('{{words}}', `[${words.join(', ')}]`).replaceAll('{{columns}}', columns.join(', '))}`
  const found = await clickhouse.query<
    Omit<SideRow, 'histogram'> & { weight: number; keys: number[]; counts: number[] }
  >(sql, { ...params, slotSeconds }, options)
  const sum = (of: (row: (typeof found)[number]) => number) => found.reduce((all, row) => all + of(row), 0)
  const weight = sum((row) => row.weight)
  const scale = weight > 0 ? sum((row) => row.n) / weight : 1
  return {
    window,
    sql: inlined(sql, { ...params, slotSeconds }),
    rows: found.map(({ keys, counts, ...row }) => {
      const order = keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!)
      const histogram = { keys: order.map((i) => keys[i]!), counts: order.map((i) => counts[i]! * scale) }
      return {
        words: row.words,
        slot: row.slot,
        level: row.level,
        requests: row.requests,
        n: row.n,
        unweighted: row.unweighted,
        histogram,
      }
    }),
  }
}
