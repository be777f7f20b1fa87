import { request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateRequest, spansPerTrace } from '../../bench/generate.ts'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { traceIdsOf } from '../acknowledged.ts'
import { eventually } from '../eventually.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import { readRollup, rollupOfFacts, rollupSteps } from '../integration/rollups-of-facts.ts'

/** Exporters that send everything three times, in the whole program: facts and rollups count it once, and say how often it came. */
const requests = 15
const tracesPerRequest = 5
const times = 3
let hopscope: RunningHopscope
let clickhouse: ClickHouse
beforeAll(async () => {
  hopscope = await startHopscope({ HOPSCOPE_SETTLE_QUIET_MS: '3000', HOPSCOPE_SETTLE_MAX_MS: '20000' })
  clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
})
afterAll(async () => {
  await clickhouse?.close()
  await hopscope?.stop()
})

function post(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const posted = request(`${hopscope.otlpHttpUrl}/v1/traces`, { method: 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    posted.once('error', reject)
    posted.end(body)
  })
}

const one = async (sql: string) =>
  (await clickhouse.query<Record<string, number>>(`${sql} SETTINGS output_format_json_quote_64bit_integers = 0`))[0]!

it('count once what was sent three times, and the number of duplicates is told', { timeout: 180_000 }, async () => {
  const bodies = Array.from({ length: requests }, (_, n) => {
    const generated = generateRequest(tracesPerRequest * spansPerTrace, 9_000 + n)
    generated.refresh(Date.now())
    return generated.body
  })
  const traces = new Set(bodies.flatMap((body) => traceIdsOf(body))).size
  expect(traces).toBe(requests * tracesPerRequest)
  // At once, soon after, and when some traces have settled already: those are analysed again.
  for (let time = 0; time < times; time++) {
    expect(new Set(await Promise.all(bodies.map(post)))).toEqual(new Set([200]))
    if (time === 1) await eventually(async () => (await one('SELECT count() AS n FROM traces'))['n']! > 0)
  }
  const rows = traces * spansPerTrace * times
  const current = `FROM traces WHERE sign = 1 AND (trace_id, revision) IN (SELECT trace_id, max(revision) FROM traces GROUP BY trace_id)`
  await eventually(async () => (await one(`SELECT sum(span_rows) AS n ${current}`))['n'] === rows)
  // Old facts are taken back by the end of the job.
  await eventually(
    async () => (await one(`SELECT uniqExact(job) - uniqExactIf(job, state = 'rolled') AS n FROM jobs`))['n'] === 0,
  )
  const facts = await one(`SELECT count() AS traces, sum(span_count) AS spans, sum(span_rows) AS spanRows,
    (SELECT toInt64(sum(sign)) FROM traces) AS net, (SELECT toInt64(sum(sign)) FROM hops) AS hops,
    (SELECT toInt64(sum(sign)) FROM proxies) AS proxies ${current}`)
  expect(facts).toEqual({
    traces,
    spans: traces * spansPerTrace,
    spanRows: rows,
    net: traces,
    hops: 3 * traces,
    proxies: 6 * traces,
  })
  for (const rollup of Object.keys(rollupSteps) as (keyof typeof rollupSteps)[])
    expect(await readRollup(clickhouse, rollup)).toEqual(await rollupOfFacts(clickhouse, rollup))
  const metrics = await (await fetch(`${hopscope.apiUrl}/metrics`)).text()
  const told = metrics.split('\n').find((line) => /^hopscope_\w*duplicate\w*(?:\{.*\})? /.test(line))
  expect(Number(told?.split(' ').at(-1))).toBe(rows - traces * spansPerTrace)
})
