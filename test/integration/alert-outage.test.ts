import { afterAll, beforeAll, expect, it } from 'vitest'
import { startAlerts } from '../../server/alerts/run/evaluator.ts'
import type { AlertRecord } from '../../server/alerts/book.ts'
import type { Progress } from '../../server/alerts/run/stored.ts'
import { AlertRuleBody } from '../../server/api/contract-alert-rules.ts'
import { readDocuments, writeDocuments } from '../../server/queries/alerts/documents.ts'
import { startClickHouseProxy, type ClickHouseProxy } from '../clickhouse-proxy.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { nameProxies, writeMinutes } from './alert-traffic.ts'

/** An evaluator that cannot reach ClickHouse, and another that can. */
const minute = 60_000
const intervalMs = 500
const proxy = 'a'.repeat(16)
let db: TestEngine
let way: ClickHouseProxy

beforeAll(async () => {
  db = await startEngine()
  way = await startClickHouseProxy(db.url)
  const now = Math.floor(Date.now() / minute) * minute
  await writeMinutes(db.clickhouse, [
    {
      ...{ kind: 'proxy', metric: 'added', id: proxy, fromMs: now - 5 * minute, toMs: now + 10 * minute },
      ...{ perMinute: 50, medianNs: () => 9e6 },
    },
  ])
  await nameProxies(db.clickhouse, { [proxy]: 'cart' })
  const body = AlertRuleBody.parse({
    ...{ kind: 'threshold', name: 'r', measure: 'added', quantile: 0.5, valueNs: 5e6, minCount: 10, forMs: 0 },
  })
  await writeDocuments(db.clickhouse, [
    { kind: 'rule', id: 'd'.repeat(16), revision: 1, atMs: now, state: 'api', body },
  ])
})
afterAll(async () => {
  await way?.close()
  await db?.stop()
})

const progress = async () => (await readDocuments<Progress>(db.clickhouse, { kinds: ['progress'], id: 'threshold' }))[0]
const alerts = () => readDocuments<AlertRecord>(db.clickhouse, { kinds: ['alert'] })
const start = (clickhouseUrl: string) =>
  startAlerts({
    ...{ clickhouseUrl, alertIntervalMs: intervalMs, regressionIntervalMs: 3_600_000, publicUrl: 'http://hopscope' },
    ...{ lateMs: 0, leaseMs: 1_500, log: quiet },
  })

it('holds while ClickHouse is away, makes up for what it missed, and leaves it to another that can reach it', async () => {
  const first = await start(way.url)
  await eventually(async () => (await alerts())[0]?.body.state.phase === 'firing', 90_000)
  const fired = (await alerts())[0]!.body
  const before = (await progress())!
  way.fault(() => 'refuse')
  const second = await start(db.url)
  try {
    // Its lease runs out, and the other evaluates from where it was.
    await eventually(async () => {
      const now = await progress()
      return now!.body.holder !== before.body.holder && now!.revision > before.revision + 6 * intervalMs
    }, 90_000)
    way.fault(() => 'pass')
    const other = (await progress())!
    await eventually(async () => (await progress())!.revision > other.revision + 6 * intervalMs, 90_000)
  } finally {
    await first.close()
    await second.close()
  }
  const after = (await progress())!
  expect(after.body.holder).not.toBe(before.body.holder)
  // Every instant was evaluated, and once.
  expect(after.body.evaluations! - before.body.evaluations!).toBe((after.revision - before.revision) / intervalMs)
  const [held, ...others] = await alerts()
  expect(others).toEqual([])
  expect(held!.body).toMatchObject({ firedMs: fired.firedMs, state: { phase: 'firing', sinceMs: fired.state.sinceMs } })
  const changes = await readDocuments(db.clickhouse, { kinds: ['change'] })
  expect(changes.map(({ state }) => state)).toEqual(['firing'])
})
