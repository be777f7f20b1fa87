import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { analyseTrace } from '../server/analysis/analyse.ts'
import type { SpanInput, TraceInput } from '../server/analysis/types.ts'
import type { ClickHouse } from '../storage/clickhouse.ts'
import { nativeBlock } from '../storage/native.ts'
import { picture } from './picture.ts'
import { randomIntegers, type Random } from './random-trees.ts'

/** Self time and critical path of random traces in SQL (oracle.sql) beside those of the analysis: CP-9. */
export interface Comparison {
  readonly traces: number
  readonly spans: number
  readonly spansOnPaths: number
  readonly sqlSeconds: number
  /** One line for each trace that differs. */
  readonly differences: readonly string[]
}

const sql = readFileSync(fileURLToPath(new URL('./oracle.sql', import.meta.url)).replace('/dist/', '/'), 'utf8')
const [internal, client] = ['I', 'C'].map((kind) => picture(`x ${kind} go 0-1`).spans[0]!) as [SpanInput, SpanInput]
const root = picture('x S go 0-1').spans[0]!

/** 1 to 40 spans of one clock, parents before children, many of them parallel, back to back, or longer than their parents. */
function randomTrace(random: Random): TraceInput {
  const grid = [1, 1_000, 50_000][random(3)]!
  const spans: SpanInput[] = [{ ...root, spanId: '0001', parentId: '', start: 0, duration: 1 + random(5_000_000) }]
  const count = random(40)
  for (let n = 2; n <= count; n++) {
    const parent = spans[random(spans.length)]!
    const start = parent.start + random(parent.duration + 1) - (random(10) === 0 ? random(50_000) : 0)
    const duration = random(random(8) === 0 ? 2 * parent.duration + 1 : parent.duration + 1)
    spans.push({
      ...(random(3) === 0 ? client : internal),
      spanId: String(n).padStart(4, '0'),
      parentId: parent.spanId,
      start: Math.round(start / grid) * grid,
      duration: Math.round(duration / grid) * grid,
    })
  }
  return { traceId: '1', baseUnixNano: 0n, spans }
}

/** Trace `n` of them all, the same each time. */
const traceAt = (n: number): TraceInput => randomTrace(randomIntegers(n * 7919 + 99))

/** Traces of one query: the arrays that a lambda uses are copied for each of its calls. */
const step = 500

/** Stores so many traces and compares every span of them. `progress` is told of the traces compared. */
export async function compareWithSql(
  clickhouse: ClickHouse,
  traces: number,
  progress: (compared: number) => void = () => undefined,
): Promise<Comparison> {
  await clickhouse.command(`CREATE OR REPLACE TABLE spans_of_oracle
    (trace UInt32, n UInt32, parent UInt32, s Int64, e Int64, waits UInt8) ENGINE = MergeTree ORDER BY (trace, n)`)
  for (let from = 0; from < traces; from += 20 * step) await store(clickhouse, from, Math.min(traces, from + 20 * step))
  const differences: string[] = []
  let spans = 0
  let spansOnPaths = 0
  let sqlSeconds = 0
  for (let from = 0; from < traces; from += step) {
    const to = Math.min(traces, from + step)
    const start = performance.now()
    const rows = await clickhouse.query<{ trace: number; selfs: string[]; onPath: string[] }>(sql, { from, to })
    sqlSeconds += (performance.now() - start) / 1000
    if (rows.length !== to - from) differences.push(`${rows.length} of ${to - from} traces from ${from} on`)
    for (const { trace, selfs, onPath } of rows) {
      const input = traceAt(trace)
      const ours = analysed(input)
      const said = JSON.stringify([selfs.map(Number), onPath.map(Number)])
      if (JSON.stringify([ours.selfs, ours.onPath]) !== said)
        differences.push(`${drawn(input)}: ${JSON.stringify(ours)}, by SQL ${said}`)
      else if (ours.onPath.reduce((sum, ns) => sum + ns, 0) !== input.spans[0]!.duration)
        differences.push(`${drawn(input)}: the path is not as long as the root`)
      spans += ours.selfs.length
      spansOnPaths += ours.onPath.filter((ns) => ns > 0).length
    }
    progress(to)
  }
  return { traces, spans, spansOnPaths, sqlSeconds, differences }
}

async function store(clickhouse: ClickHouse, from: number, to: number): Promise<void> {
  const block = nativeBlock([
    ['trace', 'UInt32'],
    ['n', 'UInt32'],
    ['parent', 'UInt32'],
    ['s', 'Int64'],
    ['e', 'Int64'],
    ['waits', 'UInt8'],
  ])
  for (let trace = from; trace < to; trace++)
    for (const { spanId, parentId, start, duration, kind } of traceAt(trace).spans)
      block.push({
        trace,
        n: Number(spanId),
        parent: Number(parentId),
        s: start,
        e: start + duration,
        waits: Number(kind === client.kind),
      })
  await clickhouse.insertNative('spans_of_oracle', [block.toBytes()])
}

/** By span in the order of the input, ns. */
function analysed(input: TraceInput) {
  const { spans, criticalPath } = analyseTrace(input, { networkRttNs: null })
  const self = new Map(spans.map((span) => [span.spanId, span.self.ns]))
  const path = new Map<string, number>()
  for (const { spanId, ns } of criticalPath) path.set(spanId, (path.get(spanId) ?? 0) + ns)
  const ids = input.spans.map((span) => span.spanId)
  return { selfs: ids.map((id) => self.get(id)), onPath: ids.map((id) => path.get(id) ?? 0) }
}

const drawn = ({ spans }: TraceInput) =>
  spans
    .map(({ spanId, parentId, start, duration, kind }) => `${spanId}<${parentId} ${kind} ${start}+${duration}`)
    .join(' ')
