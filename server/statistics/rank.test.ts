import { describe, expect, it } from 'vitest'
import { histogramOf } from './histogram.ts'
import { rankIn } from './rank.ts'

describe('the rank of a value', () => {
  const hundred = histogramOf(Array.from({ length: 100 }, (_, i) => (i + 1) * 1_000_000))

  it('lies between the share of lower buckets and that with its own', () => {
    const rank = rankIn(hundred, 50_000_000, 0)!
    expect(rank.below).toBeLessThanOrEqual(0.49)
    expect(rank.upTo).toBeGreaterThanOrEqual(0.5)
    expect(rank.upTo - rank.below).toBeLessThanOrEqual(0.02)
    expect(rank).toMatchObject({ lo: rank.below, hi: rank.upTo })
  })

  it('is none of nothing, and everything or nothing outside', () => {
    expect(rankIn({ keys: [], counts: [] }, 5, 0)).toBeNull()
    expect(rankIn({ keys: [3], counts: [0] }, 5, 0)).toBeNull()
    expect(rankIn(hundred, 1, 0)).toEqual({ below: 0, upTo: 0, lo: 0, hi: 0 })
    expect(rankIn(hundred, 1e12, 0)).toEqual({ below: 1, upTo: 1, lo: 1, hi: 1 })
  })

  it('is wider by what was not seen', () => {
    const { below, upTo, lo, hi } = rankIn(hundred, 50_000_000, 0.2)!
    expect(lo).toBeCloseTo(below * 0.8, 12)
    expect(hi).toBeCloseTo(upTo * 0.8 + 0.2, 12)
  })

  it('holds negative values, and weighted counts that are fractions', () => {
    const mixed = histogramOf([-5_000_000, -1_000, 0, 7_000_000])
    expect(rankIn(mixed, 0, 0)).toMatchObject({ below: 0.5, upTo: 0.75 })
    expect(rankIn({ keys: [1, 2], counts: [0.5, 1.5] }, 1, 0)).toMatchObject({ below: 0, upTo: 0.25 })
  })
})
