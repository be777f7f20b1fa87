import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope } from '../test/harness.ts'
import { derived, facts } from '../test/tables.ts'
import { readRollup, rollupOfFacts, rollupSteps } from '../test/integration/rollups-of-facts.ts'
import { generateRequest, spansPerTrace } from './generate.ts'
import { report } from './report.ts'

/**
 * `npm run bench -- kills [--spans=2000000] [--kills=20] [--seed=N] [--json FILE]`: kill -9 of the finaliser's process at random
 * instants while spans come in through the real collector. Afterwards every trace has facts once, made of every span, the
 * rollups are those of the facts, and the facts are those of a run over the same spans that nobody disturbed. Ends with 1 if not.
 */
const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '2000000' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'string' },
  },
})
const spans = Math.ceil(Number(values.spans) / spansPerTrace) * spansPerTrace
const kills = Number(values.kills)
const tracesPerRequest = 100
/** Kills come this long after the start of the process at most: some find it starting, some recovering, most at work. */
const longestLifeMs = 20_000
/** With the wait of the supervisor, which grows up to ten seconds, a life takes so long on average: spans come for all. */
const cycleMs = 18_000
const settleWithinMs = 30 * 60_000

let state = Number(values.seed) | 0 || 1
function random(): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 0x1_0000_0000
}

/** How facts came to be, and what hangs on what was learned by then: which traces settled before which is chance. */
const history = ['job', 'sign', 'revision', 'analysis_version', 'settled_at', 'flags']
const bySettling: Record<(typeof facts)[number], RegExp> = {
  traces: /^(?:mesh|gateway)_|^segments\./,
  hops: /^segments\.|^wire$/,
  proxies: /^(?:added|overhead|request_path|response_path)(?:_|$)/,
}

/** Of a hop whose transit is bounded the upper end hangs on what was learned, no other. */
const unlearnedTransit = `if(transit_fidelity = 'bounded', NULL, transit)`

const keys = { traces: 'trace_id', hops: 'trace_id, caller_span, callee_span', proxies: 'trace_id, span' }

async function post(url: string, body: Buffer): Promise<void> {
  const status = await new Promise<number>((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sent = request(`${url}/v1/traces`, { method: 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(body)
  })
  if (status !== 200) throw new Error(`the collector answered ${status}`)
}

/** Sends all spans, evenly over so long. */
async function send(url: string, forMs: number): Promise<void> {
  const startedAt = Date.now()
  const traces = spans / spansPerTrace
  const full = generateRequest(tracesPerRequest * spansPerTrace, Number(values.seed))
  for (let sent = 0; sent < traces; sent += tracesPerRequest) {
    const left = traces - sent
    const one = left >= tracesPerRequest ? full : generateRequest(left * spansPerTrace, Number(values.seed) + 1)
    one.refresh(Date.now())
    await post(url, one.body)
    await sleep(Math.max(0, startedAt + (forMs * (sent + tracesPerRequest)) / traces - Date.now()))
  }
}

const numbers = 'SETTINGS output_format_json_quote_64bit_integers = 0'
const one = async (clickhouse: ClickHouse, sql: string) =>
  (await clickhouse.query<Record<string, number>>(`${sql} ${numbers}`))[0]!

async function settled(clickhouse: ClickHouse): Promise<void> {
  for (const end = Date.now() + settleWithinMs; Date.now() < end; await sleep(1000)) {
    const { left, unfinished } = await one(
      clickhouse,
      `SELECT (SELECT count() FROM spans) - (SELECT toInt64(sum(sign * toInt64(span_rows))) FROM traces) AS left,
        (SELECT uniqExact(job) - uniqExactIf(job, state = 'rolled') FROM jobs) AS unfinished`,
    )
    if (left === 0 && unfinished === 0) return
  }
  throw new Error(`not all spans are in facts after ${settleWithinMs / 60_000} min`)
}

/** What is wrong, in words; nothing when all is well. */
async function faults(clickhouse: ClickHouse): Promise<string[]> {
  const counts = await one(
    clickhouse,
    `SELECT
      (SELECT abs(toInt64(count()) - ${spans}) FROM spans) AS "spans that are not stored",
      (SELECT toInt64(uniqExact(trace_id)) FROM spans) - (SELECT toInt64(uniqExact(trace_id)) FROM traces) AS "traces without facts",
      (SELECT count() FROM (SELECT trace_id FROM traces GROUP BY trace_id HAVING sum(sign) != 1)) AS "traces without exactly one fact",
      (SELECT abs(toInt64(sum(sign * toInt64(span_rows))) - ${spans}) FROM traces) AS "spans that are not in facts",
      (SELECT abs(sum(sign * toInt64(hop_count)) - (SELECT sum(toInt64(sign)) FROM hops)) FROM traces) AS "hops too many or few",
      (SELECT abs(sum(sign * toInt64(proxy_count)) - (SELECT sum(toInt64(sign)) FROM proxies)) FROM traces) AS "traversals too many or few",
      ${facts.map((table) => `(SELECT count() FROM ${table} WHERE job NOT IN (SELECT job FROM jobs WHERE state = 'written')) AS "rows of ${table} of a job that is not in the log"`).join(',\n      ')},
      (SELECT count() FROM (SELECT job FROM jobs GROUP BY job HAVING uniqExact(state) != 3)) AS "jobs without all three states"`,
  )
  const wrong = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]))
  for (const table of Object.keys(rollupSteps) as (keyof typeof rollupSteps)[]) {
    const [cells, expected] = [await readRollup(clickhouse, table), await rollupOfFacts(clickhouse, table)]
    if (JSON.stringify(cells) !== JSON.stringify(expected)) wrong.push(`${table} is not that of the facts`)
  }
  return wrong
}

