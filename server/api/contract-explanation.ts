/** `POST /explanation`: which attributes the difference of two cohorts comes with (algorithms.md section 9). */
import { z } from 'zod'
import { Cohort, CompareMeasure } from './contract-compare.ts'
import { Differences, KeyDifference } from './contract-explore.ts'

export const ExplanationRequest = z.strictObject({ a: Cohort, b: Cohort, measure: CompareMeasure.default('transit') })
export type ExplanationRequest = z.infer<typeof ExplanationRequest>

const { fidelity, keys, extraNs, extraTime, reference, compared, reasons, baseline, selected } = Differences.shape

export const Explanation = z
  .object({
    measure: CompareMeasure,
    ...{ fidelity, keys, extraNs, extraTime, reference, compared, reasons },
    ...{ a: baseline, b: selected },
    apart: z
      .array(KeyDifference)
      .describe('keys that A and B have hardly a value of in common: they part them by themselves'),
    method: z.string(),
    sql: z.array(z.object({ what: z.string(), sql: z.string() })),
  })
  .describe('as /explore/differences, with B for the selection and A for the others')
export type Explanation = z.infer<typeof Explanation>
