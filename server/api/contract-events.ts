/** What happened at an instant: told by people and pipelines, or a new version seen in spans. */
import { z } from 'zod'
import { instantMs } from './contract-query.ts'
import { EntityId, Instant, listOf } from './contract.ts'

const labels = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((all) => Object.keys(all).length <= 32, 'more than 32')

export const EventRequest = z.strictObject({
  kind: z.string().trim().min(1).max(64).describe('deploy, config, …: what it is, in a word'),
  title: z.string().trim().min(1).max(200),
  atUnixNano: Instant.refine((text) => text.length > 14 && instantMs(text, 0) !== null, 'not Unix ns from 1970 to 2100')
    .optional()
    .describe('now when left out'),
  labels: labels
    .default({})
    .describe('of these service, environment, cluster and namespace narrow the pages that show it'),
})
export type EventRequest = z.infer<typeof EventRequest>

export const EventItem = z.object({
  id: EntityId.nullable().describe('null for what was seen'),
  source: z.enum(['told', 'seen']).describe('seen: in spans, a version that had not served requests for six hours'),
  kind: z.string().describe('of what was seen: version'),
  title: z.string(),
  atUnixNano: Instant.describe('of what was seen: start of the first request'),
  labels: z
    .record(z.string(), z.string())
    .describe('of what was seen: version, before (the versions until then), service'),
  proxyId: EntityId.nullable().describe('whose version was seen'),
})
export type EventItem = z.infer<typeof EventItem>

export const EventList = listOf(EventItem)
export type EventList = z.infer<typeof EventList>
