import { afterAll, beforeAll, expect, it } from 'vitest'
import { quantiles } from '../../server/statistics/histogram.ts'
import { startEngine, type TestEngine } from '../harness.ts'

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
}, 120_000)
afterAll(() => db?.stop())

it('SK-3: quantiles of the histogram are within 2.1 % of those of DDSketch (quantilesDD)', async () => {
  // Log-normal with a slow mode, ns; so many values that the rank rules of the two do not matter.
  await db.clickhouse.command(`CREATE TABLE sketched ENGINE = Memory AS
    SELECT toInt64(exp(13 + 0.6 * sqrt(-2 * log(u)) * cos(2 * pi() * v)) * if(number % 50 = 0, 20, 1)) AS ns
    FROM (
      SELECT number, (cityHash64(number) % 1000003 + 1) / 1000004 AS u, (cityHash64(number, 1) % 1000003) / 1000003 AS v
      FROM numbers(400000)
    )`)
  const [row] = await db.clickhouse.query<{ hist: Record<string, string>; dd: number[] }>(`
    SELECT
      quantilesDD(0.01, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)(ns) AS dd,
      sumMap(map(toInt16(if(ns = 0, 0, sign(ns) * (1 + floor(32 * log2(abs(ns)))))), toInt64(1))) AS hist
    FROM sketched`)
  const buckets = Object.entries(row!.hist).map(([key, n]) => [Number(key), Number(n)] as const)
  buckets.sort(([a], [b]) => a - b)
  const histogram = { keys: buckets.map(([key]) => key), counts: buckets.map(([, n]) => n) }
  const ours = quantiles(histogram, [0.5, 0.75, 0.9, 0.95, 0.99, 0.999])
  ours.forEach((value, i) => expect(Math.abs(value! / row!.dd[i]! - 1)).toBeLessThanOrEqual(0.021))
})
