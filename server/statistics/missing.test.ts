import { describe, expect, it } from 'vitest'
import { completenessByDecile } from './completeness.ts'
import { bucketBounds, bucketKey, histogramOf, keyAt } from './histogram.ts'
import { boundsWithMissing, ranksWithMissing } from './manski.ts'
import { effectiveCount, populationOf } from './weights.ts'

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
  const ms = (i: number) => (i + 1) * 1_000_000
  const entries = Array.from({ length: 400 }, (_, i) => i)
  const lost = (i: number) => i >= 200 && i % (i < 360 ? 4 : 2) === 0
  const deciles = (some: readonly number[], incomplete: (i: number) => boolean) =>
    completenessByDecile(histogramOf(some.map(ms)), histogramOf(some.filter(incomplete).map(ms)))

  it('shows that slow traces lack more', () => {
    const found = deciles(entries, lost)
    expect(found.map(({ n }) => n)).toEqual(Array(10).fill(40))
    for (const [i, { complete }] of found.entries()) {
      // A bucket across the border of two deciles holds up to 2.2 % of a duration.
      expect(Math.abs(complete - (i < 5 ? 1 : i < 9 ? 0.75 : 0.5))).toBeLessThan(0.06)
    }
    expect(found[9]!.fromNs).toBeGreaterThan(ms(351))
    expect(found[9]!.fromNs).toBeLessThanOrEqual(ms(360))
    expect(found[9]!.toNs).toBeGreaterThanOrEqual(ms(399))
    const sum = found.reduce((all, { n, complete }) => all + n * (1 - complete), 0)
    expect(sum).toBeCloseTo(entries.filter(lost).length, 6)
  })

  it('divides a bucket that lies in several deciles evenly', () => {
    const same = completenessByDecile({ keys: [700], counts: [400] }, { keys: [700], counts: [100] })
    expect(same.map(({ n, complete }) => [n, complete])).toEqual(Array(10).fill([40, 0.75]))
  })

  it('says nothing about few', () => {
    expect(deciles([], lost)).toEqual([])
    expect(deciles(entries.slice(0, 199), lost)).toEqual([])
    expect(deciles(entries.slice(0, 200), lost)).toHaveLength(10)
  })
})

describe('a sample of unequal weights', () => {
  const fast = histogramOf([1000, 1000, 1000, 1000, 1000])
  const slow = histogramOf([9000, 9000, 9000, 9000, 9000])

  it('is the histogram itself where nothing was sampled', () => {
    expect(populationOf([{ weight: 1, histogram: fast }])).toEqual(fast)
  })

  it('counts each value as often as it stands for', () => {
    const population = populationOf([
      { weight: 9, histogram: fast },
      { weight: 1, histogram: slow },
    ])
    expect(population.counts).toEqual([45, 5])
    expect(keyAt(population, 0.9)).toBe(bucketKey(1000))
    expect(keyAt(population, 0.91)).toBe(bucketKey(9000))
    // Unweighted, half of them are slow.
    expect(
      keyAt(
        populationOf([
          { weight: 1, histogram: fast },
          { weight: 1, histogram: slow },
        ]),
        0.9,
      ),
    ).toBe(bucketKey(9000))
  })

  it('takes weights that are no integers: 1 of 2 values is at the median', () => {
    const thirds = populationOf([{ weight: 10 / 3, histogram: histogramOf([1000, 9000]) }])
    expect(keyAt(thirds, 0.5)).toBe(bucketKey(1000))
    expect(keyAt(thirds, 0.51)).toBe(bucketKey(9000))
    expect(keyAt(thirds, 1)).toBe(bucketKey(9000))
    expect(keyAt({ keys: [], counts: [] }, 0.5)).toBeUndefined()
  })

  it('says as much as fewer equal ones', () => {
    expect(effectiveCount([{ weight: 100, n: 500 }])).toBe(500)
    expect(
      effectiveCount([
        { weight: 9, n: 5 },
        { weight: 1, n: 5 },
      ]),
    ).toBeCloseTo(2500 / 410, 9)
    expect(effectiveCount([])).toBe(0)
  })
})
