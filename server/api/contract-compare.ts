/** `POST /compare`: which of two groups of requests is faster, by how much, and what may not be said (algorithms.md section 8.3). */
import { z } from 'zod'
import { inOrder, instant, place } from './contract-query.ts'
import { Count, Fidelity, Instant, Ns, Share } from './contract.ts'

export const CompareMeasure = z
  .enum(['transit', 'added', 'overhead', 'endToEnd', 'meshTax', 'gatewayTax'])
  .describe('of hops, of traversals of proxies (two), of whole requests (three)')
export type CompareMeasure = z.infer<typeof CompareMeasure>

const word = z.string().min(1).max(256).optional()

export const CohortFilter = z
  .strictObject({
    hop: word.describe('id'),
    proxy: word.describe('name or id'),
    family: word,
    version: word.describe('of the proxy; of hops, of the callee'),
    service: word,
    route: word,
    zone: word,
    dataPlane: z.enum(['none', 'gateway', 'sidecar', 'waypoint', 'both']).optional(),
    ...place,
    q: z.string().max(4_000).optional().describe('a filter as /explore takes it'),
  })
  .describe('all of it holds; empty: every request')
export type CohortFilter = z.infer<typeof CohortFilter>

export const Cohort = z
  .strictObject({ filter: CohortFilter.default({}), from: instant('now-1h'), to: instant('now') })
  .superRefine(inOrder)
export type Cohort = z.infer<typeof Cohort>

export const CompareRequest = z.strictObject({
  a: Cohort,
  b: Cohort,
  measure: CompareMeasure.default('transit'),
  matchRoutes: z.boolean().default(true).describe('like is compared with like: route, caller, callee, zones'),
  matchLoad: z
    .boolean()
    .default(false)
    .describe('times of like load with each other, by doublings of requests a minute'),
})
export type CompareRequest = z.infer<typeof CompareRequest>

export const CompareFormat = z.strictObject({
  format: z.enum(['json', 'md']).optional().describe('md: Markdown, as with Accept: text/markdown'),
})

const Verdict = z.enum(['a_faster', 'b_faster', 'not_distinguishable', 'not_comparable'])

const Difference = z
  .object({
    aNs: Ns.nullable(),
    bNs: Ns.nullable(),
    diffNs: Ns.nullable().describe('b - a'),
    loNs: Ns.nullable(),
    hiNs: Ns.nullable(),
    distinguishable: z.boolean(),
    reasons: z.array(z.string()).describe('why it is not told; then all are null'),
  })
  .describe(
    'loNs to hiNs: 95 %, by blocks of time that are drawn again, wider by as much as the sides waver by themselves',
  )
const Ratio = z.object({ ratio: z.number(), lo: z.number(), hi: z.number(), distinguishable: z.boolean() })

const Compared = z.object({
  shift: Ratio.describe('b / a: the Hodges-Lehmann shift of logarithms. The verdict goes by that of `adjusted`'),
  quantiles: z.array(Difference.extend({ q: z.number() })),
  mean: Difference,
  tail: Ratio.describe('p99/p50 of b by that of a: above 1, b is less steady'),
  dispersion: Ratio.describe('p75/p25 likewise'),
  jitter: Ratio.describe('how far two requests of b lie apart on average (Gini’s mean difference), by that of a'),
})

const CohortSeen = z.object({
  name: z.string(),
  n: Count.describe('requests with a value at this level'),
  requests: Count.describe('of any level'),
  coverage: Share,
  fidelity: Fidelity,
  fromUnixNano: Instant,
  toUnixNano: Instant,
})

export const Comparison = z.object({
  verdict: Verdict,
  sentence: z.string(),
  measure: CompareMeasure,
  a: CohortSeen,
  b: CohortSeen,
  ...Compared.partial().shape,
  adjusted: Compared.nullable().describe(
    'like for like: of what both sides have, in the shares it has in both together',
  ),
  common: Share.describe('of both sides, in strata that both have (30 requests each or more)'),
  matched: z.array(z.string()).describe('what requests that are compared have in common; `load` with matchLoad'),
  unmatched: z.array(z.string()).describe('what they do not: the two sides have too little of it in common'),
  reversed: z.boolean().describe('as they are one is faster, like for like the other'),
  mix: z
    .object({ mixNs: Ns, withinNs: Ns })
    .nullable()
    .describe('of the difference of the means of what both have: by other shares, and inside of the strata (Kitagawa)'),
  strata: z
    .array(
      z.object({
        keys: z.record(z.string(), z.string()),
        n: z.object({ a: Count, b: Count }),
        share: z.object({ a: Share, b: Share }),
        p50: z.object({ aNs: Ns.nullable(), bNs: Ns.nullable() }),
        shift: Ratio.nullable().describe('null with fewer than 30 requests on a side'),
      }),
    )
    .describe('most requests first, at most 200'),
  moreStrata: Count,
  bins: z
    .array(z.object({ loNs: z.number(), hiNs: z.number(), a: Share, b: Share }))
    .describe(
      'shares of the requests of each side by value as they are, eight bins an octave; values of 0 and below in the first',
    ),
  reasons: z
    .array(
      z.enum(['few_requests', 'few_minutes', 'few_common_strata', 'no_common_level', 'low_coverage', 'weight_unknown']),
    )
    .describe('why it is not comparable'),
  method: z.string(),
  sql: z.array(z.object({ what: z.string(), sql: z.string() })).describe('what was asked of ClickHouse'),
})
export type Comparison = z.infer<typeof Comparison>
export type ComparedDifference = z.infer<typeof Difference>
