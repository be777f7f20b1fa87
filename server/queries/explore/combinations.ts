import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Combination } from '../../statistics/combinations.ts'
import type { Side, Sides } from '../../statistics/explain.ts'
import { loadSql } from '../load-sql.ts'
import { readProxyNames } from '../names.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { spansInWindow } from './conditions.ts'
import { fields, type Dataset } from './fields.ts'
import type { Selected } from './selection.ts'

const combinationsSql = loadSql(import.meta.url, 'combinations.sql').replace('{{spansInWindow}}', spansInWindow)
const spansAboutSql = loadSql(import.meta.url, 'spans-about.sql')
const wordsSql = loadSql(import.meta.url, 'dictionary-words.sql')

/** Of more values every k-th trace is looked at: what is common to 1 % of them is still seen 4,000 times. */
const mostRequests = 400_000
/** Of so many spans it is not asked whether they are of a fact that is looked at: to find these facts again would cost more. Of whole requests there are only first spans. */
const fewSpans = { proxies: 2_000_000, hops: 2_000_000, traces: 16_000_000 }
const ofPicked =
  ' AND if({wholes:UInt8}, trace_id IN (SELECT trace_id FROM picked), span_id IN (SELECT span FROM picked))'
/** Different combinations; rarer ones are left out, and how many requests they are is said. */
const mostCombinations = 20_000

export interface Combined {
  readonly combinations: readonly Combination[]
  readonly sides: Sides
  readonly oneOf: number
  /** Of the requests, those in `combinations`; of these, those whose span is still stored. 0..1 */
  readonly counted: number
  readonly withSpan: number
}

interface Row {
  single: number
  words: string[]
  attrset: string
  resource: string
  spans: number
  inN: number
  inWeight: number
  inSum: number
  inSquares: number
  inWeights: number
  outN: number
  outWeight: number
  outSum: number
  outSquares: number
  outWeights: number
}

/** Requests inside and outside of the box by all that they have in common, from one scan. */
export async function readCombinations(
  clickhouse: ClickHouse,
  { facts, n, ctes, params }: { facts: Pick<Selected['facts'], 'dataset'> } & Pick<Selected, 'n' | 'ctes' | 'params'>,
  options: QueryOf,
): Promise<Combined> {
  const keys = keysOf(facts.dataset)
  const oneOf = Math.max(1, Math.ceil(n / mostRequests))
  const list = keys
    .map((key) => fields[facts.dataset][key]!)
    .map(({ kind, sql }) => (kind === 'text' ? sql : `toString(${sql})`))
  const [about] = await clickhouse.query<{ spans: number }>(spansAboutSql, params, partOf(options, 'spans'))
  const rows = await clickhouse.query<Row>(
    `WITH ${ctes},\n${combinationsSql
      .replace('{{words}}', `[${list.join(', ')}]`)
      .replace('{{ofPicked}}', about!.spans / oneOf > fewSpans[facts.dataset] ? ofPicked : '')}`,
    { ...params, oneOf, most: mostCombinations + 1 },
    partOf(options, 'combinations'),
  )
  const [total, ...groups] = rows
  if (!total) return { combinations: [], sides: sidesOf(nothing), oneOf, counted: 1, withSpan: 1 }
  const [sets, resources, names] = await Promise.all([
    readWords(clickhouse, 'attrset', groups, partOf(options, 'attrsets')),
    readWords(clickhouse, 'resource', groups, partOf(options, 'resources')),
    nameOfProxy(clickhouse, keys, groups, partOf(options, 'names')),
  ])
  const combinations = groups.map((row): Combination => {
    const words = new Map<string, string>()
    keys.forEach((key, i) => words.set(key, key === 'proxy' ? names(row.words[i]!) : row.words[i]!))
    for (const [key, value] of sets.get(row.attrset) ?? []) words.set(key, value)
    for (const [key, value] of resources.get(row.resource) ?? []) words.set(key, value)
    return { words, ...talliesOf(row) }
  })
  const counted = groups.reduce((sum, { inN, outN }) => sum + inN + outN, 0)
  const all = total.inN + total.outN
  return {
    ...{ combinations, sides: sidesOf(total), oneOf },
    counted: all > 0 ? counted / all : 1,
    withSpan: all > 0 ? total.spans / all : 1,
  }
}

const keysOf = (dataset: Dataset): string[] =>
  Object.entries(fields[dataset]).flatMap(([key, { isKey }]) => (isKey ? [key] : []))

const talliesOf = (row: Row) => ({
  selection: { n: row.inN, weight: row.inWeight, sum: row.inSum, squares: row.inSquares },
  baseline: { n: row.outN, weight: row.outWeight, sum: row.outSum, squares: row.outSquares },
})

function sidesOf(row: Row): Sides {
  const { selection, baseline } = talliesOf(row)
  const side = (tally: typeof selection, weights: number): Side => ({
    ...tally,
    effective: weights > 0 ? tally.weight ** 2 / weights : 0,
  })
  return { selection: side(selection, row.inWeights), baseline: side(baseline, row.outWeights) }
}

const nothing: Row = {
  ...{ single: 1, words: [], attrset: '0', resource: '0', spans: 0 },
  ...{ inN: 0, inWeight: 0, inSum: 0, inSquares: 0, inWeights: 0 },
  ...{ outN: 0, outWeight: 0, outSum: 0, outSquares: 0, outWeights: 0 },
}

/** Attributes by id of their set, under the keys of filters. */
async function readWords(
  clickhouse: ClickHouse,
  of: 'attrset' | 'resource',
  rows: readonly Row[],
  options: QueryOf,
): Promise<Map<string, [string, string][]>> {
  const ids = [...new Set(rows.map((row) => row[of]))].filter((id) => id !== '0')
  if (ids.length === 0) return new Map()
  const found = await clickhouse.query<{ id: string; attrs: Record<string, string> }>(
    wordsSql,
    { id: of, table: of === 'attrset' ? 'attrsets' : 'resources', ids: ids.map(BigInt) },
    options,
  )
  const prefix = of === 'attrset' ? 'span' : 'resource'
  return new Map(
    found.map(({ id, attrs }) => [
      id,
      Object.entries(attrs).map(([key, value]): [string, string] => [`${prefix}.${key}`, value]),
    ]),
  )
}

/** The name that a filter knows a proxy by; its id where none is known. */
async function nameOfProxy(
  clickhouse: ClickHouse,
  keys: readonly string[],
  rows: readonly Row[],
  options: QueryOf,
): Promise<(id: string) => string> {
  const at = keys.indexOf('proxy')
  if (at < 0) return (id) => id
  const ids = rows.map(({ words }) => words[at]!)
  const names = await readProxyNames(clickhouse, ids, options)
  return (id) => names.get(id)?.name ?? id
}
