import { describe, expect, it } from 'vitest'
import {
  bucketBounds,
  bucketKey,
  histogramOf,
  merge,
  quantile,
  quantiles,
  representative,
  total,
  upperEdge,
} from './histogram.ts'

/** Reproducible values over eleven orders of magnitude and both signs. */
function* values(n: number, seed: number): Generator<number> {
  for (let i = 0, s = seed; i < n; i++) {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    const magnitude = Math.floor(2 ** ((s / 2 ** 32) * 38))
    yield s % 7 === 0 ? -magnitude : magnitude
  }
}

describe('bucket keys', () => {
  it('are symmetric, 0 for 0, and 32 an octave', () => {
    expect([0, 1, -1, 2, -2, 1024, 500_000].map(bucketKey)).toEqual([0, 1, -1, 33, -33, 321, 606])
    expect(bucketKey(-0)).toBe(0)
  })

  it('begin where 32 times the binary logarithm is whole', () => {
    const byLog = (ns: number) => 1 + Math.floor(32 * Math.log2(ns))
    for (let key = 1; key <= 34 * 32; key++) {
      const first = Math.ceil(2 ** ((key - 1) / 32))
      for (const ns of [first - 1, first, first + 1, first + 0.5])
        if (ns >= 1) expect([ns, bucketKey(ns), bucketKey(-ns)]).toEqual([ns, byLog(ns), -byLog(ns)])
    }
  })

  it('SK-1: name a value within 1.09 % of any value in the bucket', () => {
    let worst = 0
    for (const x of values(1_000_000, 42)) {
      if (x !== 0) worst = Math.max(worst, Math.abs(representative(bucketKey(x)) / x - 1))
    }
    expect(worst).toBeLessThanOrEqual(2 ** (1 / 64) - 1 + 1e-12)
    expect(worst).toBeGreaterThan(0.01)
  })

  it('have bounds that meet and hold their values', () => {
    for (const x of values(10_000, 3)) {
      const { lo, hi } = bucketBounds(bucketKey(x))
      expect(x >= lo - 1e-6 * Math.abs(lo) && x <= hi + 1e-6 * Math.abs(hi)).toBe(true)
    }
    expect(bucketBounds(320).hi).toBe(bucketBounds(321).lo)
    expect(bucketBounds(-320).lo).toBe(bucketBounds(-321).hi)
  })
})

describe('quantiles', () => {
  it('take rank ceil(q n)', () => {
    const ten = histogramOf([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    const nth = (value: number) => representative(bucketKey(value))
    expect(quantiles(ten, [0.1, 0.11, 0.5, 0.51, 0.99, 1])).toEqual([1, 2, 16, 32, 512, 512].map(nth))
  })

  it('agree with the sorted values within the width of a bucket, negatives included', () => {
    const all = [...values(20_000, 9)].sort((a, b) => a - b)
    const histogram = histogramOf(all)
    for (const q of [0.001, 0.05, 0.5, 0.9, 0.99, 0.999]) {
      const exact = all[Math.ceil(q * all.length) - 1]!
      expect(Math.abs(quantile(histogram, q)! - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0109)
    }
  })

  it('of nothing, or of what was taken back, are null', () => {
    expect(quantile({ keys: [], counts: [] }, 0.5)).toBeNull()
    expect(quantile({ keys: [10, 20], counts: [0, 0] }, 0.5)).toBeNull()
    expect(upperEdge({ keys: [10, 20], counts: [1, 0] })).toBe(bucketBounds(10).hi)
    expect(upperEdge({ keys: [], counts: [] })).toBeNull()
  })

  it('SK-2: merging is the same as building from all values', () => {
    const a = [...values(5000, 1)]
    const b = [...values(3000, 2)]
    expect(merge([histogramOf(a), histogramOf(b)])).toEqual(histogramOf([...a, ...b]))
    expect(total(histogramOf(a))).toBe(5000)
  })
})
