import type { z } from 'zod'
import { openRulesFile } from '../../process/rules-file.ts'
import { startApi } from '../../server/api/api.ts'
import type { TraceAnalysis } from '../../server/analysis/types.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { makeTraces, revise, writeTraces } from './measured-traffic.ts'

/** The API of this process over a ClickHouse of its own. */
export interface MeasuredApi {
  readonly db: TestEngine
  readonly url: string
  /** @throws Error with the answer unless it is 200 and has the shape. */
  get<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    query?: Record<string, string | number>,
  ): Promise<z.infer<Schema>>
  stop(): Promise<void>
}

export async function startMeasuredApi(options: { allowedTargets?: string } = {}): Promise<MeasuredApi> {
  const db = await startEngine()
  const api = await startApi({
    clickhouseUrl: db.url,
    host: '127.0.0.1',
    port: 0,
    webRoot: '/nowhere',
    receivers: { grpc: '', http: '' },
    settleQuietMs: 1000,
    networkRttNs: null,
    rules: openRulesFile(null, quiet),
    version: 'test',
    log: quiet,
    ...options,
  })
  const { url } = api.addresses[0]!
  return {
    db,
    url,
    async get(schema, path, query = {}) {
      const text = new URLSearchParams(query as Record<string, string>)
      const response = await fetch(`${url}/api/v1/${path}?${text.toString()}`)
      const body: unknown = await response.json()
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`)
      return schema.parse(body)
    },
    async stop() {
      await api.close()
      await db.stop()
    },
  }
}

const hour = 3_600_000
/** A day that no rollup has forgotten, midnight UTC. */
export const day = Math.floor(Date.now() / (24 * hour)) * 24 * hour - 24 * hour
export const at = (hours: number, minutes = 0, seconds = 0): number =>
  day + hours * hour + minutes * 60_000 + seconds * 1000

/** Traces from 9:43 to 13:07 in three jobs, every tenth of them revised by two more. Returns what is current. */
export async function writeTraffic({ clickhouse }: TestEngine, traces = 9_000): Promise<TraceAnalysis[]> {
  const all = makeTraces({ traces, fromMs: at(9, 43, 10), toMs: at(13, 7, 20), seed: 7 })
  const current = [...all]
  const third = Math.ceil(traces / 3)
  for (let from = 0; from < traces; from += third) {
    const part = all.slice(from, from + third)
    const job = await writeTraces(clickhouse, part)
    const revised = part.filter((_, i) => i % 10 === 0).map((trace, i) => revise(trace, 1000 + from + i))
    await writeTraces(clickhouse, revised, job)
    revised.forEach((trace, i) => (current[from + i * 10] = trace))
  }
  return current
}

/** Unix ms, rounded down. */
export const startMs = (trace: TraceAnalysis, offsetNs = trace.start): number =>
  Number((trace.baseUnixNano + BigInt(offsetNs)) / 1_000_000n)

/** The traces in the minutes that a window touches, or in the hours when it is as long as twelve. */
export function within(traces: readonly TraceAnalysis[], fromMs: number, toMs: number): TraceAnalysis[] {
  const step = toMs - fromMs < 12 * hour ? 60_000 : hour
  const from = Math.floor(fromMs / step) * step
  const to = Math.ceil(toMs / step) * step
  return traces.filter((trace) => startMs(trace) >= from && startMs(trace) < to)
}
