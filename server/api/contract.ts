/**
 * The shapes that the API answers with (api.md, to the letter): Zod schemas, and the types inferred from them under the
 * same names. This file holds what every resource shares, and the trace; contract-measurements.ts proxies, hops and the
 * overview; contract-catalogue.ts traces as a list, services, routes, ingest and setup; contract-query.ts what callers may ask.
 * Nothing here does I/O, so that the web UI may import the types.
 *
 * An instant is a decimal string of Unix ns (`…UnixNano`), a duration an integer of ns (`…Ns`), an id lower-case hex.
 */
import { z } from 'zod'

export const Instant = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .describe('Unix nanoseconds, decimal')
export const Ns = z.number().int().describe('nanoseconds')
export const Count = z.number().int().nonnegative()
/** Only where something was sampled. */
export const Population = Count.describe(
  'requests that the stored ones stand for by their sampling weights; absent where nothing was sampled',
)
export const Share = z.number().min(0).max(1)
export const TraceId = z.string().regex(/^[0-9a-f]{32}$/)
export const SpanId = z.string().regex(/^[0-9a-f]{16}$/)
/** Of a proxy, a hop or a route. */
export const EntityId = z.string().regex(/^[0-9a-f]{16}$/)

export const Fidelity = z.enum(['exact', 'bounded', 'modelled', 'unknown'])
export type Fidelity = z.infer<typeof Fidelity>

export const Role = z.enum([
  'app',
  'gateway',
  'sidecar-inbound',
  'sidecar-outbound',
  'waypoint',
  'l4-proxy',
  'middleware-stage',
])
export type Role = z.infer<typeof Role>

export const SegmentClass = z
  .enum([
    'gateway.proc',
    'gateway.out+wire',
    'proxy.in',
    'proxy.out+wire',
    'proxy.proc',
    'wire',
    'loopback',
    'app',
    'external',
    'retry',
    'unknown',
  ])
  .describe('algorithms.md D7')
export type SegmentClass = z.infer<typeof SegmentClass>

export const HopKind = z.enum(['entry', 'internal', 'exit'])
export type HopKind = z.infer<typeof HopKind>

export const Measure = z
  .object({
    ns: Ns.nullable(),
    loNs: Ns.nullable(),
    hiNs: Ns.nullable(),
    fidelity: Fidelity,
    reasons: z.array(z.string()),
  })
  .describe(
    'One latency. exact: ns = loNs = hiNs. bounded: ns null, truth in [loNs, hiNs], hiNs null when open above. ' +
      'modelled: ns is the estimate, [loNs, hiNs] its bounds. unknown: all null, reasons says why.',
  )
export type Measure = z.infer<typeof Measure>

/** Of many latencies; null: not claimed, or none. max is the upper edge of the highest bucket. */
export const Percentiles = {
  p50Ns: Ns.nullable(),
  p75Ns: Ns.nullable(),
  p90Ns: Ns.nullable(),
  p95Ns: Ns.nullable(),
  p99Ns: Ns.nullable(),
  p999Ns: Ns.nullable(),
  maxNs: Ns.nullable(),
  meanNs: Ns.nullable(),
}

export const Distribution = z
  .object({
    n: Count,
    population: Population.optional(),
    coverage: Share,
    fidelity: Fidelity,
    ...Percentiles,
    reasons: z.array(z.string()),
    bounds: z
      .array(z.object({ q: z.number(), loNs: Ns.nullable(), hiNs: Ns.nullable() }))
      .optional()
      .describe(
        'of quantiles that are null because values are missing: where they lie whatever the missing ones are (Manski); null is ' +
          'open. Of one proxy, one hop and end-to-end time',
      ),
  })
  .describe(
    'Latencies of many requests at one level: exact holds the value, bounded the upper bound, modelled the estimate. ' +
      'coverage: share of the requests of this level and of level unknown that have a finite value. A quantile that the ' +
      'claim table (algorithms.md section 6) does not allow is null and named in reasons, as in p99_few_samples. Quantiles, mean ' +
      'and coverage are of the population; weight_unknown among the reasons: of what was stored, by rates nobody knows.',
  )
export type Distribution = z.infer<typeof Distribution>

export const Tax = z
  .object({
    lowerNs: Ns,
    upperNs: Ns,
    estimateNs: Ns.nullable(),
    share: z.number().min(0),
    removableNs: Ns.optional().describe('of one trace: what would be saved if all that upperNs counts took no time'),
    workNs: Ns.optional().describe('of one trace: in-process time of these proxies, on the critical path or not'),
  })
  .describe('algorithms.md D8. share: the estimate, else the upper bound, over the duration.')
export type Tax = z.infer<typeof Tax>

