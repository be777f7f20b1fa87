import { expect, test } from 'vitest'
import { linearTicks, logTicks, timeTicks } from './ticks.ts'

test('a linear axis is marked in steps of 1, 2 or 5', () => {
  expect(linearTicks(17)).toEqual([0, 5, 10, 15])
  expect(linearTicks(0.41)).toEqual([0, 0.2, 0.4])
  expect(linearTicks(0)).toEqual([0])
})

test('a log axis is marked at 1, 2, 5 and falls back to powers of ten when those are too many', () => {
  expect(logTicks(40, 600)).toEqual([50, 100, 200, 500])
  expect(logTicks(0.5, 2000)).toEqual([1, 3, 10, 30, 100, 300, 1000])
  expect(logTicks(1e-3, 1e6, 4).length).toBeLessThanOrEqual(4)
  expect(logTicks(0, 10)).toEqual([])
})

test('time is marked at round instants of the zone, midnight as its day', () => {
  const from = Date.UTC(2026, 10, 23, 22, 30)
  const ticks = timeTicks(from, from + 3 * 3_600_000, 'UTC', 6)
  expect(ticks.map(({ text }) => text)).toEqual(['22:30', '23:00', '23:30', '11-24', '00:30', '01:00', '01:30'])
  const days = timeTicks(from, from + 9 * 86_400_000, 'UTC', 5)
  expect(days.map(({ text }) => text)).toEqual(['11-25', '11-27', '11-29', '12-01'])
  expect(timeTicks(from, from + 20_000, 'UTC', 4)[1]?.text).toBe('22:30:05')
})
