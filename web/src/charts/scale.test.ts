import { expect, test } from 'vitest'
import { heightOf, scaleOf, tickText } from './scale.ts'

test('the axis is marked in round numbers of the unit that is shown', () => {
  const scale = scaleOf('linear', [2e6, null, 16.3e6])
  expect(scale.unit).toBe('ms')
  expect(scale.ticks.map((ns) => tickText(ns, scale.unit))).toEqual(['0', '5', '10', '15'])
  const minutes = scaleOf('linear', [400e9])
  expect(minutes.ticks.map((ns) => tickText(ns, minutes.unit))).toEqual(['0', '2', '4', '6'])
})

test('a log axis spans a factor of four at least, so that noise stays small', () => {
  const { lo, hi } = scaleOf('log', [60e6, 61e6])
  expect(hi / lo).toBeGreaterThan(4)
  expect(lo).toBeLessThan(60e6)
  expect(hi).toBeGreaterThan(61e6)
})

test('what is not positive lies on the lower edge of a log axis', () => {
  const scale = scaleOf('log', [-5e3, 0, 1e6, 1e7])
  expect(heightOf(scale, 0)).toBe(0)
  expect(heightOf(scale, scale.hi)).toBeCloseTo(1)
  expect(heightOf(scaleOf('linear', [10]), 0)).toBe(0)
})

test('an axis without values still has two ends', () => {
  for (const kind of ['log', 'linear'] as const) {
    const { lo, hi } = scaleOf(kind, [null, null])
    expect(hi).toBeGreaterThan(lo)
  }
})
