import { afterAll, beforeAll, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { analyseTrace } from '../../server/analysis/analyse.ts'
import { nothingLearned } from '../../server/analysis/learned/learned.ts'
import { withoutRules } from '../../server/analysis/recognise/user-rule.ts'
import type { Attributes, SpanInput } from '../../server/analysis/types.ts'
import { openAnalyst } from '../../server/finaliser/analyse-job.ts'
import { startFinaliser } from '../../server/finaliser/finaliser.ts'
import { takeBack } from '../../server/finaliser/rollups/read-back.ts'
import { listReanalyses, requestReanalysis } from '../../server/queries/reanalyses.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import type { Running } from '../../storage/running.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { facts, names, rollups } from '../tables.ts'
import { brokenTree, randomIntegers, randomTree } from '../random-trees.ts'

/**
 * However the spans of random traces come, through the real collector and finaliser: in any order, twice, in any batches, some
 * after their trace had settled, and in the end all analysed again. What is written is what is written when all come at once and in order.
 */
const count = Number(process.env['RANDOM_TRACES'] ?? 60)
const seed = Number(process.env['RANDOM_SEED'] ?? 20_260_131)
const random = randomIntegers(seed)
let db: TestEngine
let collector: Running
beforeAll(async () => {
  db = await startEngine()
  const ports = { grpcPort: 0, httpPort: 0, zipkinPort: 0 }
  collector = await startCollector({ clickhouseUrl: db.url, host: '127.0.0.1', ...ports, log: quiet })
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})

const hex = (text: string) => Buffer.from(text.padEnd(8, '.').slice(0, 8)).toString('hex')
const listOf = (attributes: Attributes) =>
  [...attributes].map(([key, stringValue]) => ({ key, value: { stringValue } }))

/** One resourceSpans of OTLP/JSON. */
function exportOf(traceId: string, base: bigint, span: SpanInput) {
  const { resource, scope, attributeSet, attributes, name, kind, status, start, duration, spanId, parentId } = span
  const at = (ns: number) => String(base + BigInt(ns))
  const ids = { traceId, spanId: hex(spanId), parentSpanId: parentId === '' ? '' : hex(parentId) }
  const times = { startTimeUnixNano: at(start), endTimeUnixNano: at(start + duration) }
  const all = [...listOf(attributeSet), ...listOf(attributes)]
  const one = { ...ids, ...times, name, kind, status: { code: status }, attributes: all }
  return { resource: { attributes: listOf(resource.attributes) }, scopeSpans: [{ scope, spans: [one] }] }
}
type Sent = ReturnType<typeof exportOf>

async function post(resourceSpans: readonly Sent[]): Promise<void> {
  if (resourceSpans.length === 0) return
  const { url } = collector.addresses.find(({ name }) => name === 'OTLP/HTTP')!
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: JSON.stringify({ resourceSpans }) })
  expect([response.status, await response.text()]).toEqual([200, expect.not.stringContaining('rejected')])
}

function startIt() {
  const settings = { networkRttNs: 50_000 }
  // What many traces teach depends on which were settled before which, and is not what this is about.
  const startAnalyst = () => ({
    ...openAnalyst(
      openSpanReader(db.clickhouse),
      (trace) => analyseTrace(trace, settings),
      settings,
      () => Promise.resolve(nothingLearned),
      (rollups, replaced) => takeBack(db.clickhouse, rollups, replaced),
    ),
    close: () => Promise.resolve(),
  })
  const settle = { settleQuietMs: 200, settleMaxMs: 60_000, finaliserThreads: 2 }
  const options = { clickhouseUrl: db.url, ...settle, ...settings, rules: withoutRules, log: quiet }
  return startFinaliser(options, { startAnalyst })
}

const one = async (sql: string) => (await db.clickhouse.query<{ n: number }>(`${sql} SETTINGS ${plainNumbers}`))[0]!.n
const plainNumbers = 'output_format_json_quote_64bit_integers = 0'

/** Every row that was sent is in some current facts, and every job is rolled up. */
const allSettled = (traces: number) =>
  eventually(async () => {
    const n = await one(`SELECT (SELECT sum(sign * toInt64(span_rows)) FROM traces) = (SELECT count() FROM spans)
      AND (SELECT sum(sign) FROM traces) = ${traces}
      AND (SELECT uniqExact(job) = uniqExactIf(job, state = 'rolled') FROM jobs) AS n`)
    return n === 1
  }, 60_000)

