/** A trace for the page that draws it: `GET /api/v1/traces/{traceId}?format=columns`, with which 100,000 spans are quick to read. */
import { z } from 'zod'
import { Trace } from './contract.ts'

const Place = z.number().int()
const Places = z.array(Place)
/** Words of keys and values in turn. */
const Pairs = z.array(Place)

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
    self: z
      .array(z.union([z.number().int().nullable(), z.array(z.number().int().nullable())]))
      .describe('ns where lo and hi are the same, else [ns, lo, hi]'),
    selfLevel: Places,
    selfReasons: Places.describe('words with a space between'),
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
  })
  .describe('a column has an entry for each span, in the same order')
export type TraceColumns = z.infer<typeof TraceColumns>

export const CompactTrace = Trace.omit({ spans: true, criticalPath: true }).extend({ columns: TraceColumns })
export type CompactTrace = z.infer<typeof CompactTrace>
