/** A comparison with all that the Compare screen shows beside it, for a report that stands by itself. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { CompareRequest, Comparison } from '../api/contract-compare.ts'
import type { Composition } from '../api/contract-composition.ts'
import type { Explanation } from '../api/contract-explanation.ts'
import type { Resources } from '../api/contract-resources.ts'
import { CohortError, cohortConditions } from './cohort-filter.ts'
import { readComparison } from './comparison.ts'
import { readComposition } from './composition.ts'
import { readExplanation } from './explanation.ts'
import { measures } from './explore/fields.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { hasReadings, readResources } from './resources.ts'

export interface Report {
  readonly comparison: Comparison
  /** null: whole requests cannot be narrowed as these are. */
  readonly composition: Composition | null
  /** null: no readings have come. */
  readonly resources: Resources | null
  readonly explanation: Explanation
}

/** @throws CohortError */
export async function readReport(clickhouse: ClickHouse, asked: CompareRequest, options: QueryOf): Promise<Report> {
  const { a, b, measure } = asked
  const part = (name: string) => partOf(options, name)
  const windows = [a, b].map(({ from, to }) => ({ fromMs: from, toMs: to }))
  const resourcesOf = async () =>
    (await hasReadings(clickhouse, windows, part('readings')))
      ? readResources(clickhouse, { a, b, measure }, part('resources'))
      : null
  const [comparison, composition, resources, explanation] = await Promise.all([
    readComparison(clickhouse, asked, part('comparison')),
    isOfWhole(asked) ? readComposition(clickhouse, { a, b }, part('composition')).catch(notOfWhole) : null,
    resourcesOf(),
    readExplanation(clickhouse, { a, b, measure }, part('explanation')),
  ])
  return { comparison, composition, resources, explanation }
}

/** How long a hop or a proxy took says nothing of how long the request did. */
const isOfWhole = ({ a, b, measure }: CompareRequest): boolean =>
  measures[measure].dataset === 'traces' ||
  ![...cohortConditions(a.filter, 'a'), ...cohortConditions(b.filter, 'b')].some(({ field }) => field === 'took')

function notOfWhole(error: unknown): null {
  if (error instanceof CohortError) return null
  throw error
}