const reanalysisState = async (id: string) => {
  const [found] = await listReanalyses(
    db.clickhouse,
    { signal: new AbortController().signal, queryId: `of-${random(2 ** 31)}` },
    id,
  )
  return found!.state
}

const stored = ['spans', 'batches', 'jobs', ...names]

/** Current facts without what only tells how they came to be, and rollups without cells that add up to nothing. */
async function written(): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {}
  for (const table of facts) {
    const spanRows = table === 'traces' ? ', span_rows' : ''
    all[table] = await db.clickhouse.query(`
      SELECT hex(trace_id) AS id, bitAnd(flags, bitNot(toUInt32(65536))) AS known,
        * EXCEPT (trace_id, flags, job, sign, revision, settled_at${spanRows}) FROM ${table}
      WHERE sign = 1 AND (trace_id, revision) IN (
        SELECT trace_id, max(revision) FROM traces GROUP BY trace_id
      ) ORDER BY ALL`)
  }
  for (const table of rollups) {
    const columns = await db.clickhouse.query<{ name: string; type: string }>(
      `SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = '${table}' ORDER BY position`,
    )
    const summed = columns.filter(({ type }) => type.startsWith('SimpleAggregateFunction'))
    const keys = columns.filter((column) => !summed.includes(column)).map(({ name }) => name)
    const sums = summed.map(({ name, type }) =>
      type.includes('Map') ? `mapFilter((k, v) -> v != 0, sumMap(${name})) AS ${name}` : `sum(${name}) AS ${name}`,
    )
    const late = table.startsWith('coverage') ? `WHERE what != 'flag:late_revision'` : ''
    const rows = await db.clickhouse.query<Record<string, unknown>>(
      `SELECT ${[...keys, ...sums].join(', ')} FROM ${table} ${late} GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')}`,
    )
    all[table] = rows.filter((row) =>
      summed.some(({ name }) => row[name] !== '0' && JSON.stringify(row[name]) !== '{}'),
    )
  }
  return all
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const left = [...items]
  for (let i = left.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[left[i], left[j]] = [left[j]!, left[i]!]
  }
  return left
}

it(`seed ${seed}: ${count} random traces, in any order, repeated, in any batches, late and analysed again, are what they are at once`, async () => {
  const base = BigInt(Date.now() - 60_000) * 1_000_000n
  const traces = Array.from({ length: count }, (_, i) => {
    const traceId = (BigInt(seed) * 2n ** 64n + BigInt(i + 1)).toString(16).padStart(32, '0')
    const { spans } = i % 2 === 0 ? randomTree(random) : brokenTree(random)
    return spans.map((span) => exportOf(traceId, base + BigInt(i) * 1_000_000_000n, span))
  })
  for (const table of [...facts, ...rollups, ...stored]) await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
  const first = await startIt()
  await post(traces.flat())
  await allSettled(count)
  await first.close()
  const atOnce = await written()
  expect(atOnce['proxies']!.length).toBeGreaterThan(count)
  expect(atOnce['hops']!.length).toBeGreaterThan(count)

  for (const table of [...facts, ...rollups, ...stored]) await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
  const second = await startIt()
  // Each span goes to a batch of its own choice, a third of them to two; every trace has one in the first.
  const batches: Sent[][] = [[], [], [], [], [], []]
  for (const trace of traces)
    shuffled(trace).forEach((span, i) => {
      batches[i === 0 ? 0 : random(batches.length)]!.push(span)
      if (random(3) === 0) batches[random(batches.length)]!.push(span)
    })
  for (const [i, batch] of batches.entries()) {
    await post(shuffled(batch))
    // Twice everything that is there settles before the next come.
    if (i === 1 || i === 3) await allSettled(count)
  }
  await allSettled(count)
  await post(shuffled(traces.flat()).slice(0, 50))
  await allSettled(count)
  const id = await requestReanalysis(db.clickhouse, { fromMs: 0, toMs: Date.now() + 60_000, afterMs: 0 })
  await eventually(async () => (await reanalysisState(id)) === 'done', 60_000)
  await second.close()
  expect(await one('SELECT max(revision) AS n FROM traces')).toBeGreaterThan(1)
  const inAnyOrder = await written()
  for (const table of [...facts, ...rollups]) expect([table, inAnyOrder[table]]).toEqual([table, atOnce[table]])
})
