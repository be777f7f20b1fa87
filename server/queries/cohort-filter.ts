/** Who a cohort is: what it is narrowed by, as conditions over facts. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { CohortFilter } from '../api/contract-compare.ts'
import { FilterError, readFilter, type Condition } from './explore/filter.ts'
import { readProxyNames } from './names.ts'
import type { QueryOf } from './query-of.ts'

/** A filter that cannot be read, and of which cohort. */
export class CohortError extends Error {
  /** What the request calls the cohort. */
  readonly cohort: string
  /** Key of the filter. */
  readonly field: string
  /** Of `q`, index of the character at fault. */
  readonly at: number | undefined
  constructor(cohort: string, field: string, { message, at }: FilterError) {
    super(message)
    this.cohort = cohort
    this.field = field
    this.at = field === 'q' ? at : undefined
  }

  /** The same of a cohort that was asked about under another name. */
  of(cohort: string): CohortError {
    return new CohortError(cohort, this.field, new FilterError(this.at ?? -1, this.message))
  }

  static of(cohort: string, conditions: readonly Condition[], error: FilterError): CohortError {
    const named = conditions.find(({ at }) => at < 0 && at === error.at)
    return new CohortError(cohort, named?.field ?? 'q', error)
  }
}

/** What a cohort is narrowed by: what is named, at places before the filter's first, then the filter. @throws CohortError */
export function cohortConditions({ q = '', ...named }: CohortFilter, cohort: string): Condition[] {
  const byName = Object.entries(named).flatMap(([field, value], i): Condition[] =>
    value === undefined || value === '' ? [] : [{ field, operator: '=', values: [value], at: -1 - i, valueAt: -1 - i }],
  )
  try {
    return [...byName, ...readFilter(q)]
  } catch (error) {
    if (error instanceof FilterError) throw new CohortError(cohort, 'q', error)
    throw error
  }
}

const isId = /^[0-9a-f]{16}$/

/** What proxies are called that are asked for by id. */
export async function namesIn(clickhouse: ClickHouse, conditions: readonly Condition[], options: QueryOf) {
  const ids = conditions.flatMap(({ field, values }) =>
    field === 'proxy' ? values.filter((one) => isId.test(one)) : [],
  )
  return readProxyNames(clickhouse, ids, options)
}
