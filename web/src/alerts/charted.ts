/** What of Explore's question a rule can ask too. */
import type { AlertMeasure, RuleFilter } from '../../../server/api/contract-alert-rules.ts'
import type { ExploreHeatmap, ExploreMeasure } from '../../../server/api/contract-explore.ts'
import { termsOf } from '../explore/filter.ts'
import { msOf } from '../format/time.ts'
import type { Charted } from './draft.ts'
import { measures, subjectOf } from './words.ts'

const id = /^[0-9a-f]{16}$/

/** undefined where a rule would be about something else: taxes in ms, a filter that rules do not have. */
export function chartedIn(measure: ExploreMeasure, q: string, data: ExploreHeatmap): Charted | undefined {
  if (!(measure in measures)) return undefined
  const terms = termsOf(q)
  if (terms === null) return undefined
  const subject = subjectOf(measure as AlertMeasure)
  const filter: Record<string, string> = {}
  for (const { field, operator, values } of terms) {
    const [value] = values
    if (operator !== '=' || values.length !== 1 || value === undefined) return undefined
    if (field === subject && id.test(value)) filter[field] = value
    else if (field === 'family' && subject === 'proxy') filter[field] = value
    else if (field === 'route' && subject === 'trace') filter[field] = value
    else return undefined
  }
  return {
    measure: measure as AlertMeasure,
    name:
      Object.values(filter)
        .filter((value) => !id.test(value))
        .join(', ') || { proxy: 'Proxies', hop: 'Hops', trace: 'Requests' }[subject],
    filter: { ...filter, ...(data.fidelity !== 'unknown' && { fidelity: data.fidelity }) } as RuleFilter,
    of: data.distribution,
    windowMs: msOf(data.to) - msOf(data.from),
  }
}
