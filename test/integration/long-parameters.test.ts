import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import { startClickHouseProxy, type ClickHouseProxy } from '../clickhouse-proxy.ts'
import { startEngine, type TestEngine } from '../harness.ts'

/** Between hopscope and ClickHouse there may be a proxy that takes addresses of 8 KiB, and ClickHouse takes 128 KiB a parameter. */
let db: TestEngine
let proxy: ClickHouseProxy
let clickhouse: ClickHouse
beforeAll(async () => {
  db = await startEngine({ migrated: true })
  proxy = await startClickHouseProxy(db.url)
  clickhouse = connect(proxy.url)
})
afterAll(async () => {
  await clickhouse?.close()
  await proxy?.close()
  await db?.stop()
})

it('lists of ids arrive as they are, however long', async () => {
  const ids = Array.from({ length: 50_000 }, (_, i) => 2n ** 64n - 1n - BigInt(i))
  const [row] = await clickhouse.query<{ n: string; sum: string; first: string }>(
    'SELECT toString(length(l)) AS n, toString(arraySum(arrayMap(x -> toUInt128(x), l))) AS sum, toString(l[1]) AS first FROM (SELECT {ids:Array(UInt64)} AS l)',
    { ids },
  )
  expect(row).toEqual({ n: '50000', sum: String(ids.reduce((sum, id) => sum + id, 0n)), first: String(ids[0]) })
})

it('long strings arrive as they are, whatever is in them', async () => {
  const text = "it's {ids:Array(UInt64)} \\ \\n \n\t% ; -- ".repeat(20_000)
  const [row] = await clickhouse.query<{ text: string }>('SELECT {text:String} AS text', { text })
  expect(row!.text === text).toBe(true)
})

it('traces are read by many thousands of ids', async () => {
  const refs = Array.from({ length: 20_000 }, (_, i) => ({
    traceId: i.toString(16).padStart(32, 'f'),
    ...{ firstMinute: 1_795_000_020, lastMinute: 1_795_000_080, rows: 3 },
    ...{ firstBatchMs: 1_795_000_000_000, lastBatchMs: 2 ** 43 - 1 },
  }))
  const reader = openSpanReader(clickhouse)
  expect([...(await reader.readTraces(refs))]).toEqual([])
  // Of unknown size: sorted by ClickHouse.
  expect([...(await reader.readTraces(refs.map(({ rows: _, ...ref }) => ref)))]).toEqual([])
})
