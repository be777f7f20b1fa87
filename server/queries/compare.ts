import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { CompareMeasure } from '../api/contract-compare.ts'
import type { Fidelity } from '../api/contract.ts'
import { total, type Histogram } from '../statistics/histogram.ts'
import { factsOfCohorts, type CohortAsked } from './cohort-facts.ts'
import { factsOf, type Facts } from './explore/facts.ts'
import { measures, type Dataset } from './explore/fields.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { readNative, type Lists, type NativeRows } from './native-reader.ts'
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

export interface SideAsked extends CohortAsked {
  readonly measure: CompareMeasure
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

/** One cohort. @throws FilterError */
export async function readSide(
  clickhouse: ClickHouse,
  asked: SideAsked,
  slotSeconds: number,
  options: QueryOf,
): Promise<Side> {
  const window = alignWindow(asked.window, 1000 * slotSeconds)
  const facts = factsOf({ ...asked, filter: '', window })
  const cte = `${facts.cte.replace(/^facts/, 'own')},\nfacts AS (SELECT *, toUInt8(1) AS inA, toUInt8(0) AS inB FROM own)`
  const { a, sql } = await readRows(clickhouse, { ...facts, cte }, slotSeconds, options)
  return { rows: a, window, sql }
}

/** Two cohorts, what both have once. @throws CohortError */
export async function readSides(
  clickhouse: ClickHouse,
  asked: { readonly measure: CompareMeasure; readonly a: CohortAsked; readonly b: CohortAsked },
  slotSeconds: number,
  options: QueryOf,
): Promise<Record<'a' | 'b', Side>> {
  const aligned = (of: CohortAsked) => ({ ...of, window: alignWindow(of.window, 1000 * slotSeconds) })
  const [a, b] = [aligned(asked.a), aligned(asked.b)]
  const read = await readRows(clickhouse, factsOfCohorts(asked.measure, { a, b }), slotSeconds, options)
  return {
    a: { rows: read.a, window: a.window, sql: read.sql },
    b: { rows: read.b, window: b.window, sql: read.sql },
  }
}

async function readRows(clickhouse: ClickHouse, facts: Facts, slotSeconds: number, options: QueryOf) {
  const columns = Object.values(stratumColumns[facts.dataset])
  const words = columns.map(
    (column, i) =>
      `toLowCardinality(${column === 'shape_id' ? 'lower(hex(shape_id))' : `toString(${column})`}) AS word${i}`,
  )
  const text = compareSql.replace('{{words}}', words.join(', ')).replaceAll('{{columns}}', columns.join(', '))
  const sql = `WITH ${facts.cte}\n${text}`
  const params = { ...facts.params, slotSeconds }
  const [a, b]: [SideRow[], SideRow[]] = [[], []]
  for (const block of readNative(await clickhouse.queryBytes(`${sql}\nFORMAT Native`, params, options)))
    for (const { inA, inB, ...row } of rowsOf(block, columns.length)) {
      if (inA) a.push(row)
      if (inB) b.push(row)
    }
  return { a: scaled(a), b: scaled(b), sql: inlined(sql, params) }
}

type Read = SideRow & { readonly inA: boolean; readonly inB: boolean }

function* rowsOf(block: NativeRows, columns: number): Generator<Read> {
  const words = Array.from({ length: columns }, (_, i) => block.column(`word${i}`, 'words'))
  const level = block.column('level', 'words')
  const [slot, inA, inB] = ['slot', 'inA', 'inB'].map((name) => block.column(name, 'integers')) as Three
  const [requests, n, unweighted] = ['requests', 'n', 'unweighted'].map((name) =>
    block.column(name, 'numbers'),
  ) as Three
  const [buckets, weights] = [block.column('buckets', 'lists'), block.column('weights', 'lists')]
  for (let i = 0; i < block.rows; i++)
    yield {
      words: words.map((one) => one.words[one.indexes[i]!]!),
      level: level.words[level.indexes[i]!] as Fidelity,
      slot: slot[i]!,
      ...{ inA: inA[i] === 1, inB: inB[i] === 1 },
      ...{ requests: requests[i]!, n: n[i]!, unweighted: unweighted[i]! },
      histogram: counted(buckets, weights, i),
    }
}

type Three = [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>]

/** Beyond every key on either side of 0. */
const beyond = 2_048
const sums = new Float64Array(2 * beyond)

/** The histogram of a row's buckets. Weights: one each, or one for all. */
function counted(buckets: Lists, weights: Lists, row: number): Histogram {
  const from = row > 0 ? buckets.ends[row - 1]! : 0
  const to = buckets.ends[row]!
  const weighed = row > 0 ? weights.ends[row - 1]! : 0
  const step = weights.ends[row]! - weighed === 1 ? 0 : 1
  let [least, most] = [beyond, -beyond]
  for (let i = from; i < to; i++) {
    const key = buckets.values[i]!
    sums[key + beyond]! += weights.values[weighed + step * (i - from)]!
    if (key < least) least = key
    if (key > most) most = key
  }
  const keys: number[] = []
  const counts: number[] = []
  for (let key = least; key <= most; key++) {
    const count = sums[key + beyond]!
    if (count === 0) continue
    keys.push(key)
    counts.push(count)
    sums[key + beyond] = 0
  }
  return { keys, counts }
}

/** Counts that are `n` in all: shares are those of the population, sizes those of what was stored. */
function scaled(rows: readonly SideRow[]): SideRow[] {
  const weight = rows.reduce((sum, { histogram }) => sum + total(histogram), 0)
  const n = rows.reduce((sum, row) => sum + row.n, 0)
  if (weight <= 0 || weight === n) return [...rows]
  const scale = n / weight
  return rows.map(({ histogram: { keys, counts }, ...row }) => ({
    ...row,
    histogram: { keys, counts: counts.map((count) => count * scale) },
  }))
}
