import { nativeBlock, type ColumnSpec, type NativeBlock } from '../../storage/native.ts'
import type { Hop, ProxyIdentity, TraceAnalysis } from '../analysis/types.ts'
import { Flag } from '../analysis/flags.ts'
import { halvesOf, identityHalves, putBytes, putInstant, type Halves } from './facts/columns.ts'
import type { RowContext } from './facts/table.ts'
import { HopFacts } from './facts/hops.ts'
import { ProxyFacts } from './facts/proxies.ts'
import { TraceFacts, type TraceExtent } from './facts/traces.ts'

export type { TraceExtent } from './facts/traces.ts'

/**
 * Facts as rows of the tables of migrations/0002_facts.sql: what a hop, a traversal and a trace are in ClickHouse.
 * Numbers come from the analysis unchanged; only what a column cannot hold is cut to its range.
 */

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

export const truncatedFlag = Flag.truncated
export const lateRevisionFlag = Flag.lateRevision

const place: ColumnSpec[] = [
  ['environment', 'LowCardinality(String)'],
  ['cluster', 'LowCardinality(String)'],
  ['namespace', 'LowCardinality(String)'],
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
  readonly hops: HopFacts
  readonly proxies: ProxyFacts
  readonly traces: TraceFacts
  readonly proxyNames: NativeBlock<Record<string, unknown>>
  readonly hopNames: NativeBlock<Record<string, unknown>>
}

export function factBlocks(): FactBlocks {
  return {
    hops: new HopFacts(),
    proxies: new ProxyFacts(),
    traces: new TraceFacts(),
    proxyNames: nativeBlock(proxyNameColumns),
    hopNames: nativeBlock(hopNameColumns),
  }
}

/** Rows of a trace and of everything in it. All or none: when one value does not fit a column, nothing is added. */
export function pushFacts({ hops, proxies, traces }: FactBlocks, trace: TraceAnalysis, context: FactContext): void {
  const before = { hops: hops.rows, proxies: proxies.rows, traces: traces.rows }
  const rows = rowContext(trace.traceId, trace.baseUnixNano, context, trace)
  try {
    for (const hop of trace.hops) hops.push(hop, trace, rows)
    for (const proxy of trace.proxies) proxies.push(proxy, trace, rows)
    traces.push(trace, context.spanRows, rows)
  } catch (error) {
    hops.truncate(before.hops)
    proxies.truncate(before.proxies)
    traces.truncate(before.traces)
    throw error
  }
}

/** A trace that the analysis failed on. */
export function pushFailedTrace({ traces }: FactBlocks, extent: TraceExtent, context: FactContext): void {
  traces.pushFailed(extent, context.spanRows, rowContext(extent.traceId, extent.firstStart, context))
}

const idOfTrace = new Int32Array(4)
const instant = new Int32Array(2)

function startOf(base: Halves, ns: number): Halves {
  putInstant(instant, 0, base, ns)
  return { low: instant[0]!, high: instant[1]! }
}

let lastJob = { job: 0n, halves: halvesOf(0n) }

function rowContext(
  traceId: string,
  baseUnixNano: bigint,
  { job, revision, settledAt, flags }: FactContext,
  { start, shapeId } = { start: 0, shapeId: '' },
): RowContext {
  if (lastJob.job !== job) lastJob = { job, halves: halvesOf(job) }
  const base = halvesOf(baseUnixNano)
  putBytes(idOfTrace, 0, 4, traceId)
  // No spread: it would give each trace an object of a shape of its own, and all who read it would look each field up.
  return {
    job: lastJob.halves,
    revision,
    settledAt,
    traceId: idOfTrace,
    base,
    flags,
    traceStart: startOf(base, start),
    shapeId: identityHalves(shapeId),
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

const id64 = (hex: string): bigint => BigInt(`0x${hex || '0'}`)
