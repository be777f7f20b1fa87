import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { analyseTrace } from '../../server/analysis/analyse.ts'
import type { SpanInput, TraceInput } from '../../server/analysis/types.ts'
import { nativeBlock } from '../../storage/native.ts'
import { startEngine, type TestEngine } from '../harness.ts'
import { picture } from '../picture.ts'
import { randomIntegers } from '../random-trees.ts'

/** CP-9: self time and critical path say the same in SQL and in TypeScript. `ORACLE_TRACES=50000` for a longer look. */
const traceCount = Number(process.env['ORACLE_TRACES'] ?? 5_000)
const sql = readFileSync(new URL('./oracle.sql', import.meta.url), 'utf8')

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
}, 120_000)
afterAll(() => db?.stop())

const [internal, client] = ['I', 'C'].map((kind) => picture(`x ${kind} go 0-1`).spans[0]!) as [SpanInput, SpanInput]
const root = picture('x S go 0-1').spans[0]!

/** 1 to 40 spans of one clock, parents before children, many of them parallel, back to back, or longer than their parents. */
function randomTrace(random: (n: number) => number): TraceInput {
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

it('CP-9: SQL and TypeScript agree on every span', async () => {
  await db.clickhouse
    .command(`CREATE TABLE spans_of_oracle (trace UInt32, n UInt32, parent UInt32, s Int64, e Int64, waits UInt8)
    ENGINE = MergeTree ORDER BY (trace, n)`)
  const random = randomIntegers(99)
  const traces = Array.from({ length: traceCount }, () => randomTrace(random))
  const block = nativeBlock([
    ['trace', 'UInt32'],
    ['n', 'UInt32'],
    ['parent', 'UInt32'],
    ['s', 'Int64'],
    ['e', 'Int64'],
    ['waits', 'UInt8'],
  ])
  traces.forEach(({ spans }, trace) => {
    for (const { spanId, parentId, start, duration, kind } of spans)
      block.push({
        trace,
        n: Number(spanId),
        parent: Number(parentId),
        s: start,
        e: start + duration,
        waits: Number(kind === client.kind),
      })
  })
  await db.clickhouse.insertNative('spans_of_oracle', [block.toBytes()])
  const rows: { trace: number; selfs: string[]; onPath: string[] }[] = []
  // The arrays that a lambda uses are copied for each of its calls: few traces at a time.
  for (let from = 0; from < traceCount; from += 500)
    rows.push(...(await db.clickhouse.query<(typeof rows)[number]>(sql, { from, to: from + 500 })))
  expect(rows).toHaveLength(traceCount)
  let onPathSpans = 0
  for (const { trace, selfs, onPath } of rows) {
    const input = traces[trace]!
    const { spans, criticalPath, duration } = analyseTrace(input, { networkRttNs: null })
    const self = new Map(spans.map((span) => [span.spanId, span.self.ns]))
    const path = new Map<string, number>()
    for (const { spanId, ns } of criticalPath) path.set(spanId, (path.get(spanId) ?? 0) + ns)
    const ids = input.spans.map((span) => span.spanId)
    // One comparison a trace, and the trace itself where it fails.
    const said = { input: drawn(input), selfs: selfs.map(Number), onPath: onPath.map(Number) }
    const ours = {
      input: drawn(input),
      selfs: ids.map((id) => self.get(id)),
      onPath: ids.map((id) => path.get(id) ?? 0),
    }
    expect(ours).toEqual(said)
    expect(said.onPath.reduce((sum, ns) => sum + ns, 0)).toBe(duration)
    onPathSpans += path.size
  }
  expect(onPathSpans).toBeGreaterThan(2 * traceCount)
}, 240_000)

const drawn = ({ spans }: TraceInput) =>
  spans.map(({ spanId, parentId, start, duration, kind }) => `${spanId}<${parentId} ${kind} ${start}+${duration}`)
