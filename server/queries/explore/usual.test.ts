import { describe, expect, it } from 'vitest'
import { bucketKey } from '../../statistics/histogram.ts'
import { highestOf, integersIn } from './usual.ts'

describe('the integers of a bucket', () => {
  it('are those that have its key, and no others', () => {
    for (let key = -1500; key <= 1500; key++) {
      const { lo, hi } = integersIn(key)
      if (lo > hi) continue
      expect([lo, hi].map(bucketKey)).toEqual([key, key])
      expect(bucketKey(lo - 1)).toBeLessThan(key)
      expect(bucketKey(hi + 1)).toBeGreaterThan(key)
    }
    expect(integersIn(0)).toEqual({ lo: 0, hi: 0 })
  })
})

describe('the highest values', () => {
  const high = [
    [9, -1, '2', 60],
    [9, 1, '2', 60],
    [7, 1, '18446744073709551615', 120],
    [7, 1, '3', 60],
    [5, 1, '3', 180],
  ] as const

  it('are as many as are asked for, without what was taken back, with all as high as the least', () => {
    const places = { entities: [2n, 2n, 2n ** 64n - 1n, 3n], minutes: [60, 60, 120, 60] }
    expect(highestOf(high, 1)).toEqual({ least: 7, places })
    expect(highestOf(high, 2)).toEqual({ least: 7, places })
    expect(highestOf(high, 3)?.least).toBe(5)
  })

  it('are unknown where there are fewer', () => {
    expect(highestOf(high, 4)).toBeUndefined()
  })
})
