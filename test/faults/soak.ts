import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { spansPerTrace } from '../../bench/generate.ts'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { entryArgs } from '../../storage/entry.ts'
import { freePort } from '../../storage/ports.ts'
import { newRandom } from '../fuzz/random.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import type { SenderMessage, SentRequest } from '../integration/kill-sender.ts'
import { readRollup, rollupOfFacts, rollupSteps } from '../integration/rollups-of-facts.ts'

/**
 * `npm run soak -- faults [--kills=50] [--seed=N]`: kill -9 of collector, engine, server, main process or all of them, in random
 * order at random instants, while spans come in. Afterwards each acknowledged span is stored, exactly once unless it was sent
 * again, any other at most once; facts and rollups count each once. Ends with 1 if not.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const kills = Number(values.kills)
const random = newRandom(Number(values.seed))
const longestLifeMs = 12_000
const settleWithinMs = 30 * 60_000
/** So that spans come for as long as there are kills. */
const endless = 1_000_000_000

const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-soak-'))
const env = {
  HOPSCOPE_PORT: String(await freePort()),
  HOPSCOPE_OTLP_HTTP_PORT: String(await freePort()),
  HOPSCOPE_SETTLE_QUIET_MS: '1000',
  HOPSCOPE_SETTLE_MAX_MS: '30000',
}

function startSender(url: string) {
  const args = entryArgs('../integration/kill-sender', import.meta.url)
  const child = fork(args.pop()!, [url, String(endless), '1500'], { execArgv: args })
  let acknowledged = 0
  const sent = new Promise<SentRequest[]>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)))
    child.on('message', (message: SenderMessage) => {
      if ('requests' in message) resolve(message.requests)
      else acknowledged = message.acknowledged
    })
  })
  sent.catch(() => {})
  return {
    acknowledged: () => acknowledged,
    end: () => {
      child.send('end')
      return sent
    },
  }
}

const row = async (clickhouse: ClickHouse, sql: string) =>
  (await clickhouse.query<Record<string, number>>(`${sql} SETTINGS output_format_json_quote_64bit_integers = 0`))[0]!

async function settled(clickhouse: ClickHouse): Promise<void> {
  for (const end = Date.now() + settleWithinMs; Date.now() < end; await sleep(2000)) {
    const { left, unfinished, uncounted } = await row(
      clickhouse,
      `SELECT (SELECT uniqExact(trace_id) FROM spans) - (SELECT toInt64(sum(sign)) FROM traces) AS left,
        (SELECT uniqExact(job) - uniqExactIf(job, state = 'rolled') FROM jobs) AS unfinished,
        (SELECT uniqExact(batch) FROM spans WHERE batch NOT IN (SELECT batch FROM batches)) AS uncounted`,
    )
    if (left === 0 && unfinished === 0 && uncounted === 0) return
  }
  throw new Error(`not all spans are in facts after ${settleWithinMs / 60_000} min`)
}

/** What is wrong, in words. */
async function faults(clickhouse: ClickHouse, requests: readonly SentRequest[]): Promise<string[]> {
  const rows = await clickhouse.query<{ id: string; rows: string; spans: string }>(
    'SELECT lower(hex(trace_id)) AS id, count() AS rows, uniqExact(span_id) AS spans FROM spans GROUP BY trace_id',
  )
  const stored = new Map(rows.map(({ id, rows: n, spans }) => [id, { n: Number(n), spans: Number(spans) }]))
  const wrong: string[] = []
  for (const { traceIds, attempts, acknowledged } of requests)
    for (const id of traceIds) {
      const { n, spans } = stored.get(id) ?? { n: 0, spans: 0 }
      const whole = spans === spansPerTrace || (!acknowledged && spans === 0)
      if (!whole || n % spansPerTrace !== 0 || n > attempts * spansPerTrace)
        wrong.push(`${id}: ${n} rows of ${spans} spans, sent ${attempts} times, acknowledged: ${acknowledged}`)
    }
  const counts = await row(
    clickhouse,
    `SELECT
      (SELECT count() FROM (SELECT trace_id FROM traces GROUP BY trace_id HAVING sum(sign) != 1)) AS "traces without exactly one fact",
      (SELECT toInt64(sum(sign * toInt64(span_rows))) FROM traces) - (SELECT toInt64(count()) FROM spans) AS "rows of spans more in facts than stored",
      (SELECT count() FROM (SELECT batch FROM batches GROUP BY batch HAVING count() > 1)) AS "batches that are counted twice"`,
  )
  for (const [what, count] of Object.entries(counts)) if (count !== 0) wrong.push(`${count} ${what}`)
  for (const table of Object.keys(rollupSteps) as (keyof typeof rollupSteps)[]) {
    const [cells, expected] = [await readRollup(clickhouse, table), await rollupOfFacts(clickhouse, table)]
    if (JSON.stringify(cells) !== JSON.stringify(expected)) wrong.push(`${table} is not that of the facts`)
  }
  return wrong
}

let hopscope: RunningHopscope = await startHopscope(env, { dataDir })
const sender = startSender(hopscope.otlpHttpUrl)
try {
  console.log(`seed ${values.seed}`)
  for (let n = 1; n <= kills; n++) {
    await sleep(random.int(longestLifeMs))
    const which = random.pick([
      'collector',
      'engine',
      'server',
      'collector',
      'engine',
      'server',
      'main',
      'all',
    ] as const)
    await hopscope.kill9(which)
    if (which === 'main' || which === 'all') hopscope = await startHopscope(env, { dataDir })
    console.log(`kill ${n}: ${which}, ${sender.acknowledged()} spans acknowledged`)
  }
  await sleep(longestLifeMs)
  const requests = await sender.end()
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`, { timeoutMs: 600_000 })
  try {
    await settled(clickhouse)
    const wrong = await faults(clickhouse, requests)
    const count = (of: (request: SentRequest) => boolean) => requests.filter(of).length
    console.log(
      JSON.stringify({
        ...{ kills, requests: requests.length, acknowledged: count((request) => request.acknowledged) },
        ...{ sentAgain: count(({ attempts }) => attempts > 1), wrong: wrong.slice(0, 20) },
      }),
    )
    if (wrong.length > 0) process.exitCode = 1
  } finally {
    await clickhouse.close()
  }
} finally {
  await hopscope.stop()
  await rm(dataDir, { recursive: true, force: true })
}
