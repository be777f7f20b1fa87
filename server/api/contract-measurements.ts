/** What the API answers about proxies, hops and whole requests over a window: everything read from rollups. */
import { Alert } from './contract-alerts.ts'
import { z } from 'zod'
import {
  Count,
  Distribution,
  EntityId,
  Fidelity,
  HopKind,
  Instant,
  listOf,
  Ns,
  Percentiles,
  Population,
  Role,
  SegmentClass,
  Share,
  TraceId,
} from './contract.ts'

const Place = {
  environment: z.string(),
  cluster: z.string(),
  namespace: z.string(),
}

export const ProxyItem = z.object({
  id: EntityId,
  name: z.string(),
  family: z.string(),
  role: Role,
  workload: z.string(),
  ...Place,
  instances: Count,
  requests: Count,
  population: Population.optional(),
  errors: Count,
  errorRate: Share.describe('of the population'),
  added: z.array(Distribution).describe('one a level, the level with most requests first'),
  overhead: z.array(Distribution),
  requestPath: z.array(Distribution),
  responsePath: z.array(Distribution),
  retry: z.object({
    requests: Count.describe('requests with more than one attempt'),
    rate: Share,
    cost: Distribution.nullable().describe('waiting and failed attempts of those requests; null when there were none'),
  }),
  coverage: Share.describe('share of requests whose added time is known at any level'),
})
export type ProxyItem = z.infer<typeof ProxyItem>

export const ProxyList = listOf(ProxyItem)
export type ProxyList = z.infer<typeof ProxyList>

export const ViaProxy = z.object({ id: EntityId, name: z.string(), family: z.string(), role: Role })
export type ViaProxy = z.infer<typeof ViaProxy>

export const HopSegmentItem = z.object({
  class: SegmentClass,
  fidelity: Fidelity.describe('the least certain level among them'),
  ...Percentiles,
  meanNs: Ns.describe('a request of the hop; means of all classes add up to the mean transit where all are known'),
  share: Share.describe('of the time of all segments'),
})
export type HopSegmentItem = z.infer<typeof HopSegmentItem>

export const HopItem = z.object({
  id: EntityId,
  kind: HopKind,
  caller: z.string().describe("service, '' for an entry"),
  callee: z.string().describe("service, '' for an exit"),
  ...Place,
  via: z.array(EntityId).describe('proxy ids, caller to callee'),
  viaProxies: z.array(ViaProxy).describe('the same proxies with their words'),
  requests: Count,
  population: Population.optional(),
  errors: Count,
  errorRate: Share.describe('of the population'),
  transit: Distribution.describe('at the level with most requests'),
  segments: z.array(HopSegmentItem),
})
export type HopItem = z.infer<typeof HopItem>

export const HopList = listOf(HopItem)
export type HopList = z.infer<typeof HopList>

/** One line of a table by route, version, instance or neighbour. Computed from facts at one level. */
export const BreakdownRow = z.object({
  value: z.string(),
  n: Count,
  errors: Count,
  population: Population.optional(),
  ...Percentiles,
})
export type BreakdownRow = z.infer<typeof BreakdownRow>

export const Breakdown = z.object({
  by: z.enum(['route', 'version', 'instance', 'caller', 'callee']),
  fidelity: Fidelity,
  rows: z
    .array(BreakdownRow)
    .describe('most requests first, at most 20; quantiles are of the population, observed, not claimed'),
})
export type Breakdown = z.infer<typeof Breakdown>

/** A real request whose value lies next to a quantile of the population. */
export const Exemplar = z.object({
  q: z.number(),
  traceId: TraceId,
  startUnixNano: Instant,
  ns: Ns,
})
export type Exemplar = z.infer<typeof Exemplar>

const Seen = { requests: Count, share: Share.describe('of the population') }

