import { describe, expect, it } from 'vitest'
import { histogramOf } from '../statistics/histogram.ts'
import { budgetFinding, budgetLeft, burnRate, spentOf, thresholdFinding } from './threshold.ts'

describe('a threshold', () => {
  const limit = { op: '>', value: 15, resolve: 12, quantile: 0.99 } as const
  const seen = (value: number | null, n = 2_000, coverage = 1) => ({ value, n, coverage })

  it('is met above its value, and gone at the value to resolve', () => {
    expect([16, 15, 13, 12, 3].map((value) => thresholdFinding(limit, seen(value)))).toEqual([
      'met',
      'less',
      'less',
      'gone',
      'gone',
    ])
    expect(
      [3, 5, 6, 7].map((value) => thresholdFinding({ ...limit, op: '<', value: 5, resolve: 6 }, seen(value))),
    ).toEqual(['met', 'less', 'gone', 'gone'])
  })

  it('knows nothing where the claim table allows nothing, unless the rule says how many are enough', () => {
    expect(thresholdFinding(limit, seen(16, 1_999))).toBe('unknown')
    expect(thresholdFinding({ ...limit, minCount: 100 }, seen(16, 100))).toBe('met')
    expect(thresholdFinding({ ...limit, minCount: 5_000 }, seen(16))).toBe('unknown')
    expect(thresholdFinding(limit, seen(16, 2_000, 0.9))).toBe('unknown')
    expect(thresholdFinding(limit, seen(null))).toBe('unknown')
    expect(thresholdFinding(limit, undefined)).toBe('unknown')
  })
})

describe('a budget', () => {
  it('is spent by what takes longer than it allows', () => {
    const spent = spentOf(histogramOf([1e6, 2e6, 5e6, 9e6]), 5e6)
    expect(spent).toEqual({ n: 4, over: 1 })
    expect(burnRate(spent, 0.95)).toBeCloseTo(5, 12)
    expect(burnRate({ n: 0, over: 0 }, 0.95)).toBeNull()
  })

  it('is left by what it allows and nobody used, and may be overspent', () => {
    expect([0, 25, 50, 100].map((over) => budgetLeft({ n: 1_000, over }, 0.95))).toEqual([
      ...[expect.closeTo(1), expect.closeTo(0.5), expect.closeTo(0), expect.closeTo(-1)],
    ])
    expect(budgetLeft({ n: 0, over: 0 }, 0.95)).toBeNull()
  })

  it('burns when both windows do, is less while the long one does, and unknown for few', () => {
    const windows = (long: number, short: number, n = 1_000) => [
      { rate: 14.4, long: { n, over: (long * n) / 100 }, short: { n, over: (short * n) / 100 } },
    ]
    expect(budgetFinding(windows(20, 20), 0.99, 200)).toBe('met')
    expect(budgetFinding(windows(20, 1), 0.99, 200)).toBe('less')
    expect(budgetFinding(windows(1, 20), 0.99, 200)).toBe('gone')
    expect(budgetFinding(windows(20, 20, 100), 0.99, 200)).toBe('unknown')
  })
})
