import { nativeBlock, type ColumnSpec, type NativeBlock } from '../../storage/native.ts'
import { ANALYSIS_VERSION } from '../analysis/analyse.ts'
import type { Hop, Measure, ProxyIdentity, ProxyTraversal, Tax, TraceAnalysis } from '../analysis/types.ts'

/**
 * Facts as rows of the tables of migrations/0002_facts.sql: what a hop, a traversal and a trace are in ClickHouse.
 * Numbers come from the analysis unchanged; only what a column cannot hold is cut to its range.
 */

/** `analysis_version` of a trace that the analysis failed on: only where it lies is known. */
export const failedAnalysis = 0

/** What all facts of a trace in one job share. */
export interface FactContext {
  readonly job: bigint
  /** Unix seconds. */
  readonly settledAt: number
  /** 0 for the first facts of a trace. */
  readonly revision: number
  /** Rows of spans that were read, duplicates included. */
  readonly spanRows: number
  /** D9 flags that only the finaliser knows: TRUNCATED, LATE_REVISION. */
  readonly flags: number
}

/** D9. */
export const truncatedFlag = 32_768
export const lateRevisionFlag = 65_536
export const noRootFlag = 4_096

const shared: ColumnSpec[] = [
  ['job', 'UInt64'],
  ['sign', 'Int8'],
  ['revision', 'UInt32'],
  ['analysis_version', 'UInt16'],
  ['settled_at', 'DateTime'],
  ['trace_id', 'FixedString(16)'],
]
const place: ColumnSpec[] = [
  ['environment', 'LowCardinality(String)'],
  ['cluster', 'LowCardinality(String)'],
  ['namespace', 'LowCardinality(String)'],
]
const words = (...names: string[]): ColumnSpec[] => names.map((name) => [name, 'LowCardinality(String)'])
const measure = (name: string): ColumnSpec[] => [
  [name, 'Nullable(Int64)'],
  [`${name}_lo`, 'Nullable(Int64)'],
  [`${name}_hi`, 'Nullable(Int64)'],
  [`${name}_fidelity`, 'LowCardinality(String)'],
]
const taxColumns = (name: string): ColumnSpec[] => [
  [`${name}_lower`, 'Nullable(Int64)'],
  [`${name}_upper`, 'Nullable(Int64)'],
  [`${name}_estimate`, 'Nullable(Int64)'],
  [`${name}_removable`, 'Nullable(Int64)'],
  [`${name}_work`, 'Nullable(Int64)'],
]
const attemptColumns: ColumnSpec[] = [
  ['attempts', 'UInt16'],
  ['backoff', 'Int64'],
  ['wasted', 'Int64'],
]
const outcome: ColumnSpec[] = [
  ['error', 'UInt8'],
  ['status', 'UInt16'],
  ['flags', 'UInt32'],
  ['shape_id', 'UInt64'],
  ['weight', 'Float64'],
]

export const traceColumns: ColumnSpec[] = [
  ...shared,
  ['start', 'DateTime64(9)'],
  ['duration', 'Nullable(Int64)'],
  ['span_rows', 'UInt32'],
  ['span_count', 'UInt32'],
  ['hop_count', 'UInt16'],
  ['proxy_count', 'UInt16'],
  ['first_start', 'DateTime64(9)'],
  ['last_start', 'DateTime64(9)'],
  ...place,
  ...words('root_service', 'root_name', 'route'),
  ['services', 'Array(LowCardinality(String))'],
  ['error', 'UInt8'],
  ['flags', 'UInt32'],
  ['shape_id', 'UInt64'],
  ['weight', 'Float64'],
  ...taxColumns('mesh'),
  ...taxColumns('gateway'),
  ['segments.owner', 'Array(FixedString(8))'],
  ['segments.class', 'Array(LowCardinality(String))'],
  ['segments.leg', 'Array(LowCardinality(String))'],
  ['segments.offset', 'Array(Int64)'],
  ['segments.ns', 'Array(Int64)'],
]

