/** What the Explore screen asks and is answered: single requests of one measure, narrowed by a filter, and what is different about some of them. */
import { z } from 'zod'
import { Heatmap, SeriesPoint } from './contract-measurements.ts'
import { inOrder, instant, place } from './contract-query.ts'
import {
  Count,
  Distribution,
  EntityId,
  Fidelity,
  Instant,
  listOf,
  Ns,
  Population,
  Role,
  Share,
  TraceId,
} from './contract.ts'

export const ExploreMeasure = z
  .enum(['added', 'overhead', 'requestPath', 'responsePath', 'transit', 'wire', 'endToEnd', 'meshTax', 'gatewayTax'])
  .describe('of traversals of proxies the first four, of hops the next two, of whole requests the others')
export type ExploreMeasure = z.infer<typeof ExploreMeasure>

const mostFilter = 4_000
const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'not a whole number')
  .transform(Number)

const asked = {
  measure: ExploreMeasure.default('added'),
  q: z
    .string()
    .max(mostFilter)
    .default('')
    .describe('a filter: `route = /cart and status != 200, 204 and took > 5ms and span.net.protocol ~ http`'),
  from: instant('now-1h'),
  to: instant('now'),
  ...place,
  fidelity: Fidelity.exclude(['unknown']).optional().describe('the level with most values when left out'),
}
const selected = {
  selFrom: instant().optional(),
  selTo: instant().optional(),
  selMinNs: whole.optional().describe('values from here on'),
  selMaxNs: whole.optional().describe('values below this'),
}
const limit = (most: number, usual: number) => whole.pipe(z.number().min(1).max(most)).prefault(String(usual))

export const ExploreQuery = z.strictObject(asked).superRefine(inOrder)
export type ExploreQuery = z.infer<typeof ExploreQuery>
export const DifferencesQuery = z.strictObject({ ...asked, ...selected }).superRefine(inOrder)
export type DifferencesQuery = z.infer<typeof DifferencesQuery>
export const GroupsQuery = z
  .strictObject({ ...asked, by: z.string().min(1).max(256).describe('a field, span.KEY or resource.KEY') })
  .superRefine(inOrder)
export type GroupsQuery = z.infer<typeof GroupsQuery>
export const RequestsQuery = z
  .strictObject({
    ...asked,
    ...selected,
    sort: z.enum(['value', 'start']).default('value').describe('slowest or newest first'),
    limit: limit(200, 50),
    cursor: z.string().max(200).optional(),
  })
  .superRefine(inOrder)
export type RequestsQuery = z.infer<typeof RequestsQuery>
export const ValuesQuery = z
  .strictObject({ ...asked, key: z.string().min(1).max(256), text: z.string().max(256).default('') })
  .superRefine(inOrder)
export type ValuesQuery = z.infer<typeof ValuesQuery>
export const FieldsQuery = z.strictObject({ measure: asked.measure })
export const LiveQuery = z.strictObject({
  ...{ measure: asked.measure, q: asked.q, ...place },
  after: z
    .string()
    .regex(/^\d{1,14}$/, 'not what an answer gave as `next`')
    .transform(Number)
    .optional()
    .describe('`next` of the answer before; absent: from now on'),
  limit: limit(50, 20),
})
export type LiveQuery = z.infer<typeof LiveQuery>

export const ExploreLevels = z
  .array(z.object({ fidelity: Fidelity, n: Count }))
  .describe('values at each level, most first; levels are never mixed in what is shown')

export const ExploreHeatmap = Heatmap.omit({ id: true }).extend({
  levels: ExploreLevels,
  requests: Count.describe('that the filter lets through, at any level'),
  distribution: Distribution,
  points: z.array(SeriesPoint),
})
export type ExploreHeatmap = z.infer<typeof ExploreHeatmap>

const Term = z.object({
  key: z.string().describe('a field, span.KEY or resource.KEY'),
  value: z.string().describe("'': not set"),
  cut: z.literal(true).optional().describe('the value is longer than what is shown; no filter can name it'),
})
const Sizes = z.object({ selection: Count, baseline: Count })

export const Selection = z.object({
  fromUnixNano: Instant,
  toUnixNano: Instant,
  minNs: Ns.nullable(),
  maxNs: Ns.nullable(),
  usual: z.boolean().describe('nobody selected: those above the 90th percentile'),
})
export type Selection = z.infer<typeof Selection>

const SideOf = z.object({
  n: Count,
  population: Population.optional(),
  meanNs: Ns.nullable().describe('winsorised at p99.9'),
})

