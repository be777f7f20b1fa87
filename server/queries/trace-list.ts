import type { ClickHouse } from '../../storage/clickhouse.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'

const listSql = loadSql(import.meta.url, 'trace-list.sql')
const whereSql = loadSql(import.meta.url, 'trace-place.sql')

export interface TraceListParams {
  /** Unix ms. */
  readonly fromMs: number
  readonly toMs: number
  readonly service: string
  /** 16 hex digits or ''. */
  readonly proxy: string
  readonly hop: string
  /** 0: no bound. */
  readonly minNs: number
  readonly maxNs: number
  readonly error: boolean | null
  /** Beginning of a trace id, lower case. */
  readonly prefix: string
  readonly text: string
  readonly byDuration: boolean
  readonly cursor: Cursor | null
  readonly limit: number
}

/** Where the page before ended: decimal duration (ns) and start (Unix ns), trace id. */
export interface Cursor {
  readonly duration: string
  readonly start: string
  readonly traceId: string
}

export interface TraceRow {
  traceId: string
  startUnixNano: string
  duration: string | null
  rootService: string
  rootName: string
  spanCount: number
  hopCount: number
  error: number
  mesh_lower: string | null
  mesh_upper: string | null
  mesh_estimate: string | null
  gateway_lower: string | null
  gateway_upper: string | null
  gateway_estimate: string | null
}

const unsigned = (hex: string) => (hex === '' ? '0' : String(BigInt(`0x${hex}`)))

export function listTraces(clickhouse: ClickHouse, params: TraceListParams, options: QueryOf): Promise<TraceRow[]> {
  const { proxy, hop, error, byDuration, cursor, ...rest } = params
  return clickhouse.query<TraceRow>(
    listSql,
    {
      ...rest,
      proxy: unsigned(proxy),
      hop: unsigned(hop),
      error: error === null ? -1 : error ? 1 : 0,
      byDuration: byDuration ? 1 : 0,
      cursorKey: cursor?.duration ?? '0',
      cursorStart: cursor?.start ?? '0',
      cursorId: cursor?.traceId ?? '',
    },
    options,
  )
}

export interface TracePlace {
  /** Of its earliest and latest span, Unix ns, decimal. */
  readonly firstNano: string
  readonly lastNano: string
  /** Spans that came after it had settled revised its facts. */
  readonly late: boolean
  /** Wrote its facts, decimal digits. */
  readonly job: string
  readonly spans: number
}

/** Where a trace with facts lies; undefined without facts. */
export async function placeOfTrace(
  clickhouse: ClickHouse,
  traceId: string,
  options: QueryOf,
): Promise<TracePlace | undefined> {
  const [row] = await clickhouse.query<TracePlace>(whereSql, { traceId }, { ...options, settings: { max_threads: 1 } })
  return row
}

/** A settled trace lies where its facts say; spans that came late and have not been looked at yet may lie a little beside. */
const besideMs = 2 * 60_000
/** Those of one that settled longer ago have been looked at. */
const lookedAtMs = 60 * 60_000

/** What to look through for a settled trace, Unix s. */
export function minutesOf({ job, firstNano, lastNano }: TracePlace): { firstMinute: number; lastMinute: number } {
  const settledMs = Number(BigInt(job) >> 21n)
  const aside = Date.now() - settledMs < lookedAtMs ? besideMs : 0
  const minuteOf = (ms: number) => Math.max(0, Math.floor(ms / 60_000) * 60)
  const ms = (nano: string) => Number(BigInt(nano) / 1_000_000n)
  return { firstMinute: minuteOf(ms(firstNano) - aside), lastMinute: minuteOf(ms(lastNano) + aside) }
}