export const hopColumns: ColumnSpec[] = [
  ...shared,
  ['trace_start', 'DateTime64(9)'],
  ['trace_duration', 'Nullable(Int64)'],
  ['start', 'DateTime64(9)'],
  ['hop_id', 'UInt64'],
  ...place,
  ...words('kind', 'caller', 'callee'),
  ['caller_span', 'FixedString(8)'],
  ['callee_span', 'FixedString(8)'],
  ['via', 'Array(UInt64)'],
  ['via_spans', 'Array(FixedString(8))'],
  ...words('route', 'data_plane', 'caller_node', 'callee_node', 'zone_pair', 'callee_version'),
  ...attemptColumns,
  ...outcome,
  ...measure('transit'),
  ['wire', 'Nullable(Int64)'],
  ['segments.class', 'Array(LowCardinality(String))'],
  ['segments.owner', 'Array(FixedString(8))'],
  ['segments.ns', 'Array(Int64)'],
  ['segments.fidelity', 'Array(LowCardinality(String))'],
]

export const proxyColumns: ColumnSpec[] = [
  ...shared,
  ['trace_start', 'DateTime64(9)'],
  ['trace_duration', 'Nullable(Int64)'],
  ['start', 'DateTime64(9)'],
  ['duration', 'Int64'],
  ['proxy_id', 'UInt64'],
  ...place,
  ...words('family', 'role'),
  ['span', 'FixedString(8)'],
  ['spans', 'Array(FixedString(8))'],
  ...words('instance', 'version', 'node', 'zone', 'caller', 'callee', 'route', 'response_flags'),
  ...attemptColumns,
  ['local_reply', 'UInt8'],
  ...outcome,
  ...measure('added'),
  ...measure('overhead'),
  ...measure('request_path'),
  ...measure('response_path'),
]

const proxyNameColumns: ColumnSpec[] = [
  ['proxy_id', 'UInt64'],
  ...place,
  ['family', 'LowCardinality(String)'],
  ['workload', 'String'],
  ['role', 'LowCardinality(String)'],
  ['name', 'String'],
  ['seen_at', 'DateTime'],
]

const hopNameColumns: ColumnSpec[] = [
  ['hop_id', 'UInt64'],
  ...place,
  ['kind', 'LowCardinality(String)'],
  ['caller', 'String'],
  ['callee', 'String'],
  ['via', 'Array(UInt64)'],
  ['seen_at', 'DateTime'],
]

/** The blocks of one job, filled trace by trace. */
export interface FactBlocks {
  readonly hops: NativeBlock<Record<string, unknown>>
  readonly proxies: NativeBlock<Record<string, unknown>>
  readonly traces: NativeBlock<Record<string, unknown>>
  readonly proxyNames: NativeBlock<Record<string, unknown>>
  readonly hopNames: NativeBlock<Record<string, unknown>>
}

export function factBlocks(): FactBlocks {
  return {
    hops: nativeBlock(hopColumns),
    proxies: nativeBlock(proxyColumns),
    traces: nativeBlock(traceColumns),
    proxyNames: nativeBlock(proxyNameColumns),
    hopNames: nativeBlock(hopNameColumns),
  }
}

/** Rows of a trace and of everything in it. All or none: when one value does not fit a column, nothing is added. */
export function pushFacts(blocks: FactBlocks, trace: TraceAnalysis, context: FactContext): void {
  const { hops, proxies, traces } = blocks
  const before = { hops: hops.rows, proxies: proxies.rows, traces: traces.rows }
  const common = {
    job: context.job,
    sign: 1,
    revision: context.revision,
    analysis_version: ANALYSIS_VERSION,
    settled_at: context.settledAt,
    trace_id: trace.traceId,
    trace_start: instant(trace.baseUnixNano, trace.start),
    trace_duration: orNull(trace.duration),
    shape_id: id64(trace.shapeId),
    weight: trace.weight,
  }
  try {
    for (const hop of trace.hops) hops.push({ ...common, ...hopRow(hop, trace.baseUnixNano, context.flags) })
    for (const proxy of trace.proxies) {
      proxies.push({ ...common, ...proxyRow(proxy, trace.baseUnixNano, context.flags) })
    }
    traces.push({ ...common, ...traceRow(trace, context) })
  } catch (error) {
    hops.truncate(before.hops)
    proxies.truncate(before.proxies)
    traces.truncate(before.traces)
    throw error
  }
}

