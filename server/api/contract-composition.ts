/** `POST /composition`: what whole requests are made of, and what the difference of two groups is made of (algorithms.md D7). */
import { z } from 'zod'
import { Cohort } from './contract-compare.ts'
import { Count, Instant, Ns } from './contract.ts'

export const CompositionRequest = z.strictObject({ a: Cohort, b: Cohort.optional() })
export type CompositionRequest = z.infer<typeof CompositionRequest>

const Seen = z.object({
  requests: Count,
  rootless: Count.describe('of them, without a root: left out'),
  fromUnixNano: Instant,
  toUnixNano: Instant,
})
const Total = z.object({
  meanNs: Ns,
  loNs: z.number().describe('the shortest of the requests that it is of'),
  hiNs: z.number(),
})

export const Composition = z.object({
  a: Seen,
  b: Seen.nullable(),
  at: z.array(
    z.object({
      q: z.number().nullable().describe('requests around this quantile; null: all requests'),
      n: z.object({ a: Count, b: Count.nullable() }),
      a: Total.nullable(),
      b: Total.nullable(),
      classes: z
        .array(
          z.object({
            class: z.string().describe('as in criticalPath of a trace'),
            aNs: Ns,
            bNs: Ns.nullable(),
            diffNs: Ns.nullable().describe('b - a'),
            loNs: Ns,
            hiNs: Ns,
            distinguishable: z.boolean(),
          }),
        )
        .describe('aNs add up to a.meanNs, bNs to b.meanNs, diffNs to their difference; the largest first'),
      reasons: z.array(z.string()).describe('why it is not told; then there are no classes'),
    }),
  ),
  method: z.string(),
  sql: z.array(z.object({ what: z.string(), sql: z.string() })),
})
export type Composition = z.infer<typeof Composition>