/** Of the current facts, in no order: how many, and a hash of every column that says the same whatever was learned. */
async function hashes(clickhouse: ClickHouse): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const table of facts) {
    const columns = await clickhouse.query<{ name: string }>(
      `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${table}' ORDER BY position`,
    )
    const same = columns
      .map(({ name }) => name)
      .filter((name) => !history.includes(name) && !bySettling[table].test(name))
    // Text, so that nothing hashes as nothing; with the row's own key, so that values that are swapped are seen.
    const hashed = same.map(
      (name) =>
        `sumWithOverflow(cityHash64(${keys[table]}, ifNull(toString(${name === 'transit' ? unlearnedTransit : `\`${name}\``}), 'NULL'))) AS \`${table}.${name}\``,
    )
    const [row] = await clickhouse.query<Record<string, string>>(`
      SELECT count() AS \`${table}.rows\`, ${hashed.join(', ')} FROM ${table}
      WHERE sign = 1 AND (trace_id, revision) IN (SELECT trace_id, max(revision) FROM traces GROUP BY trace_id)`)
    Object.assign(found, row)
  }
  return found
}

const say = (line: string) => process.stderr.write(`${line}\n`)
const env = (roles: string) => ({
  HOPSCOPE_ROLES: roles,
  HOPSCOPE_SETTLE_QUIET_MS: '1000',
  HOPSCOPE_SETTLE_MAX_MS: '30000',
})

async function disturbed(dataDir: string) {
  const hopscope = await startHopscope(env('collector,finaliser'), { dataDir })
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`, { timeoutMs: 600_000 })
  try {
    const sending = send(hopscope.otlpHttpUrl, kills * cycleMs)
    sending.catch(() => {})
    const hits: Record<string, number> = { 'between jobs': 0, 'in a job': 0, 'in its rollups': 0 }
    for (let n = 0; n < kills; n++) {
      while (hopscope.pids('server').length === 0) await sleep(20)
      await sleep(random() * longestLifeMs)
      await hopscope.kill9('server')
      const { begun, written, stored, inFacts } = await one(
        clickhouse,
        `SELECT countIf(last = 'begin') AS begun, countIf(last = 'written') AS written,
          (SELECT count() FROM spans) AS stored, (SELECT toInt64(sum(sign * toInt64(span_rows))) FROM traces) AS inFacts
         FROM (SELECT toString(max(state)) AS last FROM jobs GROUP BY job)`,
      )
      hits[begun! > 0 ? 'in a job' : written! > 0 ? 'in its rollups' : 'between jobs']!++
      say(`kill ${n + 1}: ${stored} spans stored, ${inFacts} in facts`)
    }
    await sending
    await settled(clickhouse)
    const wrong = await faults(clickhouse)
    const { revised } = await one(clickhouse, 'SELECT countIf(revision > 0 AND sign = 1) AS revised FROM traces')
    const { jobs } = await one(clickhouse, 'SELECT uniqExact(job) AS jobs FROM jobs')
    const result = { hits, jobs, revised, wrong, hashes: await hashes(clickhouse) }
    for (const table of derived) await clickhouse.command(`TRUNCATE TABLE ${table}`)
    return result
  } finally {
    await clickhouse.close()
    await hopscope.stop()
  }
}

async function undisturbed(dataDir: string) {
  const hopscope = await startHopscope(env('finaliser'), { dataDir })
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`, { timeoutMs: 600_000 })
  try {
    await settled(clickhouse)
    return { wrong: await faults(clickhouse), hashes: await hashes(clickhouse) }
  } finally {
    await clickhouse.close()
    await hopscope.stop()
  }
}

const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-kills-'))
try {
  const killed = await disturbed(dataDir)
  const quiet = await undisturbed(dataDir)
  const differing = Object.keys(quiet.hashes).filter((column) => killed.hashes[column] !== quiet.hashes[column])
  const wrong = [
    ...killed.wrong,
    ...quiet.wrong.map((fault) => `${fault} (in the run that was not disturbed)`),
    ...differing.map((column) => `${column} is another than in a run that was not disturbed`),
  ]
  const { hits, jobs, revised } = killed
  const { 'traces.rows': traces, 'hops.rows': hops, 'proxies.rows': traversals } = quiet.hashes
  await report('kills', {
    ...{ spans, kills, seed: Number(values.seed), killed: hits, jobs, revised },
    facts: { traces: Number(traces), hops: Number(hops), traversals: Number(traversals) },
    columnsCompared: Object.keys(quiet.hashes).length,
    wrong,
  })
  if (wrong.length > 0) process.exitCode = 1
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
