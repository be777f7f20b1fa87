/** How wrong the numbers are: what `npm run accuracy -- --write` measured, as it came with this version. */
import { z } from 'zod'
import { Count, Fidelity, Ns, Share } from './contract.ts'

export const AccuracySource = z
  .enum(['recorded', 'generated'])
  .describe('recorded: real proxies against packet captures. generated: simulated requests against what was put in.')
export type AccuracySource = z.infer<typeof AccuracySource>

export const AccuracyRow = z.object({
  source: AccuracySource,
  measure: z.enum(['overhead', 'added']).describe('in-process time (algorithms.md D4) or added time (D4b) of a proxy'),
  family: z.string(),
  sends: z.string().describe('the spans that the proxy emits for a request'),
  fidelity: Fidelity,
  requests: Count.describe('through such a proxy, answered with this fidelity'),
  biasNs: Ns.nullable().describe('median of value less truth; null where no value is claimed or no truth is known'),
  medianErrorNs: Ns.nullable().describe('median of the distance between value and truth'),
  p95ErrorNs: Ns.nullable(),
  held: Share.nullable().describe('share of requests whose truth lies within the bounds; null where no truth is known'),
  widthP50Ns: Ns.nullable().describe('median distance of the bounds; null where they are open'),
  unknown: Share.describe('share of all requests through such a proxy of which nothing is claimed'),
})
export type AccuracyRow = z.infer<typeof AccuracyRow>

export const AccuracyBound = z.object({
  source: AccuracySource,
  name: z.string(),
  limit: z.string(),
  measured: z.string(),
  ok: z.boolean(),
})
export type AccuracyBound = z.infer<typeof AccuracyBound>

export const Accuracy = z.object({
  command: z.string().describe('that measured this'),
  measuredOn: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  version: z.string(),
  analysisVersion: Count.describe('of the analysis that these numbers are about'),
  recorded: z.object({ recordings: Count, traces: Count }),
  generated: z.object({ scenarios: Count, traces: Count }),
  rows: z.array(AccuracyRow),
  bounds: z.array(AccuracyBound).describe('the command fails when one of them is broken'),
})
export type Accuracy = z.infer<typeof Accuracy>
