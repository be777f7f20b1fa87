import { afterAll, beforeAll, expect, it } from 'vitest'
import { ledgerOf, readLedger } from '../../server/queries/ledger.ts'
import { startEngine, type TestEngine } from '../harness.ts'

let db: TestEngine
const hour = Date.UTC(2030, 0, 1, 10)
const id = '00000000000000ff'

beforeAll(async () => {
  db = await startEngine()
  const rows: [string, string, number, number][] = []
  // One request a minute from 09:50 to 12:09; every fourth lost its callee, the last was taken back.
  for (let minute = -10; minute < 130; minute++) {
    const time = hour / 1000 + 60 * minute
    rows.push(['proxy', 'requests', time, 1], ['proxy', 'layer:caller', time, 1], ['hop', 'requests', time, 2])
    if (minute % 4 === 0) rows.push(['proxy', 'flag:missing_callee', time, 1])
    else rows.push(['proxy', 'layer:callee', time, 1])
    if (minute === 129) rows.push(['proxy', 'flag:neg_gap', time, 1], ['proxy', 'flag:neg_gap', time, -1])
  }
  const values = rows.map(([kind, what, time, n]) => `('${kind}', 255, '${what}', ${time}, ${n})`)
  await db.clickhouse.command(`INSERT INTO coverage_1m (kind, id, what, time, requests) VALUES ${values.join(',')}`)
}, 120_000)
afterAll(() => db?.stop())

const read = async (fromMs: number, toMs: number, ids?: string[]) =>
  readLedger(db.clickhouse, { window: { fromMs, toMs }, kind: 'proxy', ...(ids && { ids }) })
const requests = (counts: Awaited<ReturnType<typeof read>>) => counts.get(id)!.get('requests')!.stored

it('tells the share of requests that showed each layer, and what was lost', async () => {
  const found = await read(hour, hour + 4 * 60_000)
  expect(ledgerOf(found.get(id)!, 'proxy')).toEqual({
    requests: 4,
    layers: [
      { layer: 'caller', requests: 4, share: 1 },
      { layer: 'upstream', requests: 0, share: 0 },
      { layer: 'callee', requests: 3, share: 0.75 },
    ],
    reasons: [{ flag: 'missing_callee', requests: 1, share: 0.25 }],
  })
})

it('counts every minute once, whole hours from the hourly table and the edges by the minute', async () => {
  for (const [from, to] of [
    [-10, 130],
    [-3, 127],
    [0, 60],
    [0, 120],
    [5, 55],
    [30, 90],
  ] as const) {
    const found = await read(hour + from * 60_000, hour + to * 60_000, [id])
    expect([from, to, requests(found)]).toEqual([from, to, to - from])
  }
  // The whole hours are really read from there.
  await db.clickhouse
    .command(`ALTER TABLE coverage_1m DELETE WHERE time >= ${hour / 1000} AND time < ${hour / 1000 + 3600}
    SETTINGS mutations_sync = 1`)
  expect(requests(await read(hour - 600_000, hour + 3600_000))).toBe(70)
})

it('knows nothing of what had no requests', async () => {
  expect(await read(hour - 90 * 60_000, hour - 80 * 60_000)).toEqual(new Map())
  expect((await read(hour, hour + 60_000, ['0000000000000001'])).size).toBe(0)
})
