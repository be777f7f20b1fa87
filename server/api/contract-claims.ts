/** `GET /claims`: published figures beside what is measured here, and whether the two may be compared (algorithms.md section 5). */
import { z } from 'zod'
import { Count, Fidelity, Instant, Ns, Share } from './contract.ts'

/** What of one's own a figure is held against. */
export const OwnFigure = z.enum(['sidecarHops', 'gateways'])
export type OwnFigure = z.infer<typeof OwnFigure>

export const PublishedClaim = z.object({
  id: z.string(),
  says: z.string(),
  source: z.string(),
  year: z.number().int().nullable(),
  method: z.string(),
  load: z.string(),
  measured: z.string().describe('what exactly it is of'),
  figures: z.array(z.object({ q: z.number().nullable(), loMs: z.number(), hiMs: z.number() })),
  own: OwnFigure.nullable().describe('null: spans do not tell it'),
  comparable: z.boolean(),
  why: z.string().describe('why it is comparable, or not, and what would be'),
})
export type PublishedClaim = z.infer<typeof PublishedClaim>

const Own = z.object({
  id: OwnFigure,
  title: z.string(),
  measure: z.enum(['transit', 'added']),
  filter: z.string().describe('as Explore and Compare take it'),
  n: Count,
  coverage: Share,
  fidelity: Fidelity,
  quantiles: z.array(
    z.object({
      q: z.number(),
      ns: Ns.nullable(),
      loNs: Ns.nullable().describe('95 %, by order statistics'),
      hiNs: Ns.nullable(),
      reasons: z.array(z.string()),
    }),
  ),
  sql: z.string(),
})
export type OwnMeasured = z.infer<typeof Own>

export const ClaimList = z.object({
  items: z.array(PublishedClaim),
  own: z.array(Own),
  method: z.string(),
  fromUnixNano: Instant,
  toUnixNano: Instant,
})
export type ClaimList = z.infer<typeof ClaimList>
