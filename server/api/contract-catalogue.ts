/** What the API answers about single requests as a list, and about what there is: services, routes, exporters, setup. */
import { z } from 'zod'
import { Count, EntityId, Instant, listOf, Ns, Tax, TraceId } from './contract.ts'

export const TraceSummary = z.object({
  traceId: TraceId,
  startUnixNano: Instant,
  durationNs: Ns.nullable(),
  rootService: z.string(),
  rootName: z.string(),
  spanCount: Count,
  hopCount: Count,
  meshTax: Tax.nullable().describe('null without a root'),
  gatewayTax: Tax.nullable().describe('null without a root'),
  error: z.boolean(),
})
export type TraceSummary = z.infer<typeof TraceSummary>

export const TraceList = listOf(TraceSummary)
export type TraceList = z.infer<typeof TraceList>

export const Service = z.object({
  name: z.string(),
  traces: Count.describe('with a span of it'),
  errors: Count,
  spans: Count.optional(),
  late: Count.describe('traces that changed after they had settled'),
  truncated: Count.describe('traces cut at a limit of size or time'),
  orphaned: Count.describe('traces of which a parent is missing'),
  rootless: Count,
  sampledOut: Count.describe('traces of which somebody further on did not sample a part'),
  weightUnknown: Count.describe('traces sampled by a rate that nobody told'),
})
export type Service = z.infer<typeof Service>

export const ServiceList = listOf(Service)
export type ServiceList = z.infer<typeof ServiceList>

export const Route = z.object({
  id: EntityId.describe('what the route filter of the overview takes'),
  rootService: z.string(),
  rootName: z.string(),
  traces: Count,
  errors: Count,
})
export type Route = z.infer<typeof Route>

export const RouteList = listOf(Route)
export type RouteList = z.infer<typeof RouteList>

export const AttributeKey = z.enum([
  'environment',
  'cluster',
  'namespace',
  'family',
  'role',
  'version',
  'route',
  'instance',
  'node',
  'zone',
  'dataPlane',
])
export type AttributeKey = z.infer<typeof AttributeKey>

export const AttributeValue = z.object({
  value: z.string(),
  requests: Count.describe('over hops, or through proxies: the larger number where both know the key'),
})
export type AttributeValue = z.infer<typeof AttributeValue>

export const AttributeList = listOf(AttributeValue)
export type AttributeList = z.infer<typeof AttributeList>

export const Exporter = z.object({
  service: z.string(),
  scope: z.string(),
  spans: Count,
  lastUnixNano: Instant.nullable(),
})
export type Exporter = z.infer<typeof Exporter>

export const Sender = z.object({
  client: z.string().describe('the name of its API key, else its address'),
  byKey: z.boolean(),
  transport: z.enum(['grpc', 'http', 'zipkin']),
  agent: z.string().describe('its User-Agent header: the program that sends'),
  services: z.array(z.string()),
  requests: Count,
  spansPerSecond: z.number().describe('over the last minute, whatever the window'),
  stored: Count.describe('spans'),
  rejected: Count.describe('spans that cannot be stored; the sender was told why'),
  late: Count.describe('spans of requests that came after their traces may have settled'),
  refused: z
    .object({
      malformed: Count,
      unauthenticated: Count,
      overloaded: Count.describe('asked to try again: too much was waiting to be stored'),
      limited: Count.describe('asked to try again: its key has used up what it may send'),
      spoolFull: Count.describe(
        'asked to try again: there was no room left on disk for what ClickHouse had not taken yet',
      ),
      unavailable: Count.describe('asked to try again: ClickHouse did not take them'),
    })
    .describe('requests'),
  lastUnixNano: Instant,
})
export type Sender = z.infer<typeof Sender>

export const Ingest = z.object({
  from: Instant,
  to: Instant,
  received: Count.describe('spans'),
  stored: Count.describe('spans'),
  refused: Count.describe('spans'),
  late: Count.describe('traces that changed after they had settled'),
  duplicates: Count.describe('spans of settled traces that came more than once and were counted once'),
  inSpool: Count.nullable().describe(
    'spans that were acknowledged and are on disk, not in ClickHouse yet, as collectors said a few seconds ago; null where none has lately',
  ),
  spool: z
    .object({
      batches: Count.describe('that wait to be stored'),
      bytes: Count.describe('of all files'),
      limitBytes: Count.describe('how much that may be; 0: there is no spool'),
      setAside: Count.describe('batches that ClickHouse refuses or that are damaged: somebody must look at them'),
    })
    .nullable()
    .describe('the spools of all collectors together, of the same moment'),
  lastSpanUnixNano: Instant.nullable(),
  exporters: z.array(Exporter),
  senders: z.array(Sender),
})
export type Ingest = z.infer<typeof Ingest>

export const Setup = z.object({
  version: z.string(),
  receivers: z.object({ grpc: z.string(), http: z.string() }).describe('addresses that OTLP exporters send to'),
  settleQuietMs: Count.describe('a trace is on the lists this long after its last span'),
})
export type Setup = z.infer<typeof Setup>
