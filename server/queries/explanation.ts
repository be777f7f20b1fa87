/** What the difference of two cohorts comes with: the rankings of Explore (algorithms.md section 9) with B for the selection and A for the rest. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Explanation, ExplanationRequest } from '../api/contract-explanation.ts'
import type { Fidelity } from '../api/contract.ts'
import { singlesOf } from '../statistics/combinations.ts'
import { membership } from '../statistics/explain.ts'
import { cohortOf, currentOf, factsOfCohorts } from './cohort-facts.ts'
import { readCombinations, type Combined } from './explore/combinations.ts'
import { differencesIn, keyOf } from './explore/differences.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'

const levelsSql = loadSql(import.meta.url, 'explanation-levels.sql')
const weightedSql = loadSql(import.meta.url, 'explanation-weighted.sql')

/** Keys whose values the two have hardly any of in common say which is which, and explain nothing. */
const apartFrom = 0.95
const mostApart = 20

interface Level {
  readonly fidelity: Fidelity
  readonly a: number
  readonly b: number
  readonly cap: number
  /** All weigh alike, and no revision has replaced any. */
  readonly alike?: number
}

/** @throws CohortError */
export async function readExplanation(
  clickhouse: ClickHouse,
  asked: ExplanationRequest,
  options: QueryOf,
): Promise<Explanation> {
  const facts = factsOfCohorts(asked.measure, {
    a: cohortOf(asked.a, 'a'),
    b: cohortOf(asked.b, 'b'),
  })
  // What both have is looked at twice.
  const sides = `${facts.cte.replace(/\bfacts AS/, 'joint AS')},
facts AS (SELECT *, arrayJoin(if(inA AND inB, [toUInt8(0), 1], [inB])) AS ofB FROM joint)`
  const read = async (isCurrent: boolean, sql: string, part: string) => {
    const ctes = `${sides},\n${currentOf(isCurrent)}`
    const levelsOf = `WITH ${ctes}\n${sql}`
    return { ctes, levelsOf, levels: await clickhouse.query<Level>(levelsOf, facts.params, partOf(options, part)) }
  }
  const simple = await read(true, levelsSql, 'levels')
  const isSimple = simple.levels.every(({ alike }) => alike)
  const { ctes, levelsOf, levels } = isSimple ? simple : await read(false, weightedSql, 'weighted')
  const [level = nothing] = levels.toSorted((x, y) => Math.min(y.a, y.b) - Math.min(x.a, x.b))
  const combined = await readCombinations(
    clickhouse,
    {
      facts: { dataset: facts.dataset },
      n: level.a + level.b,
      ctes: `${ctes},\n${selectedOf}`,
      params: { ...facts.params, level: level.fidelity, cap: level.cap },
    },
    options,
  )
  const { apart, rest } = withoutThose(combined)
  const { selected, baseline, ...told } = differencesIn({ fidelity: level.fidelity, isByLatency: false }, rest)
  return {
    ...{ measure: asked.measure, ...told, a: baseline, b: selected, apart },
    method,
    sql: [{ what: 'levels of both', sql: inlined(levelsOf, facts.params) }],
  }
}

const nothing: Level = { fidelity: 'unknown', a: 0, b: 0, cap: 0 }

const selectedOf = `selected AS (
  SELECT *, assumeNotNull(value) AS exactly, ofB = 1 AS isIn FROM current WHERE level = {level:String} AND value IS NOT NULL
)`

/** Keys that part the two cohorts by themselves, and what was counted without them. */
function withoutThose(combined: Combined): { apart: Explanation['apart']; rest: Combined } {
  const { counted } = singlesOf(combined.combinations, combined.sides)
  const apart = membership(counted, combined.sides).filter(({ divergence }) => divergence >= apartFrom)
  const isApart = new Set(apart.map(({ key }) => key))
  return {
    apart: apart.slice(0, mostApart).map((one) => keyOf(one, [])),
    rest: {
      ...combined,
      combinations: combined.combinations.map((one) => ({
        ...one,
        words: new Map([...one.words].filter(([key]) => !isApart.has(key))),
      })),
    },
  }
}

const method =
  'Requests of A and B at the level of fidelity that both have most of, by all that is known of them: fields of facts, attributes of their spans and resources. Keys by which the two are told apart anyway are set aside. The others are ranked by how far the shares of their values lie apart (Jensen-Shannon divergence), and values by the part of the difference of the means that lies in requests with them, over the part of all requests (explained × lift), each against requests of A with the same value. Values beyond p99.9 count as p99.9. At most 5 % of what is listed is chance (Benjamini and Hochberg), if requests are independent.'