export const MemberValue = Term.extend({
  n: Sizes,
  selection: Share,
  baseline: Share,
  risk: z
    .object({ ratio: z.number().nullable(), lo: z.number(), hi: z.number().nullable() })
    .describe(
      'how much likelier a request with it is selected than one without; 95 %, assumes independent requests; null is infinite',
    ),
})
export type MemberValue = z.infer<typeof MemberValue>

export const KeyDifference = z.object({
  key: z.string(),
  divergence: Share.describe('Jensen-Shannon divergence of the shares of its values, bits'),
  byChance: z.number().min(0).describe('what chance alone brings about in the mean'),
  values: z
    .array(MemberValue)
    .describe('those that differ by more than chance (5 % false discoveries), largest difference first, at most 20'),
  implies: z.array(z.string()).describe('keys that go without saying beside it (Theil U > 0.95)'),
})
export type KeyDifference = z.infer<typeof KeyDifference>

export const ExtraTime = z.object({
  terms: z.array(Term).describe('one, or two that hold together'),
  also: z.array(Term).describe('other values that these very requests have, at most 20'),
  n: Sizes,
  share: Share.describe('of all requests'),
  explained: z.number().describe('part of the extra time of the selection that lies in these requests'),
  explainedLo: z.number(),
  explainedHi: z.number(),
  lift: z.number().describe('explained / share'),
  score: z.number().describe('explained x lift'),
  meanNs: Ns.describe('in the selection'),
  referenceNs: Ns.describe('what that is held against'),
})
export type ExtraTime = z.infer<typeof ExtraTime>

export const Differences = z.object({
  measure: ExploreMeasure,
  fidelity: Fidelity,
  from: Instant,
  to: Instant,
  selection: Selection,
  selected: SideOf,
  baseline: SideOf,
  keys: z.array(KeyDifference).describe('membership: largest divergence first, at most 40'),
  extraNs: Ns.nullable().describe('mean extra time of a selected request'),
  extraTime: z.array(ExtraTime).describe('latency: highest score first, at most 40'),
  reference: z
    .enum(['same', 'all'])
    .describe('same: requests with the same in common; all: the whole baseline, for a selection made by latency'),
  compared: z.object({
    oneOf: Count.describe('1: all requests; k: every k-th trace, by its id'),
    counted: Share.describe('of these requests, those in combinations that were looked at'),
    withSpan: Share.describe('of these, those whose span is still stored: only they have span and resource attributes'),
    keys: Count,
    dropped: z.array(z.string()).describe('keys of nearly as many values as requests'),
  }),
  reasons: z.array(z.string()).describe('why nothing is compared: few_selected, few_others'),
})
export type Differences = z.infer<typeof Differences>

export const Group = z.object({
  value: z.string(),
  requests: Count,
  errors: Count,
  distribution: Distribution,
})
export type Group = z.infer<typeof Group>
export const GroupList = listOf(Group).extend({
  fidelity: Fidelity,
  more: Count.describe('requests of values that are not listed'),
})
export type GroupList = z.infer<typeof GroupList>

export const ExploreRequest = z.object({
  traceId: TraceId,
  spanId: z.string().describe("'' for a whole request"),
  startUnixNano: Instant,
  ns: Ns,
  fidelity: Fidelity,
  traceNs: Ns.nullable(),
  about: z.object({
    id: EntityId.nullable(),
    name: z.string(),
    role: Role.nullable(),
  }),
  caller: z.string(),
  callee: z.string(),
  route: z.string(),
  status: Count,
  error: z.boolean(),
})
export type ExploreRequest = z.infer<typeof ExploreRequest>
export const ExploreRequestList = listOf(ExploreRequest).extend({ fidelity: Fidelity, selection: Selection })
export type ExploreRequestList = z.infer<typeof ExploreRequestList>

export const ExploreField = z.object({
  key: z.string(),
  kind: z.enum(['text', 'number', 'duration']),
  means: z.string(),
  groups: z.boolean().describe('whether it can be grouped by'),
})
export type ExploreField = z.infer<typeof ExploreField>
export const ExploreFieldList = z.object({ items: z.array(ExploreField) })
export type ExploreFieldList = z.infer<typeof ExploreFieldList>

export const ExploreValueList = z.object({
  items: z.array(
    z.object({ value: z.string(), requests: Count.nullable().describe('null: known from dictionaries, not counted') }),
  ),
})
export type ExploreValueList = z.infer<typeof ExploreValueList>

export const Live = z.object({
  items: z.array(ExploreRequest).describe('newest first'),
  arrived: Count.describe(
    'settled since `after` and through the filter; more than items: the limit held the others back',
  ),
  next: z.string(),
})
export type Live = z.infer<typeof Live>
