/** How much of its budget what a budget rule is about has left (api.md). */
import { z } from 'zod'
import { AlertMeasure } from './contract-alert-rules.ts'
import { AlertSeries } from './contract-alerts.ts'
import { Count, EntityId, Instant } from './contract.ts'

export const BudgetsQuery = z
  .strictObject({ proxy: EntityId.optional(), hop: EntityId.optional(), route: EntityId.optional() })
  .refine((query) => Object.values(query).filter((id) => id !== undefined).length <= 1, 'more than one of them')
  .describe('all where none is named')
export type BudgetsQuery = z.infer<typeof BudgetsQuery>

export const Budget = z.object({
  ruleId: EntityId,
  ruleName: z.string(),
  measure: AlertMeasure,
  series: AlertSeries,
  valueNs: Count,
  share: z.number().describe('of requests that are to take at most valueNs'),
  windowMs: Count,
  n: Count.describe('requests of the window'),
  over: Count.describe('those of them that took longer; a value within 1.1 % of valueNs may count on either side'),
  left: z
    .number()
    .nullable()
    .describe(
      'of the budget of the window: 1 is all of it, below 0 it is overspent; null of fewer requests than minCount',
    ),
  burnRates: z.array(
    z.object({
      longMs: Count,
      shortMs: Count,
      rate: z.number().describe('beyond it in both windows it fires'),
      long: z.number().nullable().describe('how many times as fast as it may be it is spent; null without requests'),
      short: z.number().nullable(),
    }),
  ),
  state: z
    .enum(['burning', 'slowing', 'within', 'unknown'])
    .describe('burning: some long window and its short one are beyond their rate; slowing: only a long one still is'),
})
export type Budget = z.infer<typeof Budget>

export const BudgetList = z.object({
  to: Instant.describe('all windows end here: the last minute that is complete'),
  items: z.array(Budget).describe('least left first, at most 100'),
  of: Count.describe('so many there are'),
})
export type BudgetList = z.infer<typeof BudgetList>
