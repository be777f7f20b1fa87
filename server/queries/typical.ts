import type { ClickHouse } from '../../storage/clickhouse.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { hexOf, type Window } from './rollup-window.ts'

const shapeSql = loadSql(import.meta.url, 'shape-of-trace.sql')
const peersSql = loadSql(import.meta.url, 'shape-peers.sql')
const typicalSql = loadSql(import.meta.url, 'typical-trace.sql')

export interface ShapePeers {
  /** 16 hex digits. */
  readonly shapeId: string
  readonly window: Window
  readonly n: number
  readonly below: number
  readonly equal: number
  /** Of others; null where there is none. */
  readonly typical: { traceId: string; startUnixNano: string; durationNs: number; medianNs: number } | null
}

/** So that a shape that every request has cannot keep ClickHouse busy. */
const settings = { max_execution_time: 10, max_memory_usage: String(512 * 2 ** 20), max_threads: 2 } as const

const hourMs = 3_600_000
const minuteMs = 60_000

/**
 * Requests of the shape of a trace in the hour before it and the minute after. undefined: it has no facts, as it has not settled or
 * they have expired; null: it has no duration, without a root.
 */
export async function readShapePeers(
  clickhouse: ClickHouse,
  traceId: string,
  options: QueryOf,
): Promise<ShapePeers | null | undefined> {
  const [own] = await clickhouse.query<{ shapeId: string; duration: string | null; startUnixNano: string }>(
    shapeSql,
    { traceId },
    partOf(options, 'shape'),
  )
  if (!own) return undefined
  if (own.duration === null) return null
  const startMs = Number(BigInt(own.startUnixNano) / 1_000_000n)
  const window = { fromMs: startMs - hourMs, toMs: startMs + minuteMs }
  const params = { ...window, shape: BigInt(own.shapeId) }
  const [peers] = await clickhouse.query<{ n: number; below: number; equal: number; median: string }>(
    peersSql,
    { ...params, duration: own.duration },
    { ...partOf(options, 'peers'), settings },
  )
  const [typical] = await clickhouse.query<{ traceId: string; startUnixNano: string; durationNs: string }>(
    typicalSql,
    { ...params, traceId, median: peers!.median },
    { ...partOf(options, 'typical'), settings },
  )
  const { n, below, equal, median } = peers!
  return {
    ...{ shapeId: hexOf(own.shapeId), window, n, below, equal },
    typical: typical ? { ...typical, durationNs: Number(typical.durationNs), medianNs: Number(median) } : null,
  }
}
