import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { freePort } from '../../storage/ports.ts'
import { nothingWrong, sendTraces, wrongFacts, wrongs, type Sent } from '../acknowledged.ts'
import { insertsInto, startClickHouseProxy, type Fault } from '../clickhouse-proxy.ts'
import { eventually } from '../eventually.ts'
import { startEngine, startHopscope } from '../harness.ts'
import { newRandom } from '../fuzz/random.ts'

/**
 * `npm run soak -- outages [--rounds 50] [--away-seconds 300] [--seed N]`: spans come in without a pause while, round after round, the way to
 * ClickHouse fails in one of its ways for up to three seconds and the collector or the engine is killed -9 or nothing is; then ClickHouse is away for minutes.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'away-seconds': { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const tables = /^(spans|batches|resources|scopes|attrsets)$/
const faults: Record<string, (statement: string) => Fault> = {
  'nobody is there': () => 'refuse',
  'answers to INSERTs of spans are lost': insertsInto(/^spans$/, 'lose'),
  'answers to INSERTs into batches are lost': insertsInto(/^batches$/, 'lose'),
  'INSERTs hang': insertsInto(tables, 'hold'),
  'INSERTs arrive 2 s late': insertsInto(tables, 2000),
  'INSERTs into batches hang': insertsInto(/^batches$/, 'hold'),
}
const kills = ['collector', 'engine', 'nobody'] as const

const random = newRandom(Number(values.seed))
const db = await startEngine()
const proxy = await startClickHouseProxy(db.url)
const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-faults-'))
const port = await freePort()
const otlpHttpUrl = `http://127.0.0.1:${port}`
const hopscope = await startHopscope(
  {
    CLICKHOUSE_URL: proxy.url,
    HOPSCOPE_ROLES: 'collector',
    HOPSCOPE_OTLP_HTTP_PORT: String(port),
  },
  { dataDir },
)
const finaliser = await startHopscope({
  CLICKHOUSE_URL: proxy.url,
  HOPSCOPE_ROLES: 'finaliser',
  HOPSCOPE_SETTLE_QUIET_MS: '2000',
})
const sent: Sent[] = []
const ending = new AbortController()

async function exporter(): Promise<void> {
  while (!ending.signal.aborted) {
    const answer = await sendTraces(otlpHttpUrl, 1 + random.int(10))
    sent.push(answer)
    await sleep(answer.status === 200 ? 50 : 500)
  }
}

async function waiting(): Promise<number | undefined> {
  const text = await fetch(`${otlpHttpUrl}/metrics`).then(
    (response) => response.text(),
    () => '',
  )
  const [, batches] = /^hopscope_collector_spool_batches (\d+)$/m.exec(text) ?? []
  return batches === undefined ? undefined : Number(batches)
}

const acknowledged = () => sent.filter(({ status }) => status === 200).length
const say = (what: string) => console.log(`${new Date().toISOString()} ${acknowledged()} acknowledged: ${what}`)

say(`seed ${values.seed}`)
const exporters = Array.from({ length: 4 }, exporter)
for (let round = 1; round <= Number(values.rounds); round++) {
  const fault = random.pick(Object.keys(faults))
  const kill = random.pick(kills)
  say(`round ${round}: ${fault}, ${kill} is killed`)
  proxy.fault(faults[fault]!)
  await sleep(random.int(3000))
  if (kill === 'collector') await hopscope.kill9('collector')
  if (kill === 'engine') process.kill(db.engine.pid() ?? process.pid, db.engine.pid() ? 'SIGKILL' : 0)
  if (random.oneIn(2)) proxy.fault(() => 'pass')
  await sleep(random.int(3000))
}
if (Number(values['away-seconds']) > 0) {
  say(`ClickHouse is away for ${values['away-seconds']} s`)
  proxy.fault(() => 'refuse')
  const before = acknowledged()
  await sleep(Number(values['away-seconds']) * 1000)
  say(`${acknowledged() - before} requests were acknowledged meanwhile, ${await waiting()} batches wait`)
}
proxy.fault(() => 'pass')
ending.abort()
await Promise.all(exporters)
await eventually(async () => (await waiting()) === 0, 600_000)
say('the spool is empty')
// A batch whose collector was killed before it was acknowledged is counted a minute later.
await eventually(async () => (await wrongFacts(db.clickhouse)).length === 0, 300_000).catch(() => {})
const found = { ...(await wrongs(db.clickhouse, sent)), facts: await wrongFacts(db.clickhouse) }
const right = isDeepStrictEqual(found, { ...nothingWrong, facts: [] })
say(right ? `of ${sent.length} requests, each stored and counted once` : JSON.stringify(found))
if (!right) console.log(hopscope.complaints().slice(-10_000), finaliser.complaints().slice(-10_000))
await finaliser.stop()
await hopscope.stop()
await proxy.close()
await db.stop()
await rm(dataDir, { recursive: true })
process.exitCode = right ? 0 : 1