/** What is known of a trace without its analysis. */
export interface TraceExtent {
  readonly traceId: string
  /** Unix ns. */
  readonly firstStart: bigint
  readonly lastStart: bigint
  readonly spans: number
  readonly service: string
}

/** A trace that the analysis failed on: a fact that it is there, without hops, proxies or a duration. */
export function pushFailedTrace(blocks: FactBlocks, extent: TraceExtent, context: FactContext): void {
  const { traceId, firstStart, lastStart, spans, service } = extent
  blocks.traces.push({
    job: context.job,
    sign: 1,
    revision: context.revision,
    analysis_version: failedAnalysis,
    settled_at: context.settledAt,
    trace_id: traceId,
    start: firstStart,
    duration: null,
    span_rows: context.spanRows,
    span_count: spans,
    hop_count: 0,
    proxy_count: 0,
    first_start: firstStart,
    last_start: lastStart,
    ...{ environment: '', cluster: '', namespace: '', root_service: '', root_name: '', route: '' },
    services: service ? [service] : [],
    error: 0,
    flags: (context.flags | noRootFlag) >>> 0,
    shape_id: 0,
    weight: 1,
    ...taxValues('mesh', null),
    ...taxValues('gateway', null),
    ...{ 'segments.owner': [], 'segments.class': [], 'segments.leg': [], 'segments.offset': [], 'segments.ns': [] },
  })
}

function traceRow(trace: TraceAnalysis, { spanRows, flags }: FactContext) {
  const { baseUnixNano: base, criticalPath, tax, spans } = trace
  const known = trace.duration !== null
  let first = Infinity
  let last = -Infinity
  for (const { input } of spans) {
    if (input.start < first) first = input.start
    if (input.start > last) last = input.start
  }
  return {
    start: instant(base, trace.start),
    duration: orNull(trace.duration),
    span_rows: spanRows,
    span_count: spans.length,
    hop_count: uint16(trace.hops.length),
    proxy_count: uint16(trace.proxies.length),
    first_start: instant(base, spans.length ? first : trace.start),
    last_start: instant(base, spans.length ? last : trace.start),
    environment: trace.environment,
    cluster: trace.cluster,
    namespace: trace.namespace,
    root_service: trace.rootService,
    root_name: trace.rootName,
    route: trace.route,
    services: trace.services,
    error: Number(trace.error),
    flags: (trace.flags | flags) >>> 0,
    ...taxValues('mesh', known ? tax.mesh : null),
    ...taxValues('gateway', known ? tax.gateway : null),
    'segments.owner': criticalPath.map((segment) => id8(segment.spanId)),
    'segments.class': criticalPath.map((segment) => segment.class),
    'segments.leg': criticalPath.map((segment) => segment.leg),
    'segments.offset': criticalPath.map((segment) => int64(segment.start - trace.start)),
    'segments.ns': criticalPath.map((segment) => int64(segment.ns)),
  }
}

function hopRow(hop: Hop, base: bigint, flags: number) {
  return {
    start: instant(base, hop.start),
    hop_id: id64(hop.hopId),
    environment: hop.environment,
    cluster: hop.cluster,
    namespace: hop.namespace,
    kind: hop.kind,
    caller: hop.caller?.service ?? '',
    callee: hop.callee?.service ?? '',
    caller_span: id8(hop.caller?.spanId ?? ''),
    callee_span: id8(hop.callee?.spanId ?? ''),
    via: hop.viaProxyIds.map(id64),
    via_spans: hop.via.map(id8),
    route: hop.route,
    data_plane: hop.dataPlane,
    caller_node: hop.callerNode,
    callee_node: hop.calleeNode,
    zone_pair: hop.zonePair,
    callee_version: hop.calleeVersion,
    attempts: uint16(hop.attempts),
    backoff: int64(hop.backoffNs),
    wasted: int64(hop.wastedNs),
    error: Number(hop.error),
    status: uint16(hop.status),
    flags: (hop.flags | flags) >>> 0,
    ...measureValues('transit', hop.transit),
    // One column: only what is exact may stand without its level beside it.
    wire: hop.wire.fidelity === 'exact' ? orNull(hop.wire.ns) : null,
    'segments.class': hop.segments.map((segment) => segment.class),
    'segments.owner': hop.segments.map((segment) => id8(segment.ownerSpanId)),
    'segments.ns': hop.segments.map((segment) => int64(segment.ns)),
    'segments.fidelity': hop.segments.map((segment) => segment.fidelity),
  }
}