/** What the numbers about something rest on: of all its requests, what was seen of how many, what was lost or noted and why. */
export const Ledger = z.object({
  requests: Count,
  population: Population.optional(),
  layers: z
    .array(z.object({ layer: z.enum(['caller', 'proxy', 'upstream', 'callee', 'wire', 'root']), ...Seen }))
    .describe(
      'proxy: spans of a caller, of its own upstream calls, of a callee. Hop: of the caller, of proxies between, of the callee, and ' +
        'whether the wire is told apart. Whole requests: a root, a proxy. Outermost first, none left out',
    ),
  reasons: z.array(z.object({ flag: z.string(), ...Seen })).describe('algorithms.md D9, most requests first'),
})
export type Ledger = z.infer<typeof Ledger>

/** Whether spans answer where requests go on to, learned from the requests of an hour (algorithms.md section 6). */
export const EdgeCallee = z.object({
  target: z.string().describe("upstream cluster or address; '' where spans do not say"),
  state: z
    .enum(['traced', 'sampled', 'external'])
    .describe('traced: silence is a loss. sampled: silence is a decision. external: nobody there sends spans'),
  asked: Count.describe('requests that ended well'),
  answered: Count.describe('for which spans below answered'),
  windowUnixNano: Instant.describe('start of the last five minutes of that hour'),
})
export type EdgeCallee = z.infer<typeof EdgeCallee>

const Detail = {
  ledger: Ledger,
  callees: z
    .array(EdgeCallee)
    .describe(
      'beyond the proxy, or beyond the last proxy of the hop (its caller where there is none); busiest first, at most 20',
    ),
  from: Instant,
  to: Instant,
  breakdowns: z.array(Breakdown),
  exemplars: z.array(Exemplar),
}

/** `added` is what breakdowns and exemplars of a proxy are about. */
export const ProxyDetail = ProxyItem.extend(Detail)
export type ProxyDetail = z.infer<typeof ProxyDetail>

/** `transit` is what breakdowns and exemplars of a hop are about. */
export const HopDetail = HopItem.extend(Detail)
export type HopDetail = z.infer<typeof HopDetail>

export const SeriesPoint = z.object({
  startUnixNano: Instant,
  n: Count.describe('values at this level'),
  requests: Count.describe('requests at any level'),
  errors: Count,
  ...Percentiles,
})
export type SeriesPoint = z.infer<typeof SeriesPoint>

export const Series = z.object({
  id: EntityId.nullable().describe('null for end-to-end of all routes'),
  metric: z.string(),
  fidelity: Fidelity.describe('the level with most requests in the window, or the one asked for'),
  from: Instant,
  to: Instant,
  stepMs: Count,
  points: z
    .array(SeriesPoint)
    .describe('steps without a request are left out; a quantile q of fewer than 1 / (1 - q) values is null'),
})
export type Series = z.infer<typeof Series>

export const Heatmap = z.object({
  id: EntityId,
  metric: z.string(),
  fidelity: Fidelity,
  from: Instant,
  to: Instant,
  stepMs: Count,
  n: Count.describe('values'),
  population: Population.optional(),
  timesUnixNano: z.array(Instant).describe('start of each column, none left out'),
  boundsNs: z
    .array(Ns)
    .describe(
      'rows + 1 borders, ascending, at most 121, none without values; row i holds [boundsNs[i], boundsNs[i + 1]). Values ' +
        'below 1,024 ns share row 0, which then begins at or below 0; all other rows are equally high on a log axis',
    ),
  counts: z.array(z.array(Count)).describe('counts[column][row], of the population'),
})
export type Heatmap = z.infer<typeof Heatmap>

export const SplitClass = z.object({ class: SegmentClass, ns: Ns, share: Share })

/** What requests around a quantile of end-to-end time are made of: `classes[].ns` add up to `totalNs` exactly. */
export const Split = z.object({
  q: z.number(),
  totalNs: Ns.describe('mean duration of the requests around the quantile'),
  n: Count.describe('requests averaged'),
  classes: z.array(SplitClass).describe('largest first'),
})
export type Split = z.infer<typeof Split>

