/** A trace for the page that draws it: `GET /api/v1/traces/{traceId}?format=columns`, with which 100,000 spans are quick to read. */
import { z } from 'zod'
import { Trace } from './contract.ts'

const Place = z.number().int()
const Places = z.array(Place)
/** Words of keys and values in turn. */
const Pairs = z.array(Place)

const Measures = z.object({
  ns: z
    .array(z.union([z.number().int().nullable(), z.array(z.number().int().nullable())]))
    .describe('ns where lo and hi are the same, else [ns, lo, hi]'),
  level: Places,
  reasons: Places.describe('words with a space between'),
})
export type Measures = z.infer<typeof Measures>

export const ProxyColumns = z
  .object({
    span: Places.describe('of the spans, as all places of spans below; -1: none'),
    spans: z.array(Places),
    identity: Places,
    identities: z.array(Places).describe('proxyId, name, family, role'),
    instance: Places,
    overhead: Measures,
    requestPath: Measures,
    responsePath: Measures,
    added: Measures,
    attempts: Places,
    lost: z.array(z.array(z.number().int())).describe('of those that lost any: place, backoffNs, wastedNs'),
    connect: z.array(z.number().int().nullable()),
    fanOut: z.array(z.array(z.number().int())).describe('place, calls, stragglerNs, its span'),
    localReply: Places.describe('those that replied themselves'),
    flags: Places.describe('words with a space between'),
  })
  .describe('a column has an entry for each traversal')
export type ProxyColumns = z.infer<typeof ProxyColumns>

export const HopColumns = z
  .object({
    id: Places,
    kind: Places,
    caller: z.array(Places).describe('service, span; empty: none'),
    callee: z.array(Places),
    via: z.array(Places).describe('spans'),
    transit: Measures,
    segments: z.array(z.array(z.number().int())).describe('class, owning span, ns, level, in turn'),
  })
  .describe('a column has an entry for each hop')
export type HopColumns = z.infer<typeof HopColumns>

export const TraceColumns = z
  .object({
    words: z.array(z.string()).describe('every text once; other columns have places in it'),
    spanIds: z.string().describe('16 hex digits a span'),
    parent: Places.describe('place among the spans; -1: none, -2: not among them'),
    missing: z
      .array(z.tuple([Place, z.string()]))
      .describe('place and parent id of the spans whose parent is not among them'),
    service: Places,
    name: Places,
    kind: Places,
    role: Places,
    family: Places,
    rule: Places,
    status: Places,
    start: z.array(z.number().int()).describe('ns since startUnixNano'),
    moved: z.array(z.number().int()).describe('ns that placedStart comes after start'),
    duration: z.array(z.number().int()),
    self: Measures,
    flags: Places.describe('words with a space between'),
    resource: Places,
    scope: Places,
    set: Places,
    attributes: z.array(Pairs).describe('of the span itself, which win over those of its set'),
    resources: z.array(Pairs),
    scopes: z.array(Pairs).describe('name, version'),
    sets: z.array(Pairs),
    events: z
      .array(z.tuple([Place, z.array(z.array(z.number().int()))]))
      .describe('name, ns since startUnixNano, attributes'),
    links: z.array(z.tuple([Place, z.array(Places)])).describe('trace id, span id'),
    path: z.object({
      span: Places,
      class: Places,
      leg: Places,
      start: z.array(z.number().int()),
      ns: z.array(z.number().int()),
    }),
    proxies: ProxyColumns,
    hops: HopColumns,
  })
  .describe('a column has an entry for each span, in the same order')
export type TraceColumns = z.infer<typeof TraceColumns>

export const CompactTrace = Trace.omit({ spans: true, proxies: true, hops: true, criticalPath: true }).extend({
  columns: TraceColumns,
})
export type CompactTrace = z.infer<typeof CompactTrace>
