import { expect, test } from 'vitest'
import { stepAt, stepsOf } from './steps.ts'

const ns = (ms: number) => `${ms}000000`
const start = 1_764_000_000_000
const minute = 60_000

test('steps that the API left out come back empty, in their places', () => {
  const points = [1, 3].map((step) => ({ startUnixNano: ns(start + step * minute), n: step }))
  const steps = stepsOf(points, { from: ns(start), to: ns(start + 5 * minute), stepMs: minute })
  expect(steps.points.map((point) => point?.n ?? null)).toEqual([null, 1, null, 3, null])
  expect(steps.times[0]).toBe(start)
})

test('a window that does not begin at a step begins inside the first', () => {
  const steps = stepsOf([], { from: ns(start + 30_000), to: ns(start + 90_000), stepMs: minute })
  expect(steps.times).toEqual([start, start + minute])
  expect(stepAt(steps, start + 61_000)).toBe(1)
  expect(stepAt(steps, start + 3 * minute)).toBe(-1)
})
