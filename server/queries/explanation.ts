/** What the difference of two cohorts comes with: the rankings of Explore (algorithms.md section 9) with B for the selection and A for the rest. */
import type { ClickHouse, Params } from '../../storage/clickhouse.ts'
import type { Explanation, ExplanationRequest } from '../api/contract-explanation.ts'
import type { Fidelity } from '../api/contract.ts'
import { singlesOf } from '../statistics/combinations.ts'
import { membership } from '../statistics/explain.ts'
import { CohortError, cohortConditions } from './cohort-filter.ts'
import { readCombinations, type Combined } from './explore/combinations.ts'
import { differencesIn, keyOf } from './explore/differences.ts'
import { factsOf } from './explore/facts.ts'
import { FilterError } from './explore/filter.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'

const levelsSql = loadSql(import.meta.url, 'explanation.sql')
const currentSql = loadSql(import.meta.url, 'explore/current.sql')

/** Keys whose values the two have hardly any of in common say which is which, and explain nothing. */
const apartFrom = 0.95
const mostApart = 20

interface Level {
  readonly fidelity: Fidelity
  readonly a: number
  readonly b: number
  readonly cap: number
}

/** @throws CohortError */
export async function readExplanation(
  clickhouse: ClickHouse,
  asked: ExplanationRequest,
  options: QueryOf,
): Promise<Explanation> {
  const [a, b] = [factsOfCohort(asked, 'a'), factsOfCohort(asked, 'b')]
  const fromMs = Math.min(asked.a.from, asked.b.from)
  const toMs = Math.max(asked.a.to, asked.b.to)
  const params = { ...a.params, ...b.params, fromMs, toMs, wholes: a.wholes }
  const facts = `facts AS (SELECT *, 0 AS ofB FROM facts_a UNION ALL SELECT *, 1 AS ofB FROM facts_b)`
  const cte = `${a.cte},\n${b.cte},\n${facts}`
  const levelsOf = `WITH ${cte},\n${currentSql}${levelsSql}`
  const levels = await clickhouse.query<Level>(levelsOf, params, partOf(options, 'levels'))
  const [level = nothing] = levels.toSorted((x, y) => Math.min(y.a, y.b) - Math.min(x.a, x.b))
  const ctes = `${cte},\n${currentSql},\nselected AS (
  SELECT *, assumeNotNull(value) AS exactly, ofB = 1 AS isIn FROM current WHERE level = {level:String} AND value IS NOT NULL
)`
  const combined = await readCombinations(
    clickhouse,
    {
      facts: { dataset: a.dataset },
      n: level.a + level.b,
      ctes,
      params: { ...params, level: level.fidelity, cap: level.cap },
    },
    options,
  )
  const { apart, rest } = withoutThose(combined)
  const { selected, baseline, ...told } = differencesIn({ fidelity: level.fidelity, isByLatency: false }, rest)
  return {
    ...{ measure: asked.measure, ...told, a: baseline, b: selected, apart },
    method,
    sql: [{ what: 'levels of both', sql: inlined(levelsOf, params) }],
  }
}

const nothing: Level = { fidelity: 'unknown', a: 0, b: 0, cap: 0 }

/** The facts of one cohort under names of its own, so that both fit in one query. */
function factsOfCohort(asked: ExplanationRequest, side: 'a' | 'b') {
  const { filter, from: fromMs, to: toMs } = asked[side]
  const conditions = cohortConditions(filter, side)
  try {
    const facts = factsOf({ measure: asked.measure, filter: '', conditions, window: { fromMs, toMs } })
    const params: Params = Object.fromEntries(
      Object.entries(facts.params).map(([name, value]) => [`${side}_${name}`, value]),
    )
    return {
      dataset: facts.dataset,
      wholes: facts.params['wholes'],
      cte: facts.cte.replace(/^facts/, `facts_${side}`).replace(/\{(\w+):/g, `{${side}_$1:`),
      params,
    }
  } catch (error) {
    throw error instanceof FilterError ? CohortError.of(side, conditions, error) : error
  }
}

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
