import { afterAll, beforeAll, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { fuzzPorts } from './ports.ts'

/** Mutated requests to a running collector over every receiver. Another seed: FUZZ_SEED=7. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260)
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

it('answers 3,000 mutated requests as it should, and stores no other rows', { timeout: 180_000 }, async () => {
  const before = process.memoryUsage().rss
  const outcome = await fuzzPorts(collector, db.clickhouse, seed, 3000)
  expect(outcome).toMatchObject({ requests: 3000, wrong: [] })
  expect(outcome.taken).toBeGreaterThan(500)
  expect(outcome.refused).toBeGreaterThan(500)
  expect(outcome.closed).toBeGreaterThan(5)
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20)
})