function proxyRow(proxy: ProxyTraversal, base: bigint, flags: number) {
  const { identity } = proxy
  return {
    start: instant(base, proxy.start),
    duration: int64(proxy.duration),
    proxy_id: id64(identity.proxyId),
    environment: identity.environment,
    cluster: identity.cluster,
    namespace: identity.namespace,
    family: identity.family,
    role: identity.role,
    span: id8(proxy.spanId),
    spans: proxy.spanIds.map(id8),
    instance: proxy.instance,
    version: proxy.version,
    node: proxy.node,
    zone: proxy.zone,
    caller: proxy.caller,
    callee: proxy.callee,
    route: proxy.route,
    response_flags: proxy.responseFlags,
    attempts: uint16(proxy.retry.attempts),
    backoff: int64(proxy.retry.backoffNs),
    wasted: int64(proxy.retry.wastedNs),
    local_reply: Number(proxy.localReply),
    error: Number(proxy.error),
    status: uint16(proxy.status),
    flags: (proxy.flags | flags) >>> 0,
    ...measureValues('added', proxy.added),
    ...measureValues('overhead', proxy.overhead),
    ...measureValues('request_path', proxy.requestPath),
    ...measureValues('response_path', proxy.responsePath),
  }
}

/** The words behind the ids, for the tables of names. */
export function pushProxyName(blocks: FactBlocks, identity: ProxyIdentity, seenAt: number): void {
  const { proxyId, name, workload, environment, cluster, namespace, family, role } = identity
  blocks.proxyNames.push({
    proxy_id: id64(proxyId),
    ...{ name, workload, environment, cluster, namespace, family, role },
    seen_at: seenAt,
  })
}

export function pushHopName(blocks: FactBlocks, hop: Hop, seenAt: number): void {
  const { hopId, kind, environment, cluster, namespace } = hop
  blocks.hopNames.push({
    hop_id: id64(hopId),
    ...{ kind, environment, cluster, namespace },
    caller: hop.caller?.service ?? '',
    callee: hop.callee?.service ?? '',
    via: hop.viaProxyIds.map(id64),
    seen_at: seenAt,
  })
}

/** null: a trace without an end-to-end time. */
function taxValues(name: string, tax: Tax | null): Record<string, unknown> {
  return {
    [`${name}_lower`]: tax && int64(tax.lowerNs),
    [`${name}_upper`]: tax && int64(tax.upperNs),
    [`${name}_estimate`]: tax && orNull(tax.estimateNs),
    [`${name}_removable`]: tax && int64(tax.removableNs),
    [`${name}_work`]: tax && int64(tax.workNs),
  }
}

function measureValues(name: string, { ns, loNs, hiNs, fidelity }: Measure): Record<string, unknown> {
  return {
    [name]: orNull(ns),
    [`${name}_lo`]: orNull(loNs),
    [`${name}_hi`]: orNull(hiNs),
    [`${name}_fidelity`]: fidelity,
  }
}

const maxInt64 = 2n ** 63n - 1n
const exact = Number.MAX_SAFE_INTEGER

/** Unix ns; beyond 2262 a start from a hostile client does not fit the column. */
function instant(base: bigint, ns: number): bigint {
  const at = base + BigInt(Math.round(ns))
  return at > maxInt64 ? maxInt64 : at < -maxInt64 ? -maxInt64 : at
}

/** Durations over 104 days are not exact anyway (types.ts): cut, not rounded into nonsense. */
const int64 = (ns: number): number => Math.min(exact, Math.max(-exact, Math.round(ns)))

const orNull = (ns: number | null): number | null => (ns === null ? null : int64(ns))

const uint16 = (n: number): number => Math.min(0xffff, Math.max(0, Math.trunc(n) || 0))

const id64 = (hex: string): bigint => BigInt(`0x${hex || '0'}`)

/** The SERVER half of a shared Zipkin id has a longer id of its own; the first eight bytes are those that were sent. */
const id8 = (hex: string): string => hex.slice(0, 16)
