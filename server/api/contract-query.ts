/** What callers may ask: the query parameters of every resource, from text to typed values. */
import { z } from 'zod'
import { AttributeKey } from './contract-catalogue.ts'
import { EntityId, Fidelity, Role, TraceId } from './contract.ts'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Unix ms of `now`, `now-<n>(s|m|h|d)`, ISO 8601, Unix ms or Unix ns; null for anything else and for what lies outside
 * 1970 to 2100. A number of more than 14 digits is ns.
 */
export function instantMs(text: string, nowMs: number): number | null {
  const relative = /^now(?:-(\d{1,9})([smhd]))?$/.exec(text)
  const ms = relative
    ? nowMs - Number(relative[1] ?? 0) * unitMs[(relative[2] ?? 's') as keyof typeof unitMs]
    : /^\d{15,19}$/.test(text)
      ? Number(BigInt(text) / 1_000_000n)
      : /^\d{1,14}$/.test(text)
        ? Number(text)
        : /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
          ? Date.parse(text)
          : Number.NaN
  return ms >= 0 && ms < 4_102_444_800_000 ? ms : null
}

/** An instant in Unix ms. @param fallback what it is when it is left out; without one it may not be. */
export const instant = (fallback?: string) =>
  (fallback === undefined ? z.string() : z.string().default(fallback))
    .transform((text, context) => {
      const ms = instantMs(text, Date.now())
      if (ms !== null) return ms
      context.addIssue('neither now, now-1h, ISO 8601, Unix ms nor Unix ns')
      return z.NEVER
    })
    .describe(
      `Unix ns, Unix ms, ISO 8601, now or now-<n>(s|m|h|d)${fallback === undefined ? '' : `; ${fallback} when left out`}`,
    )

const window = { from: instant('now-1h'), to: instant('now') }

/** At most 400 days, the retention of the coarsest rollup. */
const longestMs = 400 * unitMs.d

export function inOrder<Query extends { from: number; to: number }>(
  query: Query,
  context: z.core.$RefinementCtx,
): void {
  if (query.from >= query.to) context.addIssue({ code: 'custom', path: ['from'], message: 'not before to' })
  else if (query.to - query.from > longestMs)
    context.addIssue({ code: 'custom', path: ['from'], message: 'more than 400 days before to' })
}

const whole = (lo: number, hi: number) =>
  z
    .string()
    .regex(/^\d{1,18}$/, 'not a whole number')
    .transform(Number)
    .pipe(z.number().min(lo).max(hi))

const Limit = whole(1, 500)
const Cursor = z.string().max(500)
export const place = {
  environment: z.string().max(256).optional(),
  cluster: z.string().max(256).optional(),
  namespace: z.string().max(256).optional(),
}

export const RangeQuery = z.strictObject(window).superRefine(inOrder)
export type RangeQuery = z.infer<typeof RangeQuery>

export const AttributesQuery = z.strictObject({ ...window, key: AttributeKey }).superRefine(inOrder)
export type AttributesQuery = z.infer<typeof AttributesQuery>

export const ProxiesQuery = z
  .strictObject({
    ...window,
    ...place,
    family: z.string().max(64).optional(),
    role: Role.optional(),
    q: z.string().max(256).optional().describe('part of the name'),
  })
  .superRefine(inOrder)
export type ProxiesQuery = z.infer<typeof ProxiesQuery>

export const MapQuery = z.strictObject({ ...window, ...place }).superRefine(inOrder)
export type MapQuery = z.infer<typeof MapQuery>

export const HopsQuery = z
  .strictObject({
    ...window,
    ...place,
    service: z.string().max(256).optional().describe('caller or callee'),
    proxy: EntityId.optional().describe('a proxy on the way'),
    kind: z.enum(['entry', 'internal', 'exit']).optional(),
    q: z.string().max(256).optional().describe('part of the name of the caller or the callee'),
  })
  .superRefine(inOrder)
export type HopsQuery = z.infer<typeof HopsQuery>

export const ProxyMetric = z.enum(['added', 'overhead', 'requestPath', 'responsePath', 'retry'])
export type ProxyMetric = z.infer<typeof ProxyMetric>
export const HopMetric = z.union([z.enum(['transit', 'wire']), z.string().regex(/^segment:[a-z+.]{1,32}$/)])
export type HopMetric = z.infer<typeof HopMetric>
export const TraceMetric = z.union([
  z.enum(['endToEnd', 'meshTax', 'gatewayTax']),
  z.string().regex(/^class:[a-z+.]{1,32}$/),
])
export type TraceMetric = z.infer<typeof TraceMetric>

const StepMs = whole(60_000, longestMs)
  .refine((ms) => ms % 60_000 === 0, 'not whole minutes')
  .optional()
  .describe('whole minutes; when left out, the window in about 120 steps')
const mostSteps = 2_000

function fewSteps(
  query: { from: number; to: number; stepMs?: number | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (query.stepMs === undefined || (query.to - query.from) / query.stepMs <= mostSteps) return
  context.addIssue({ code: 'custom', path: ['stepMs'], message: `cuts the window into more than ${mostSteps} steps` })
}

const level = { fidelity: Fidelity.exclude(['unknown']).optional() }

export const ProxySeriesQuery = z
  .strictObject({ ...window, stepMs: StepMs, ...level, metric: ProxyMetric.default('added') })
  .superRefine(inOrder)
  .superRefine(fewSteps)
export const HopSeriesQuery = z
  .strictObject({ ...window, stepMs: StepMs, ...level, metric: HopMetric.default('transit') })
  .superRefine(inOrder)
  .superRefine(fewSteps)
/** Of the heatmaps too: columns are steps. */
export type SeriesQuery = z.infer<typeof ProxySeriesQuery> | z.infer<typeof HopSeriesQuery>

export const OverviewQuery = z.strictObject({ ...window, ...place, route: EntityId.optional() }).superRefine(inOrder)
export type OverviewQuery = z.infer<typeof OverviewQuery>

export const TracesQuery = z
  .strictObject({
    ...window,
    service: z.string().max(256).optional(),
    proxy: EntityId.optional(),
    hop: EntityId.optional(),
    minNs: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    maxNs: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    error: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional(),
    q: z.string().max(256).optional().describe('trace id or its beginning, or text in root service, name or route'),
    limit: Limit.prefault('100'),
    cursor: Cursor.optional(),
    sort: z.enum(['start', 'duration']).default('start').describe('newest or longest first'),
  })
  .superRefine(inOrder)
export type TracesQuery = z.infer<typeof TracesQuery>

export const TraceParams = z.strictObject({ traceId: TraceId })
export const TraceQuery = z.strictObject({
  format: z
    .enum(['hopscope', 'columns', 'otlp'])
    .default('hopscope')
    .describe(
      'columns: numbers as they lie in memory, from which the page draws large traces (application/octet-stream, contract-columns.ts); otlp: as it was sent, an OTLP/JSON request',
    ),
})
export const EntityParams = z.strictObject({ id: EntityId })
