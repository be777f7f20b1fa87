import { describe, expect, it } from 'vitest'
import { completenessByDecile } from './completeness.ts'
import { bucketBounds, bucketKey, histogramOf } from './histogram.ts'
import { boundsWithMissing, ranksWithMissing } from './manski.ts'

describe('bounds of a quantile with missing values', () => {
  const ranks = (p: number, missing: number) => {
    const { lo, hi } = ranksWithMissing(p, missing)
    return [lo, hi].map((rank) => (rank === null ? null : Number(rank.toFixed(4))))
  }

  it('MISS-1: 2 % missing: p95 in [.9490, .9694], p99 without an upper bound; 10 %: p50 in [.444, .556]', () => {
    expect(ranks(0.95, 0.02)).toEqual([0.949, 0.9694])
    expect(ranks(0.99, 0.02)).toEqual([0.9898, null])
    expect(ranks(0.5, 0.1).map((rank) => Number(rank!.toFixed(3)))).toEqual([0.444, 0.556])
  })

  it('are the quantile itself when nothing is missing, and open where everything may be', () => {
    expect(ranks(0.9, 0)).toEqual([0.9, 0.9])
    expect(ranks(0.99, 0.01)).toEqual([0.9899, 1])
    expect(ranks(0.05, 0.1)).toEqual([null, 0.0556])
    expect(ranks(0.5, 1)).toEqual([null, null])
  })

  it('hold the quantile of all, whichever values are the missing ones', () => {
    const all = Array.from({ length: 1000 }, (_, i) => 1000 + i * i)
    const [p, missing] = [0.9, 0.05]
    const truth = all[Math.ceil(p * all.length) - 1]!
    for (const drop of [(i: number) => i < 50, (i: number) => i >= 950, (i: number) => i % 20 === 0]) {
      const { loNs, hiNs } = boundsWithMissing(histogramOf(all.filter((_, i) => !drop(i))), p, missing)
      expect(loNs! <= truth && truth <= hiNs!).toBe(true)
    }
    expect(boundsWithMissing(histogramOf(all), 0.96, 0.05).hiNs).toBeNull()
    expect(boundsWithMissing(histogramOf([]), 0.5, 0)).toEqual({ loNs: null, hiNs: null })
  })

  it('are edges of buckets, not their middles', () => {
    const { lo, hi } = bucketBounds(bucketKey(500_000))
    expect(boundsWithMissing(histogramOf([500_000]), 0.5, 0)).toEqual({ loNs: lo, hiNs: hi })
  })
})

describe('completeness by decile of the entry span', () => {
  it('shows that slow traces lack more', () => {
    const entries = Array.from({ length: 200 }, (_, i) => ({
      durationNs: (i + 1) * 1000,
      complete: i < 100 || i % (i < 180 ? 4 : 2) !== 0,
    }))
    const deciles = completenessByDecile([...entries].reverse())
    expect(deciles.map(({ complete }) => complete)).toEqual([1, 1, 1, 1, 1, 0.75, 0.75, 0.75, 0.75, 0.5])
    expect(deciles[9]).toEqual({ fromNs: 181_000, toNs: 200_000, n: 20, complete: 0.5 })
  })

  it('takes few, and none', () => {
    expect(completenessByDecile([])).toEqual([])
    const few = completenessByDecile([5, 3, 4].map((durationNs) => ({ durationNs, complete: durationNs < 5 })))
    expect(few.map(({ fromNs, n, complete }) => [fromNs, n, complete])).toEqual([
      [3, 1, 1],
      [4, 1, 1],
      [5, 1, 0],
    ])
  })
})
