import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPart, type Part } from '../../process/child.ts'
import { AlertRuleBody } from '../../server/api/contract-alert-rules.ts'
import type { AlertRecord } from '../../server/alerts/book.ts'
import type { AlertsPart } from '../../process/alerts.ts'
import { readDocuments, writeDocuments, type Written } from '../../server/queries/alerts/documents.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { chance } from '../chance.ts'
import { nameProxies, writeMinutes } from './alert-traffic.ts'

/** The process of alerts, killed -9 at random instants while rules begin to fire. */
const minute = 60_000
const target = 'f'.repeat(16)
const proxy = (n: number) => n.toString(16).padStart(16, 'b')
const rule = (n: number) => n.toString(16).padStart(16, 'd')
const count = 24

let db: TestEngine
let server: Server
/** Idempotency keys, as they came. */
const keys: string[] = []

beforeAll(async () => {
  db = await startEngine()
  server = createServer((request, response) => {
    keys.push(String(request.headers['idempotency-key']))
    request.resume().on('end', () => setTimeout(() => response.end(), 30))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await db?.stop()
})

it('loses no alert, and tells none twice under two keys', async () => {
  const { clickhouse, url } = db
  const now = Math.floor(Date.now() / minute) * minute
  const all = Array.from({ length: count }, (_, n) => n)
  await writeMinutes(
    clickhouse,
    all.map((n) => ({
      ...{
        kind: 'proxy',
        metric: 'added',
        id: proxy(n),
        fromMs: now - 5 * minute,
        toMs: now + 5 * minute,
        perMinute: 50,
      },
      medianNs: () => 9e6,
    })),
  )
  await nameProxies(clickhouse, Object.fromEntries(all.map((n) => [proxy(n), `p${n}`])))
  const hook = {
    kind: 'webhook',
    name: 'hook',
    enabled: true,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
  const documents = (n: number): Written[] => {
    const body = AlertRuleBody.parse({
      ...{
        kind: 'threshold',
        name: `r${n}`,
        measure: 'added',
        quantile: 0.5,
        filter: { proxy: proxy(n) },
        valueNs: 5e6,
      },
      ...{ minCount: 10, forMs: 0, targets: [target] },
    })
    return [{ kind: 'rule', id: rule(n), revision: Date.now(), atMs: Date.now(), state: 'api', body }]
  }
  await writeDocuments(clickhouse, [{ kind: 'target', id: target, revision: 1, atMs: now, body: hook }])
  const options: AlertsPart = {
    ...{ clickhouseUrl: url, alertIntervalMs: 2000, regressionIntervalMs: 3_600_000, publicUrl: 'http://hopscope' },
    ...{ allowedTargets: '127.0.0.1', alertRulesDir: null, lateMs: 0, leaseMs: 1500 },
  }
  const part: Part = await startPart({ module: './alerts', name: 'alerts', options, heapMb: 256, log: quiet })
  try {
    const random = chance(Date.now() % 1e6)
    // Rules come one after the other, so that there is always one that is about to fire when it dies.
    let next = 0
    for (let kill = 0; kill < 5; kill++) {
      const until = Date.now() + 2_000 + 3_000 * random.next()
      while (Date.now() < until && next < count) {
        await writeDocuments(clickhouse, documents(next++))
        await sleep(300 + 600 * random.next())
      }
      await sleep(Math.max(0, until - Date.now()))
      const pid = part.pid()
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    }
    while (next < count) await writeDocuments(clickhouse, documents(next++))
    const states = async () =>
      (await readDocuments<AlertRecord>(clickhouse, { kinds: ['alert'], states: ['firing'] })).length
    await eventually(async () => (await states()) === count, 90_000)
    await eventually(
      async () => (await readDocuments(clickhouse, { kinds: ['notification'], states: ['waiting'] })).length === 0,
      40_000,
    )
  } finally {
    await part.stop()
  }
  const alerts = await readDocuments<AlertRecord>(clickhouse, { kinds: ['alert'] })
  expect(alerts).toHaveLength(count)
  const told = new Set(keys)
  // One key for each alert, whatever died in between; a few may have come twice.
  expect(told.size).toBe(count)
  for (const { id, body } of alerts) expect(told).toContain(`${id}-${body.firedMs}-firing-${target}`)
  const changes = await readDocuments(clickhouse, { kinds: ['change'], states: ['firing'] })
  expect(changes).toHaveLength(count)
})
