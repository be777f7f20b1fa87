/** What requests are made of, and what the difference of two groups of them is made of: sums by class that add up exactly. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Cohort } from '../api/contract-compare.ts'
import type { Composition, CompositionRequest } from '../api/contract-composition.ts'
import { refusal } from '../statistics/claims.ts'
import { differenceOfMeans, type MeanOf } from '../statistics/composition.ts'
import { CohortError, cohortConditions } from './cohort-filter.ts'
import { factsOf } from './explore/facts.ts'
import { FilterError } from './explore/filter.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { unixNano } from './rollup-window.ts'

const compositionSql = loadSql(import.meta.url, 'composition.sql')
const countSql = loadSql(import.meta.url, 'what-if/count.sql')
const currentSql = loadSql(import.meta.url, 'explore/current.sql')

/** Around each, requests between two others. */
const bands = [
  { q: 0.5, from: 0.45, to: 0.55 },
  { q: 0.9, from: 0.85, to: 0.95 },
  { q: 0.95, from: 0.925, to: 0.975 },
  { q: 0.99, from: 0.985, to: 0.995 },
] as const
const levels = bands.flatMap(({ from, to }) => [from, to]).join(', ')
/** A choice a band: a loop over bands for each request would double the price of the question. */
const bandsOf = bands
  .map(
    (_, i) => `if(took >= edges[${2 * i + 1}] AND took <= edges[${2 * i + 2}], [toUInt8(${i + 1})], emptyArrayUInt8())`,
  )
  .join(', ')

interface Row {
  band: number
  n: number
  weight: number
  squaredWeight: number
  total: number
  totalSquares: number
  loNs: number
  hiNs: number
  sums: [string[], number[]]
  squares: [string[], number[]]
}

interface Side {
  readonly rows: readonly Row[]
  readonly all: number
  readonly rootless: number
  readonly sql: string
}

/** @throws CohortError */
export async function readComposition(
  clickhouse: ClickHouse,
  asked: CompositionRequest,
  options: QueryOf,
): Promise<Composition> {
  const read = (side: 'a' | 'b', cohort: Cohort) => readSide(clickhouse, side, cohort, partOf(options, side))
  const [a, b] = await Promise.all([read('a', asked.a), asked.b ? read('b', asked.b) : null])
  const told = ({ all, rootless }: Side, { from, to }: Cohort) => ({
    ...{ requests: all, rootless, fromUnixNano: unixNano(from), toUnixNano: unixNano(to) },
  })
  return {
    a: told(a, asked.a),
    b: b && told(b, asked.b!),
    at: [null, ...bands.map(({ q }) => q)].map((q, band) => {
      const [inA, inB] = [meansIn(a, band), b && meansIn(b, band)]
      const n = Math.min(a.all - a.rootless, b ? b.all - b.rootless : Infinity)
      const coverage = Math.min(coverageOf(a), b ? coverageOf(b) : 1)
      const refused = inA === null || (b && inB === null) ? 'few_samples' : refusal(q ?? 0.5, n, coverage)
      if (refused !== undefined) return { q, n: { a: 0, b: null }, ...nothing, reasons: [refused] }
      const { a: ofA, b: ofB, classes } = differenceOfMeans(inA!, inB ?? null)
      return { q, n: { a: inA!.n, b: inB?.n ?? null }, a: ofA, b: ofB, classes, reasons: [] }
    }),
    method:
      'The critical path of each request is cut into pieces, each of one class; a request is exactly as long as its pieces together. Means over requests of these sums add up to the mean duration exactly, and so do their differences. Around a quantile: requests between two quantiles about it. Intervals are 95 %, of means, and take requests for independent.',
    sql: [
      { what: 'pieces of the requests of A', sql: a.sql },
      ...(b ? [{ what: 'pieces of the requests of B', sql: b.sql }] : []),
    ],
  }
}

const nothing = { a: null, b: null, classes: [] }
const coverageOf = ({ all, rootless }: Side) => (all > 0 ? (all - rootless) / all : 0)

async function readSide(clickhouse: ClickHouse, side: 'a' | 'b', cohort: Cohort, options: QueryOf): Promise<Side> {
  const conditions = cohortConditions(cohort.filter, side)
  const window = { fromMs: cohort.from, toMs: cohort.to }
  try {
    const { cte, params } = factsOf({ measure: 'endToEnd', window, filter: '', conditions })
    const sql = `WITH ${cte},\n${currentSql}${compositionSql.replace('{{levels}}', levels).replace('{{bands}}', bandsOf)}`
    const [rows, [counted]] = await Promise.all([
      clickhouse.query<Row>(sql, params, partOf(options, 'pieces')),
      clickhouse.query<{ all: number; rootless: number }>(`WITH ${cte}\n${countSql}`, params, partOf(options, 'count')),
    ])
    return { rows, ...counted!, sql: inlined(sql, params) }
  } catch (error) {
    throw error instanceof FilterError ? CohortError.of(side, conditions, error) : error
  }
}

function meansIn({ rows }: Side, band: number): MeanOf | null {
  const row = rows.find((one) => one.band === band)
  if (!row || row.weight <= 0) return null
  const { weight, squaredWeight, total, totalSquares, n, loNs, hiNs } = row
  const squares = new Map(row.squares[0].map((name, i) => [name, row.squares[1][i]!]))
  return {
    ...{ n, loNs, hiNs, effective: (weight * weight) / squaredWeight },
    total: { mean: total / weight, meanSquare: totalSquares / weight },
    classes: new Map(
      row.sums[0].map((name, i) => [
        name,
        { mean: row.sums[1][i]! / weight, meanSquare: (squares.get(name) ?? 0) / weight },
      ]),
    ),
  }
}
