import { expect, test } from 'vitest'
import { distribution } from '../overview/example.ts'
import { intervalOf, shiftOf } from './shift.ts'

/** Quantiles of an exponential with mean 100 ms are −100 ln(1 − q). */
const exponential = (n: number) =>
  distribution(
    n,
    [0.5, 0.75, 0.9, 0.95, 0.99, 0.999].map((q) => -100 * Math.log(1 - q)),
  )

test('the interval of a quantile is that of its ranks', () => {
  // n = 40,000 at p99: ranks 39,561 and 39,639 of 40,000, quantiles 0.98903 and 0.99098.
  const interval = intervalOf(exponential(40_000), 0.99)
  expect(interval?.loNs).toBeCloseTo(-100e6 * Math.log(1 - 0.98902), -7)
  expect(interval?.hiNs).toBeCloseTo(-100e6 * Math.log(1 - 0.99098), -7)
})

test('fewer requests make it wider, and without quantiles there is none', () => {
  const width = (n: number) => {
    const { loNs, hiNs } = intervalOf(exponential(n), 0.5) ?? { loNs: 0, hiNs: 0 }
    return hiNs - loNs
  }
  expect(width(400)).toBeGreaterThan(3 * width(40_000))
  expect(width(40_000)).toBeGreaterThan(0)
  expect(intervalOf(distribution(0, []), 0.5)).toBeNull()
})

test('a shift needs both: a tenth, and intervals that do not touch', () => {
  const scaled = (n: number, factor: number) =>
    distribution(
      n,
      [0.5, 0.75, 0.9, 0.95, 0.99, 0.999].map((q) => -100 * factor * Math.log(1 - q)),
    )
  expect(shiftOf(scaled(1e5, 1), scaled(1e5, 1.3), 'p99')?.verdict).toBe('slower')
  expect(shiftOf(scaled(1e5, 1.3), scaled(1e5, 1), 'p99')?.verdict).toBe('faster')
  expect(shiftOf(scaled(1e6, 1), scaled(1e6, 1.05), 'p99')?.verdict).toBe('alike')
  expect(shiftOf(scaled(400, 1), scaled(400, 1.15), 'p95')?.verdict).toBe('alike')
  expect(shiftOf(scaled(400, 1), scaled(400, 1.15), 'p99')).toBeNull()
})
