/** The facts that a question of Explore is about, as a CTE that its query goes on from. */
import type { Params } from '../../../storage/clickhouse.ts'
import type { ExploreMeasure } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import type { RollupRows, Window } from '../rollup-window.ts'
import { compile } from './conditions.ts'
import { measures, type Dataset } from './fields.ts'
import { readFilter, type Condition } from './filter.ts'
import type { Places } from './usual.ts'

const bases: Record<Dataset, string> = {
  proxies: loadSql(import.meta.url, 'proxies.sql'),
  hops: loadSql(import.meta.url, 'hops.sql'),
  traces: loadSql(import.meta.url, 'traces.sql'),
}

export interface FactsAsked {
  readonly measure: ExploreMeasure
  readonly window: Window
  readonly filter: string
  /** Beside those of the filter. */
  readonly conditions?: readonly Condition[]
  /** None but those that lie there. */
  readonly places?: Places | undefined
  /** Scope of the page: '' or absent is any. */
  readonly environment?: string | undefined
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
}

export interface Facts {
  readonly dataset: Dataset
  /** `facts AS (…)` */
  readonly cte: string
  readonly params: Params
}

/** By the sort key of the facts, so that nothing else is read. */
const placesSql =
  "(entity, toStartOfMinute(start)) IN arrayZip({entities:Array(UInt64)}, CAST({minutes:Array(UInt32)}, 'Array(DateTime(\\'UTC\\'))'))"

const kinds = { proxies: 'proxy', hops: 'hop', traces: 'trace' } as const

/** Rollups count the same values: where nothing is left out, a day of them is read instead of every fact. null: something is left out. */
export function rolledUp({ measure, filter, conditions = [], ...scope }: FactsAsked): RollupRows | null {
  const isAll =
    filter.trim() === '' && conditions.length === 0 && !scope.environment && !scope.cluster && !scope.namespace
  return isAll ? { kinds: [kinds[measures[measure].dataset]], metrics: [measure] } : null
}

/** @throws FilterError */
export function factsOf(asked: FactsAsked): Facts {
  const { measure, window, filter, conditions = [], places, environment, cluster, namespace } = asked
  const { dataset, columns } = measures[measure]
  const scope = Object.entries({ environment, cluster, namespace }).flatMap(([field, value]): Condition[] =>
    value ? [{ field, operator: '=', values: [value], at: 0, valueAt: 0 }] : [],
  )
  const { sql, params } = compile([...readFilter(filter), ...conditions, ...scope], dataset)
  const all = [...sql, ...(places ? [placesSql] : [])]
  const where = all.length > 0 ? `\nWHERE ${all.map((one) => `(${one})`).join('\n  AND ')}` : ''
  return {
    dataset,
    cte: `facts AS (\nSELECT * FROM (\n${bases[dataset]})${where}\n)`,
    params: { ...columns, ...window, wholes: dataset === 'traces' ? 1 : 0, ...params, ...places },
  }
}

/**
 * Parameters for those of one level: none but what is bounded has its value in the other column, of rows from before migration 21, which is then not
 * read.
 */
export const paramsAt = ({ dataset, params }: Facts, level: Fidelity): Params =>
  dataset === 'traces' || level === 'bounded' ? params : { ...params, hiColumn: params['valueColumn'] }
