import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../storage/ports.ts'
import { nothingWrong, sendTraces, wrongFacts, wrongs, type Sent } from '../acknowledged.ts'
import { insertsInto, startClickHouseProxy, type ClickHouseProxy, type Fault } from '../clickhouse-proxy.ts'
import { eventually } from '../eventually.ts'
import { startEngine, startHopscope, type RunningHopscope, type TestEngine } from '../harness.ts'

/** kill -9 of a collector that has acknowledged spans which are in its spool, at each step of their way to ClickHouse. */
let db: TestEngine
let proxy: ClickHouseProxy
let dataDir: string
let hopscope: RunningHopscope
let otlpHttpUrl: string
const sent: Sent[] = []

beforeAll(async () => {
  db = await startEngine()
  proxy = await startClickHouseProxy(db.url)
  dataDir = await mkdtemp(join(tmpdir(), 'hopscope-spool-'))
  const port = await freePort()
  otlpHttpUrl = `http://127.0.0.1:${port}`
  hopscope = await startHopscope(
    {
      CLICKHOUSE_URL: proxy.url,
      HOPSCOPE_ROLES: 'collector,finaliser',
      HOPSCOPE_OTLP_HTTP_PORT: String(port),
      HOPSCOPE_SPOOL_AFTER_MS: '300',
      HOPSCOPE_SETTLE_QUIET_MS: '1000',
    },
    { dataDir },
  )
}, 120_000)
afterAll(async () => {
  await hopscope?.stop()
  await proxy?.close()
  await db?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function send(requests: number): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: requests }, () => sendTraces(otlpHttpUrl, 3)))
  sent.push(...answers)
  return [...new Set(answers.map(({ status }) => status))]
}

/** How many batches wait; undefined when the collector does not answer. */
async function waiting(): Promise<number | undefined> {
  const text = await fetch(`${otlpHttpUrl}/metrics`).then(
    (response) => response.text(),
    () => '',
  )
  const [, value] = /^hopscope_collector_spool_batches (\d+)$/m.exec(text) ?? []
  return value === undefined ? undefined : Number(value)
}

async function isStored(): Promise<void> {
  await eventually(async () => (await waiting()) === 0)
  expect(await wrongs(db.clickhouse, sent)).toEqual(nothingWrong)
}

const steps: [string, (statement: string) => Fault][] = [
  ['before the INSERT of the spans', insertsInto(/^spans$/, 'hold')],
  [
    'in the middle of the INSERT of the spans, which comes through when the next collector has begun',
    insertsInto(/^spans$/, 2500),
  ],
  ['between the spans and their row in batches', insertsInto(/^batches$/, 'hold')],
  ['before it hears that the row in batches is there', insertsInto(/^batches$/, 'lose')],
  ['between the dictionaries and the spans', insertsInto(/^(resources|scopes|attrsets)$/, 'lose')],
]
it.each(steps)('killed %s', async (_, fault) => {
  // Something waits in the spool that was never tried, so that it goes out together.
  proxy.fault(() => 'refuse')
  expect(await send(2)).toEqual([200])
  expect(await send(3)).toEqual([200])
  expect(await send(3)).toEqual([200])
  proxy.fault(fault)
  await eventually(() => proxy.hit() >= 1)
  await hopscope.kill9('collector')
  if (fault('INSERT INTO spans') !== 2500) proxy.fault(() => 'pass')
  await isStored()
  proxy.fault(() => 'pass')
})

it('the engine frozen under load, and the collector killed meanwhile', async () => {
  await send(2)
  let killed = false
  const engine = db.engine.pid()!
  process.kill(engine, 'SIGSTOP')
  const answers: number[] = []
  const acknowledged = () => answers.filter((status) => status === 200).length
  try {
    // Well below the 30 s after which a silent engine is killed.
    for (const end = performance.now() + 20_000; performance.now() < end && acknowledged() < 40; await sleep(50)) {
      answers.push(...(await send(2)))
      if (killed || acknowledged() < 20) continue
      killed = true
      await hopscope.kill9('collector')
    }
  } finally {
    process.kill(engine, 'SIGCONT')
  }
  // Those that came while no collector ran heard nothing.
  expect(new Set(answers)).toEqual(new Set([200, 0]))
  expect(acknowledged()).toBeGreaterThan(20)
  await isStored()
})

it('after all that, every trace has facts once, made of each of its spans once', async () => {
  const { clickhouse } = db
  await eventually(async () => (await wrongFacts(clickhouse)).length === 0)
})
