/** What requests are made of, and what the difference of two groups of them is made of: sums by class that add up exactly. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Cohort } from '../api/contract-compare.ts'
import type { Composition, CompositionRequest } from '../api/contract-composition.ts'
import { refusal } from '../statistics/claims.ts'
import { differenceOfMeans, type MeanOf } from '../statistics/composition.ts'
import { cohortOf, currentOf, factsOfCohorts } from './cohort-facts.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { unixNano } from './rollup-window.ts'

const edgesSql = loadSql(import.meta.url, 'composition-edges.sql')
const weightedSql = loadSql(import.meta.url, 'composition-weighted.sql')

/** Around each, requests between two others. */
const bands = [
  { q: 0.5, from: 0.45, to: 0.55 },
  { q: 0.9, from: 0.85, to: 0.95 },
  { q: 0.95, from: 0.925, to: 0.975 },
  { q: 0.99, from: 0.985, to: 0.995 },
] as const
const levels = bands.flatMap(({ from, to }) => [from, to])
const levelsBelow = levels.map((q) => q - 1e-13)

/** Which of the bands a duration lies in, a bit each. */
const bandsOf = (of: string, edges: string) =>
  `toUInt8(${of} * (${bands
    .map((_, i) => `${2 ** i} * (took >= ${edges}[${2 * i + 1}] AND took <= ${edges}[${2 * i + 2}])`)
    .join(' + ')}))`

const piecesSql = loadSql(import.meta.url, 'composition.sql')
  .replace('{{bandsOfA}}', bandsOf('inA', '{edgesOfA:Array(Float64)}'))
  .replace('{{bandsOfB}}', bandsOf('inB', '{edgesOfB:Array(Float64)}'))

interface Row {
  classes: string[]
  inA: number
  inB: number
  bandsOfA: number
  bandsOfB: number
  n: number
  weight: number
  squaredWeight: number
  total: number
  totalSquares: number
  loNs: number
  hiNs: number
  /** By place in `classes`, of which one may be there more than once. */
  sums: number[]
  squares: number[]
}

/** Of each side, and between which durations each band lies. */
interface Edges {
  edgesOfA: number[]
  edgesOfB: number[]
}

interface Counts extends Edges {
  allOfA: number
  rootlessOfA: number
  allOfB: number
  rootlessOfB: number
  /** No revision has replaced any. */
  isCurrent: number
  /** The edges are right. */
  isSimple: number
}

interface Side {
  readonly all: number
  readonly rootless: number
  /** null: none of its requests is in the band. @param band 0: all of them; i: around the i-th of `bands`. */
  readonly meansIn: (band: number) => MeanOf | null
}

/** @throws CohortError */
export async function readComposition(
  clickhouse: ClickHouse,
  asked: CompositionRequest,
  options: QueryOf,
): Promise<Composition> {
  const facts = factsOfCohorts('endToEnd', {
    a: cohortOf(asked.a, 'a'),
    ...(asked.b && { b: cohortOf(asked.b, 'b') }),
  })
  const edgesOf = edgesSql.replaceAll('{{levels}}', levelsBelow.join(', '))
  const [counts] = (await clickhouse.query<Counts>(
    `WITH ${facts.cte}\n${edgesOf}`,
    facts.params,
    partOf(options, 'edges'),
  )) as [Counts]
  const ctes = `WITH ${facts.cte},\n${currentOf(counts.isCurrent === 1)}\n`
  const weighted = () => {
    const sql = `${ctes}${weightedSql.replaceAll('{{levels}}', levels.join(', '))}`
    return clickhouse.query<Edges>(sql, facts.params, partOf(options, 'weighted'))
  }
  const [{ edgesOfA, edgesOfB }] = counts.isSimple ? [counts] : ((await weighted()) as [Edges])
  const sql = `${ctes}${piecesSql}`
  const params = { ...facts.params, edgesOfA, edgesOfB }
  const rows = await clickhouse.query<Row>(sql, params, partOf(options, 'pieces'))
  const a = { all: counts.allOfA, rootless: counts.rootlessOfA, meansIn: meansOf(rows, 'inA', 'bandsOfA') }
  const b = asked.b
    ? { all: counts.allOfB, rootless: counts.rootlessOfB, meansIn: meansOf(rows, 'inB', 'bandsOfB') }
    : null
  const told = ({ all, rootless }: Side, { from, to }: Cohort) => ({
    ...{ requests: all, rootless, fromUnixNano: unixNano(from), toUnixNano: unixNano(to) },
  })
  return {
    a: told(a, asked.a),
    b: b && told(b, asked.b!),
    at: [null, ...bands.map(({ q }) => q)].map((q, band) => {
      const [inA, inB] = [a.meansIn(band), b && b.meansIn(band)]
      const n = Math.min(a.all - a.rootless, b ? b.all - b.rootless : Infinity)
      const coverage = Math.min(coverageOf(a), b ? coverageOf(b) : 1)
      const refused = inA === null || (b && inB === null) ? 'few_samples' : refusal(q ?? 0.5, n, coverage)
      if (refused !== undefined) return { q, n: { a: 0, b: null }, ...nothing, reasons: [refused] }
      const { a: ofA, b: ofB, classes } = differenceOfMeans(inA!, inB ?? null)
      return { q, n: { a: inA!.n, b: inB?.n ?? null }, a: ofA, b: ofB, classes, reasons: [] }
    }),
    method:
      'The critical path of each request is cut into pieces, each of one class; a request is exactly as long as its pieces together. Means over requests of these sums add up to the mean duration exactly, and so do their differences. Around a quantile: requests between two quantiles about it. Intervals are 95 %, of means, and take requests for independent.',
    sql: [{ what: b ? 'pieces of the requests of A and B' : 'pieces of the requests of A', sql: inlined(sql, params) }],
  }
}

const nothing = { a: null, b: null, classes: [] }
const coverageOf = ({ all, rootless }: Side) => (all > 0 ? (all - rootless) / all : 0)

const meansOf =
  (rows: readonly Row[], inSide: 'inA' | 'inB', bandsOf: 'bandsOfA' | 'bandsOfB') =>
  (band: number): MeanOf | null => {
    const some = rows.filter((row) => row[inSide] === 1 && (band === 0 || (row[bandsOf] & (2 ** (band - 1))) !== 0))
    const sum = (of: (row: Row) => number) => some.reduce((all, row) => all + of(row), 0)
    const weight = sum((row) => row.weight)
    if (weight <= 0) return null
    const classes = new Map<string, { sum: number; squares: number }>()
    for (const row of some)
      row.classes.forEach((name, i) => {
        const { sum, squares } = classes.get(name) ?? { sum: 0, squares: 0 }
        classes.set(name, { sum: sum + row.sums[i]!, squares: squares + row.squares[i]! })
      })
    return {
      n: sum((row) => row.n),
      loNs: Math.min(...some.map((row) => row.loNs)),
      hiNs: Math.max(...some.map((row) => row.hiNs)),
      effective: (weight * weight) / sum((row) => row.squaredWeight),
      total: { mean: sum((row) => row.total) / weight, meanSquare: sum((row) => row.totalSquares) / weight },
      classes: new Map(
        [...classes].map(([name, { sum, squares }]) => [name, { mean: sum / weight, meanSquare: squares / weight }]),
      ),
    }
  }
