import type { ClickHouse } from '../../storage/clickhouse.ts'
import { loadSql } from './load-sql.ts'
import type { TraceRef } from './spans.ts'

const spansOfWindow = loadSql(import.meta.url, 'spans-of-window.sql')
const sampleTraces = loadSql(import.meta.url, 'sample-traces.sql')

export interface TraceSample {
  /** Spans stored in the window. */
  readonly stored: number
  /** Newest first. */
  readonly traces: readonly TraceRef[]
}

/** So that one question of many cannot keep ClickHouse busy. */
const settings = { max_execution_time: 10, max_memory_usage: String(512 * 2 ** 20), max_threads: 2 } as const

/**
 * Traces with spans that began in [fromMs, toMs], all of them or such a share that they have about `spans` spans.
 * @param most traces at most.
 */
export async function sampleOfTraces(
  clickhouse: ClickHouse,
  { fromMs, toMs, spans, most }: { fromMs: number; toMs: number; spans: number; most: number },
): Promise<TraceSample> {
  const window = { firstMinute: Math.floor(fromMs / 60_000) * 60, lastMinute: Math.floor(toMs / 60_000) * 60 }
  const [row] = await clickhouse.query<{ n: string }>(spansOfWindow, window, { settings })
  const stored = Number(row!.n)
  const params = { ...window, one: Math.max(1, Math.ceil(stored / spans)), most }
  return { stored, traces: await clickhouse.query<TraceRef>(sampleTraces, params, { settings }) }
}
