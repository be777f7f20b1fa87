import { expect, it } from 'vitest'
import { believed, chanceBeyond, chanceOfDifference, ratioOfShares, wilson } from './proportions.ts'

it('gives Wilson’s interval', () => {
  // 8 of 10, and none of 10, as in the tables of Newcombe 1998.
  expect(wilson(0.8, 10).lo).toBeCloseTo(0.4902, 4)
  expect(wilson(0.8, 10).hi).toBeCloseTo(0.9433, 4)
  expect(wilson(0, 10)).toMatchObject({ lo: 0 })
  expect(wilson(0, 10).hi).toBeCloseTo(0.2775, 4)
  expect(wilson(0.5, 0)).toEqual({ lo: 0, hi: 1 })
})

it('gives the ratio of two shares an interval that holds it, wide for few, and open where nothing is below', () => {
  const few = ratioOfShares({ share: 0.5, n: 20 }, { share: 0.25, n: 20 })!
  const many = ratioOfShares({ share: 0.5, n: 20_000 }, { share: 0.25, n: 20_000 })!
  expect(few.ratio).toBe(2)
  expect(few.lo).toBeLessThan(1)
  expect(few.hi).toBeGreaterThan(4)
  // On the log scale of Katz: 2 x exp(+-1.96 sqrt(1/10000 - 1/20000 + 1/5000 - 1/20000)).
  expect(many.lo).toBeCloseTo(2 * Math.exp(-1.96 * Math.sqrt(2e-4)), 2)
  expect(many.hi).toBeCloseTo(2 * Math.exp(1.96 * Math.sqrt(2e-4)), 2)
  expect(ratioOfShares({ share: 0.1, n: 100 }, { share: 0, n: 100 })).toMatchObject({ ratio: Infinity, hi: Infinity })
  expect(ratioOfShares({ share: 0, n: 100 }, { share: 0.1, n: 100 })).toMatchObject({ ratio: 0, lo: 0 })
  expect(ratioOfShares({ share: 0, n: 100 }, { share: 0, n: 100 })).toBeUndefined()
})

it('knows how far a normal variable lies out', () => {
  expect(chanceBeyond(1.959964)).toBeCloseTo(0.05, 6)
  expect(chanceBeyond(-2.575829)).toBeCloseTo(0.01, 6)
  expect(chanceBeyond(0)).toBeCloseTo(1, 6)
  expect(chanceBeyond(40)).toBe(0)
  expect(chanceOfDifference({ share: 0.3, n: 100 }, { share: 0.3, n: 500 })).toBeCloseTo(1, 6)
  expect(chanceOfDifference({ share: 1, n: 100 }, { share: 1, n: 500 })).toBe(1)
})

it('believes as Benjamini and Hochberg do', () => {
  // Their own example of 1995: of 15 chances the first four, at 5 %.
  const chances = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ]
  expect(believed(chances, 0.05).filter(Boolean).length).toBe(4)
  expect(believed([0.04, 0.001, 0.9], 0.05)).toEqual([false, true, false])
  expect(believed([], 0.05)).toEqual([])
})