export const Retry = z.object({ attempts: Count, backoffNs: Ns, wastedNs: Ns })
export type Retry = z.infer<typeof Retry>

const Words = z.record(z.string(), z.string())

export const TraceSpan = z.object({
  spanId: SpanId,
  parentSpanId: z.union([SpanId, z.literal('')]),
  service: z.string(),
  name: z.string(),
  kind: z.enum(['unset', 'internal', 'server', 'client', 'producer', 'consumer']),
  role: Role,
  proxyFamily: z.string().describe("'' for applications"),
  rule: z.string().describe("of docs/recognition.md that recognised it; '' for applications"),
  startUnixNano: Instant,
  placedStartUnixNano: Instant.describe('where the waterfall draws it, clock skew taken out'),
  durationNs: Ns,
  self: Measure,
  status: z.enum(['unset', 'ok', 'error']),
  attributes: Words,
  resource: Words,
  events: z.array(z.object({ name: z.string(), timeUnixNano: Instant, attributes: Words })),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })),
  scope: z.object({ name: z.string(), version: z.string() }),
  flags: z.array(z.string()),
})
export type TraceSpan = z.infer<typeof TraceSpan>

export const TraceProxy = z.object({
  spanId: SpanId.describe('its server-side or only span'),
  spanIds: z.array(SpanId),
  proxyId: EntityId,
  name: z.string(),
  family: z.string(),
  role: Role,
  instance: z.string(),
  overhead: Measure.describe('in-process time, algorithms.md D4'),
  requestPath: Measure,
  responsePath: Measure,
  added: Measure.describe('algorithms.md D4b'),
  retry: Retry,
  connectNs: Ns.nullable().describe('opening a connection upstream: 0 for a pooled one, null where nothing tells'),
  fanOut: z
    .object({
      calls: Count,
      stragglerNs: Ns.describe('how long only the slowest of calls at once was still waited for'),
      stragglerSpanId: z.union([SpanId, z.literal('')]),
    })
    .nullable()
    .describe('null where it made no more than one call'),
  localReply: z.boolean(),
  flags: z.array(z.string()),
})
export type TraceProxy = z.infer<typeof TraceProxy>

const HopEnd = z.object({ service: z.string(), spanId: SpanId })

export const TraceHop = z.object({
  hopId: EntityId,
  kind: HopKind,
  caller: HopEnd.nullable(),
  callee: HopEnd.nullable(),
  via: z.array(SpanId).describe('proxy span ids, caller to callee'),
  transit: Measure,
  segments: z
    .array(z.object({ class: SegmentClass, ownerSpanId: SpanId, ns: Ns, fidelity: Fidelity }))
    .describe('ns add up to the transit exactly'),
})
export type TraceHop = z.infer<typeof TraceHop>

export const PathSegment = z.object({
  spanId: SpanId,
  class: SegmentClass,
  leg: z.enum(['self', 'req', 'mid', 'resp']),
  startUnixNano: Instant,
  ns: Ns,
})
export type PathSegment = z.infer<typeof PathSegment>

export const Trace = z.object({
  traceId: TraceId,
  startUnixNano: Instant,
  durationNs: Ns.nullable().describe('null without a root'),
  rootService: z.string(),
  rootName: z.string(),
  settled: z.boolean().describe('false while spans may still come; lists hold settled traces only'),
  flags: z.array(z.string()).describe('algorithms.md D9, lower case'),
  spans: z.array(TraceSpan),
  proxies: z.array(TraceProxy),
  hops: z.array(TraceHop),
  queueWaits: z
    .array(z.object({ producerSpanId: SpanId, consumerSpanId: SpanId, wait: Measure }))
    .describe('messages, from the end of the producer to the start of the consumer; part of no other number'),
  criticalPath: z.array(PathSegment).describe('ns add up to durationNs exactly; empty without a root'),
  tax: z.object({ mesh: Tax, gateway: Tax }),
  hints: z
    .array(z.object({ kind: z.literal('suspected-gateway'), spanId: SpanId, service: z.string() }))
    .describe('what looks like a proxy although no rule says so; in no number'),
})
export type Trace = z.infer<typeof Trace>

/** RFC 9457, `application/problem+json`. */
export const Problem = z.object({
  type: z.string().optional(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  field: z.string().optional().describe('the parameter at fault'),
  at: Count.optional().describe('index of the character of it that is'),
  queryId: z.string().optional().describe('of ClickHouse, where it was asked'),
})
export type Problem = z.infer<typeof Problem>

/** The envelope of every list. `from` and `to`: the window that was really read, in Unix ns: whole minutes, of 12 h and more whole hours. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable(), from: Instant, to: Instant })
}
