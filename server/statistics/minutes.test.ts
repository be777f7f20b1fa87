import { expect, it } from 'vitest'
import { chance } from '../../test/chance.ts'
import type { Part } from './cohort.ts'
import { histogramOf } from './histogram.ts'
import { blockMinutes, cut, draw, summersOf } from './minutes.ts'

const minutes = 23
const buckets = { least: 600, width: 120 }

/** So many values a minute, in a few of the minutes or all. */
function madeParts(perMinute: number, { next }: ReturnType<typeof chance>): Part[] {
  return Array.from({ length: minutes }, (_, minute) => ({
    minute,
    histogram: histogramOf(Array.from({ length: perMinute }, () => Math.round(500_000 * (1 + 9 * next())))),
  })).filter(() => next() < 0.8)
}

it.each([1, 2, 40])('%i values a minute are added up by minutes and by blocks that go round the end', (perMinute) => {
  const random = chance(7 + perMinute)
  const parts = madeParts(perMinute, random)
  const sum = summersOf(minutes)(parts, buckets)
  const into = new Float64Array(buckets.width)
  for (const pick of [...Array.from({ length: 20 }, () => draw(minutes, random.next)), ...cut(minutes, 10)]) {
    const expected = new Float64Array(buckets.width)
    for (const one of pick)
      for (let i = 0; i < (one < minutes ? blockMinutes : 1); i++)
        for (const { minute, histogram } of parts)
          if (minute === (one + i) % minutes)
            histogram.keys.forEach((key, at) => (expected[Math.max(0, key - buckets.least)]! += histogram.counts[at]!))
    sum(pick, into)
    expect([...into]).toEqual([...expected])
  }
})

it('as many minutes are drawn again as there are, and stretches follow each other', () => {
  const { next } = chance(3)
  for (const n of [3, 5, 23]) {
    const drawn = draw(n, next)
    expect(drawn.reduce((sum, one) => sum + (one < n ? blockMinutes : 1), 0)).toBe(n)
    expect(Math.max(...drawn)).toBeLessThan(2 * n)
  }
  expect(cut(23, 10).map((one) => [...one])).toEqual([
    [0, 5],
    [10, 15],
  ])
})
