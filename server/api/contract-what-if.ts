/** `POST /what-if`: recorded requests re-timed as if something were different (algorithms.md section 10). */
import { z } from 'zod'
import { Cohort } from './contract-compare.ts'
import { Count, EntityId, Fidelity, Instant, Ns, Share } from './contract.ts'

const word = z.string().min(1).max(256)

export const WhatIfTarget = z
  .strictObject({
    proxy: word.optional().describe('name or id'),
    hop: EntityId.optional().describe('proxies on the way of this hop'),
    family: word.optional(),
    dataPlane: z.enum(['sidecar', 'waypoint', 'gateway', 'mesh']).optional().describe('mesh: sidecars and waypoints'),
  })
  .describe('proxies for which all of it holds; empty: every proxy')
export type WhatIfTarget = z.infer<typeof WhatIfTarget>

const ns = z.number().int().min(0).max(60_000_000_000)
const target = WhatIfTarget.default({})

export const WhatIfChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('remove'), target }).describe('the proxies are not there'),
  z
    .strictObject({ kind: z.literal('replace'), target, by: Cohort })
    .describe('their in-process time is distributed as that of the traversals of `by`'),
  z.strictObject({ kind: z.literal('scale'), target, factor: z.number().min(0).max(100) }).describe('times `factor`'),
  z.strictObject({ kind: z.literal('add'), target, ns }).describe('so much longer'),
  z.strictObject({ kind: z.literal('cap'), target, ns }).describe('so much at most'),
  z
    .strictObject({ kind: z.literal('cache'), service: word, share: Share })
    .describe('a share of the calls to the service is not made, nor what they cause'),
  z.strictObject({ kind: z.literal('noRetries') }).describe('attempts that were made good for are not made'),
])
export type WhatIfChange = z.infer<typeof WhatIfChange>

export const WhatIfRequest = z.strictObject({ cohort: Cohort, change: WhatIfChange })
export type WhatIfRequest = z.infer<typeof WhatIfRequest>

const Range = z.object({ loNs: Ns, hiNs: Ns })
const Reasons = z.array(z.string()).describe('why it is not told; then all else is null')

const Quantile = z.object({
  q: z.number(),
  beforeNs: Ns.nullable(),
  beforeLoNs: Ns.nullable(),
  beforeHiNs: Ns.nullable(),
  afterNs: Ns.nullable().describe('null where only bounds are known'),
  loNs: Ns.nullable().describe(
    'with the 95 % interval of the quantile, both bounds of what spans tell and 5 % for the model',
  ),
  hiNs: Ns.nullable(),
  reasons: Reasons,
})

export const WhatIf = z.object({
  sentence: z.string(),
  requests: z.object({
    all: Count.describe('settled requests of the cohort'),
    rootless: Count.describe('of them, without a root: how long they took is not known, they are left out'),
    retimed: Count.describe('drawn, at most 50,000 in runs of neighbours, and re-timed'),
    concerned: Count.describe('of those, requests that have what would be different'),
    unreadable: Count.describe('drawn, but their spans have expired'),
  }),
  fromUnixNano: Instant,
  toUnixNano: Instant,
  fidelity: Fidelity.describe(
    'of what would be: modelled, or bounded where the work of a proxy is only known between bounds',
  ),
  quantiles: z.array(Quantile),
  saved: z
    .object({
      meanNs: Ns.nullable(),
      loNs: Ns,
      hiNs: Ns,
      share: z.object({ lo: z.number(), hi: z.number() }).describe('of the mean duration'),
    })
    .nullable()
    .describe('a request, on average; of `remove` the removable tax. 95 %, without what the model is off by'),
  overtaken: Share.nullable().describe('of the re-timed: another call than before is the last one that is waited for'),
  replacements: z
    .array(z.object({ how: z.enum(['same rank', 'any rank']), quantiles: z.array(Range.extend({ q: z.number() })) }))
    .describe('of `replace`, both ways; `quantiles` of the answer spans both'),
  assumptions: z.array(z.string()),
  reasons: z.array(z.enum(['no_requests', 'no_spans', 'not_concerned', 'no_replacement', 'weight_unknown'])),
  method: z.string(),
  sql: z.array(z.object({ what: z.string(), sql: z.string() })),
})
export type WhatIf = z.infer<typeof WhatIf>
