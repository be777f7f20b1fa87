import { describe, expect, it } from 'vitest'
import { bucketKey } from '../../statistics/histogram.ts'
import { integersIn } from './usual.ts'

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
