/** How one request compares with others: the rank of a hop or proxy among its peers, and a typical request of the same shape. */
import { z } from 'zod'
import { Count, EntityId, Fidelity, Instant, Ns, Population, SegmentClass, Share, SpanId, TraceId } from './contract.ts'
import { HopMetric, inOrder, instant, ProxyMetric } from './contract-query.ts'

const asked = {
  from: instant('now-1h'),
  to: instant('now'),
  fidelity: Fidelity.exclude(['unknown']).describe('values of this level only: levels are never compared'),
  ns: z
    .string()
    .regex(/^-?\d{1,15}$/, 'not a whole number of ns')
    .transform(Number)
    .describe('the value: of a bounded one its upper bound'),
}
export const ProxyRankQuery = z.strictObject({ ...asked, metric: ProxyMetric.default('added') }).superRefine(inOrder)
export const HopRankQuery = z.strictObject({ ...asked, metric: HopMetric.default('transit') }).superRefine(inOrder)
export type RankQuery = z.infer<typeof ProxyRankQuery> | z.infer<typeof HopRankQuery>

export const PeerRank = z
  .object({
    id: EntityId,
    metric: z.string(),
    fidelity: Fidelity,
    n: Count.describe('requests of this level with a value'),
    population: Population.optional(),
    below: Share.nullable().describe('share of them that is certainly lower; null where n is 0'),
    upTo: Share.nullable().describe('share that is lower, or too close to tell (2.2 %, the width of a bucket)'),
    loShare: Share.nullable().describe('the same two when requests without a value are counted: all higher, all lower'),
    hiShare: Share.nullable(),
    from: Instant,
    to: Instant,
  })
  .describe('where a value stands among those of the same hop or proxy')
export type PeerRank = z.infer<typeof PeerRank>

export const ClassDifference = z.object({ class: SegmentClass, ns: Ns, typicalNs: Ns })
export type ClassDifference = z.infer<typeof ClassDifference>

export const SpanDifference = z.object({ spanId: SpanId, typicalSpanId: SpanId, ns: Ns, typicalNs: Ns })
export type SpanDifference = z.infer<typeof SpanDifference>

export const Typical = z
  .object({
    from: Instant,
    to: Instant,
    shapeId: EntityId.describe(
      'hash of service, operation and role of all spans in order: requests alike have the same',
    ),
    n: Count.describe('stored requests of the same shape with a duration, this one included'),
    below: Count.describe('how many of them were shorter'),
    equal: Count.describe('how many took as long, this one included'),
    typical: z
      .object({
        traceId: TraceId,
        startUnixNano: Instant,
        durationNs: Ns,
        medianNs: Ns.describe('of the n durations'),
        classes: z
          .array(ClassDifference)
          .describe(
            'time on the critical path by class, largest difference first; differences add up to that of the durations',
          ),
        spans: z
          .array(SpanDifference)
          .describe('time on the critical path by span, those with the largest differences, 50 at most'),
        restNs: Ns.describe('difference of all other spans together'),
      })
      .nullable()
      .describe('another one, at the median or the closest below; null where there is none'),
  })
  .describe('a request beside a typical one of the same shape in the hour before it')
export type Typical = z.infer<typeof Typical>
