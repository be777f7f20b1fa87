/** `POST /feature-costs`: what features of proxies cost, each as requests with it against requests without it. */
import { z } from 'zod'
import { Cohort, CompareMeasure, Comparison } from './contract-compare.ts'

export const FeatureCostsRequest = z.strictObject({ cohort: Cohort })
export type FeatureCostsRequest = z.infer<typeof FeatureCostsRequest>

export const FeatureCost = z.object({
  id: z.enum(['mtls', 'coldConnections', 'retries', 'circuitBreakers', 'routingRules', 'filters']),
  title: z.string(),
  measure: CompareMeasure,
  with: z.string().describe('filter: requests with the feature, B'),
  without: z.string().describe('and without it, A'),
  state: z
    .enum(['measured', 'not_comparable', 'one_sided', 'not_told'])
    .describe('not_told: no span says it; one_sided: all requests have it, or none; measured: see comparison'),
  needs: z.string().describe('what has to be switched on so that spans say it'),
  means: z.string().describe('what the effect is of, and what it is not'),
  comparison: Comparison.nullable().describe('of the two, like for like; null where there is nothing to compare'),
})
export type FeatureCost = z.infer<typeof FeatureCost>

export const FeatureCosts = z.object({ items: z.array(FeatureCost), method: z.string() })
export type FeatureCosts = z.infer<typeof FeatureCosts>
