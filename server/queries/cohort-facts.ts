/** The facts of two cohorts at once: what both have is read once. */
import type { Params } from '../../storage/clickhouse.ts'
import type { Cohort, CompareMeasure } from '../api/contract-compare.ts'
import { CohortError, cohortConditions } from './cohort-filter.ts'
import { compile } from './explore/conditions.ts'
import { factsOf, type Facts } from './explore/facts.ts'
import { measures } from './explore/fields.ts'
import { FilterError, type Condition } from './explore/filter.ts'
import { loadSql } from './load-sql.ts'
import type { Window } from './rollup-window.ts'

const currentSql = loadSql(import.meta.url, 'explore/current.sql').trimEnd()

export interface CohortAsked {
  readonly conditions: readonly Condition[]
  readonly window: Window
}

/** @throws CohortError */
export const cohortOf = ({ filter, from, to }: Cohort, side: 'a' | 'b'): CohortAsked => ({
  conditions: cohortConditions(filter, side),
  window: { fromMs: from, toMs: to },
})

/** `current` of `facts`: those that no revision has replaced. @param isAll it is known that none has. */
export const currentOf = (isAll: boolean): string => (isAll ? 'current AS (SELECT * FROM facts)' : currentSql)

/** `facts` with `inA` and `inB`, 0 or 1: which of the two a fact is of. @throws CohortError */
export function factsOfCohorts(
  measure: CompareMeasure,
  { a, b }: { readonly a: CohortAsked; readonly b?: CohortAsked },
): Facts {
  const windows = [a.window, ...(b ? [b.window] : [])]
  const window = {
    fromMs: Math.min(...windows.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...windows.map(({ toMs }) => toMs)),
  }
  const { cte, params, dataset } = factsOf({ measure, window, filter: '' })
  const inA = membershipOf(measure, 'a', a, window)
  const inB = b ? membershipOf(measure, 'b', b, window) : { sql: 'false', params: {} }
  return {
    dataset,
    cte: `${cte.replace(/^facts/, 'anyone')},
facts AS (
SELECT *, toUInt8(ifNull(${inA.sql}, 0)) AS inA, toUInt8(ifNull(${inB.sql}, 0)) AS inB FROM anyone
WHERE (${inA.sql}) OR (${inB.sql})
)`,
    params: { ...params, ...inA.params, ...inB.params },
  }
}

/** Parameters have the side's name before their own, but those of the measure. @param read the window of the facts. */
function membershipOf(
  measure: CompareMeasure,
  side: 'a' | 'b',
  { conditions, window }: CohortAsked,
  read: Window,
): { sql: string; params: Params } {
  try {
    const { sql, params } = compile(conditions, measures[measure].dataset)
    const isAll = window.fromMs === read.fromMs && window.toMs === read.toMs
    const all = isAll ? sql : [inWindow, ...sql]
    const own: Params = { ...params, ...window }
    return {
      sql:
        all.length > 0
          ? all
              .map((one) => `(${one})`)
              .join(' AND ')
              .replace(/\{(\w+):/g, (whole, name: string) => (name in own ? `{${side}_${name}:` : whole))
          : 'true',
      params: Object.fromEntries(Object.entries(own).map(([name, value]) => [`${side}_${name}`, value])),
    }
  } catch (error) {
    throw error instanceof FilterError ? CohortError.of(side, conditions, error) : error
  }
}

const inWindow =
  "start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')"
