import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lateRevisionFlag } from '../../server/finaliser/facts.ts'
import { rollupBlocks } from '../../server/finaliser/rollups/blocks.ts'
import { rollupsOfJob, takeBack } from '../../server/finaliser/rollups/read-back.ts'
import { sipHash64 } from '../../server/finaliser/rollups/route-id.ts'
import { foldAnalysis } from '../../server/finaliser/rollups/of-analysis.ts'
import { noRollups } from '../../server/finaliser/rollups/rollups.ts'
import { makeTraces, revise, writeTraces } from './measured-traffic.ts'
import { startEngine, type TestEngine } from '../harness.ts'

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
}, 120_000)
afterAll(() => db?.stop())

it('a route has the id that ClickHouse computes', async () => {
  const routes = [
    ['checkout', 'GET /cart'],
    ['', ''],
    ['bücher', 'POST /größe/{id} – sehr lang, über acht Bytes'],
    ['12345678', '1234567890123456'],
  ] as const
  const [row] = await db.clickhouse.query<{ ids: string[] }>(
    `SELECT [${routes.map((_, i) => `toString(sipHash64({s${i}:String}, {n${i}:String}))`).join(', ')}] AS ids`,
    Object.fromEntries(
      routes.flatMap(([service, name], i) => [
        [`s${i}`, service],
        [`n${i}`, name],
      ]),
    ),
  )
  expect(routes.map(([service, name]) => String(sipHash64(service, name)))).toEqual(row!.ids)
})

describe('the rollups of a job', () => {
  const now = Date.now()
  /** Sampled at three rates, one of which nobody told. */
  const traces = makeTraces({ traces: 60, fromMs: now - 300_000, toMs: now, seed: 7 }).map((trace, i) => {
    const flags = i % 3 === 0 ? 131_072 : 0
    const flagged = <T extends { flags: number }>(of: T): T => ({ ...of, flags: of.flags | flags })
    const { hops, proxies } = trace
    return {
      ...flagged(trace),
      hops: hops.map(flagged),
      proxies: proxies.map(flagged),
      weight: i % 3 === 1 ? 10 / 3 : 1,
    }
  })

  it('are the same made from its facts, read back, as made with them', async () => {
    const rollups = noRollups()
    for (const trace of traces) foldAnalysis(rollups, trace, 0)
    const job = await writeTraces(db.clickhouse, traces)
    const readBack = await rollupsOfJob(db.clickhouse, job)
    expect(readBack.rollup_1m.length).toBeGreaterThan(1000)
    expect(readBack).toEqual(rollupBlocks(rollups))
  })

  it('and of one that takes facts back', async () => {
    const first = await writeTraces(db.clickhouse, traces)
    const some = traces.slice(0, 20).map((trace, i) => revise(trace, i))
    const rollups = noRollups()
    await takeBack(
      db.clickhouse,
      rollups,
      some.map(({ traceId }) => ({ traceId, job: first })),
    )
    for (const trace of some) foldAnalysis(rollups, trace, lateRevisionFlag)
    const job = await writeTraces(db.clickhouse, some, first)
    expect(await rollupsOfJob(db.clickhouse, job)).toEqual(rollupBlocks(rollups))
  })
})
