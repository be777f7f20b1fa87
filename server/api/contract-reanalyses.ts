/** Requests to analyse settled traces again: what is sent, and what is answered about them. */
import { z } from 'zod'
import { inOrder, instant } from './contract-query.ts'
import { Count, EntityId, Instant } from './contract.ts'

export const ReanalysisRequest = z
  .strictObject({ from: instant(), to: instant() })
  .superRefine(inOrder)
  .describe('the traces that start in [from, to)')
export type ReanalysisRequest = z.infer<typeof ReanalysisRequest>

export const Reanalysis = z.object({
  id: EntityId,
  state: z.enum(['requested', 'running', 'done', 'cancelled']),
  from: Instant,
  to: Instant,
  requestedUnixNano: Instant,
  traces: Count.describe('that had facts in the window when it was asked for'),
  reanalysed: Count.describe('that have new facts: a second ago, exactly when it is done'),
  kept: Count.describe('whose facts stand because spans of theirs have expired'),
  failed: Count.describe('of the reanalysed: those that the analysis failed on'),
})
export type Reanalysis = z.infer<typeof Reanalysis>

export const ReanalysisList = z.object({ items: z.array(Reanalysis) })
export type ReanalysisList = z.infer<typeof ReanalysisList>