export const WindowTax = z
  .object({
    n: Count.describe('requests with a root, from facts'),
    atLeast: Count.describe(
      'of these a span on the way is missing: their tax is at least the lower bound, the upper may be exceeded',
    ),
    lowerNs: Ns,
    upperNs: Ns,
    estimateNs: Ns.nullable().describe('null unless every request has an estimate'),
    share: z.number().min(0).describe('(estimate, else upper) over end-to-end time'),
    distributions: z.array(Distribution).describe('one a level'),
  })
  .describe('mean a request of the population')
export type WindowTax = z.infer<typeof WindowTax>

export const Worst = z.object({
  kind: z.enum(['proxy', 'hop']),
  id: EntityId,
  name: z.string(),
  family: z.string().describe("'' for a hop"),
  role: Role.nullable().describe('null for a hop and for a proxy whose words are not known'),
  metric: z.enum(['added', 'transit']),
  fidelity: Fidelity,
  n: Count.describe('values at that level'),
  coverage: Share.describe('as of a distribution'),
  requests: Count,
  ...Percentiles,
  reasons: z.array(z.string()),
})
export type Worst = z.infer<typeof Worst>

export const Mover = z.object({
  kind: z.enum(['proxy', 'hop']),
  id: EntityId,
  name: z.string(),
  metric: z.enum(['added', 'transit']),
  fidelity: Fidelity,
  q: z.number(),
  beforeNs: Ns,
  afterNs: Ns,
  diffNs: Ns.describe('after - before; the period before has equal length'),
  nBefore: Count,
  n: Count,
})
export type Mover = z.infer<typeof Mover>

export const Coverage = z.object({
  traces: Count,
  population: Population.optional(),
  withRoot: Share.nullable().describe('null without traces'),
  completePath: Share.nullable().describe('share with a root and nothing missing on the path'),
  layers: Ledger.shape.layers,
  hops: z.object({ requests: Count, unknown: Count }).describe('of all routes'),
  proxies: z.object({ requests: Count, unknown: Count }).describe('of all routes'),
  reasons: z.array(z.object({ flag: z.string(), traces: Count })).describe('algorithms.md D9, most traces first'),
  deciles: z
    .array(z.object({ fromNs: Ns, toNs: Ns, n: Count, complete: Share }))
    .describe(
      'tenths of the requests with a root by end-to-end time, fastest first, and the share of each of which nothing is missing: ' +
        'whether slow requests are lost more often. Empty for fewer than 200',
    ),
})
export type Coverage = z.infer<typeof Coverage>

export const OverviewPoint = z.object({
  startUnixNano: Instant,
  requests: Count,
  errors: Count,
  n: Count,
  ...Percentiles,
  classes: z.array(z.object({ class: SegmentClass, meanNs: Ns })).describe('mean a request on the critical path'),
})
export type OverviewPoint = z.infer<typeof OverviewPoint>

export const Overview = z.object({
  from: Instant,
  to: Instant,
  requests: Count,
  population: Population.optional(),
  errors: Count,
  errorRate: Share.describe('of the population'),
  hopsPerRequest: z.number().nullable(),
  endToEnd: Distribution,
  endToEndBefore: Distribution.describe('of the period of equal length before'),
  splits: z.array(Split).describe('around p50, p95 and p99; one that too few requests carry is left out'),
  meshTax: WindowTax.nullable().describe('null without a request that has a root'),
  gatewayTax: WindowTax.nullable(),
  worstProxies: z.array(Worst).describe('ten each by every percentile, max and mean, of all routes; highest p99 first'),
  worstHops: z.array(Worst).describe('ten each by every percentile, max and mean, of all routes; highest p99 first'),
  movers: z
    .array(Mover)
    .describe(
      'largest change of p99 (else p95, else p50) first, of all routes; only where the 95 % intervals of both periods lie apart ' +
        '(order statistics, assumes independent requests)',
    ),
  coverage: Coverage,
  series: z.object({ stepMs: Count, points: z.array(OverviewPoint) }),
  firing: z
    .array(Alert)
    .describe('alerts that fire now and are beneath no other, whatever the window is; newest first, at most 20'),
})
export type Overview = z.infer<typeof Overview>
