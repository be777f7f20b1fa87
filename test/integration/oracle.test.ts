import { afterAll, beforeAll, expect, it } from 'vitest'
import { startEngine, type TestEngine } from '../harness.ts'
import { compareWithSql } from '../oracle.ts'

/** `npm run bench -- oracle --traces=200000` takes a longer look. */
const traceCount = 5_000

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
}, 120_000)
afterAll(() => db?.stop())

it('CP-9: SQL and TypeScript agree on self time and critical path of every span', async () => {
  const { traces, differences, spansOnPaths } = await compareWithSql(db.clickhouse, traceCount)
  expect(differences).toEqual([])
  expect(traces).toBe(traceCount)
  expect(spansOnPaths).toBeGreaterThan(2 * traceCount)
}, 240_000)
