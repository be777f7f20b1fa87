/** `POST /resources`: what proxies take of CPU and memory for the requests of two cohorts, where metrics say so. */
import { z } from 'zod'
import { Cohort, CompareMeasure } from './contract-compare.ts'
import { Count, EntityId, Role, Share } from './contract.ts'

export const ResourcesRequest = z.strictObject({
  a: Cohort,
  b: Cohort,
  measure: CompareMeasure.default('transit').describe('says which requests: hops, traversals of proxies, whole ones'),
})
export type ResourcesRequest = z.infer<typeof ResourcesRequest>

const Reason = z.enum(['no_requests', 'weight_unknown', 'not_sent', 'part_not_sent', 'few_minutes', 'same_proxies'])

const PerMillion = z.object({
  value: z.number().min(0).nullable().describe('absent is null, not 0'),
  atLeast: z.boolean().describe('of some proxies on the way nothing is known: they come on top'),
  lo: z.number().min(0).nullable(),
  hi: z.number().min(0).nullable().describe('95 %, stretches of fifteen slots being left out in turn; null: too few'),
  slots: Count.describe('stretches of time with readings'),
  reasons: z.array(Reason),
})

const SideOf = z.object({
  requests: Count.describe('of the cohort, as many as its spans stand for'),
  cpuSeconds: PerMillion.describe('CPU seconds per million requests'),
  memoryByteSeconds: PerMillion.describe('bytes times the seconds that they were held, per million requests'),
  proxies: z
    .array(
      z.object({
        id: EntityId,
        name: z.string(),
        role: Role.nullable(),
        passes: z.number().min(0).describe('times that a request goes through it, on average'),
        instances: Count,
        known: Share.describe('of its traversals, those through instances that readings came of'),
        cpuSeconds: z.number().min(0).nullable().describe('per million traversals'),
        memoryBytes: z.number().min(0).nullable().describe('of all its instances, on average'),
      }),
    )
    .describe('those that most requests go through first'),
})

const Ratio = z.object({
  ratio: z.number().nullable().describe('b / a'),
  lo: z.number().nullable(),
  hi: z.number().nullable(),
  distinguishable: z.boolean(),
  reasons: z.array(Reason),
})

export const Resources = z.object({
  a: SideOf,
  b: SideOf,
  cpu: Ratio,
  memory: Ratio,
  method: z.string(),
  sql: z.array(z.object({ what: z.string(), sql: z.string() })),
})
export type Resources = z.infer<typeof Resources>
export type ResourceReason = z.infer<typeof Reason>
