import { describe, expect, it } from 'vitest'
import { chance } from '../../test/chance.ts'
import { madeCohort } from '../../test/cohorts.ts'
import { cohortsOf, logQuantiles, meanDifference, smoothShift, summed, totalOf, type CohortRow } from './cohort.ts'
import { compareCohorts, isDistinguishable } from './compare.ts'
import { histogramOf } from './histogram.ts'
import { hodgesLehmann } from './shift.ts'
import { normalBeyond, normalQuantile, studentQuantile } from './student.ts'
import { mapped, redrawn, retimedQuantiles } from './what-if.ts'

/** Cohorts of known difference (algorithms.md section 8.3); `npm run bench -- compare` does the same at length, with other seeds. */
const quantiles = [0.5, 0.99]
const evenly = { minutes: 60, rate: 60, mix: [0.7, 0.3], ratio: 1, noise: 0 }
const compare = (a: readonly CohortRow[], b: readonly CohortRow[], seed = 1) =>
  compareCohorts(a, b, quantiles, chance(seed).next, { resamples: 100 })

describe('two cohorts', () => {
  it('of one speed are not told apart, of two are, in whichever order, and intervals hold the truth', () => {
    let held = 0
    let told = 0
    for (let run = 0; run < 12; run++) {
      const random = chance(900 + run)
      const noise = run % 2 === 0 ? 0 : 0.07
      const a = madeCohort({ ...evenly, noise }, random)
      const b = madeCohort({ ...evenly, noise, ratio: 1.3 }, random)
      const { verdict, adjusted } = compare(a, b)
      expect(verdict).toBe('a_faster')
      expect(compare(b, a).verdict).toBe('b_faster')
      const { lo, hi } = adjusted!.shift
      held += Number(lo <= Math.log(1.3) && Math.log(1.3) <= hi)
      told += Number(compare(a, madeCohort({ ...evenly, noise }, random)).verdict !== 'not_distinguishable')
    }
    expect(held).toBeGreaterThanOrEqual(9)
    expect(told).toBeLessThanOrEqual(3)
  })

  it('that only have other shares of what they do are no different, however it looks', () => {
    const a = madeCohort({ ...evenly, mix: [0.8, 0.2] }, chance(31))
    const b = madeCohort({ ...evenly, rate: 200, mix: [0.2, 0.8] }, chance(32))
    const { raw, adjusted, verdict, reversed, common } = compare(a, b)
    expect(isDistinguishable(raw!.shift) && raw!.shift.value > 0.5).toBe(true)
    expect(verdict).toBe('not_distinguishable')
    expect(isDistinguishable(adjusted!.quantiles[0]!.difference)).toBe(false)
    expect([reversed, common]).toEqual([false, 1])
  })

  it('may be the other way round, like for like', () => {
    const a = madeCohort({ ...evenly, mix: [0.9, 0.1] }, chance(33))
    const b = madeCohort({ ...evenly, mix: [0.1, 0.9], ratio: 0.8 }, chance(34))
    const { raw, verdict, reversed, strata } = compare(a, b)
    expect(raw!.shift.value).toBeGreaterThan(0)
    expect([verdict, reversed]).toEqual(['b_faster', true])
    for (const { shift, p50 } of strata) {
      expect(shift!.value).toBeCloseTo(Math.log(0.8), 0)
      expect(p50.b).toBeLessThan(p50.a!)
    }
  })

  it('differ where they differ: what is only the tail shows there and in its ratio to the middle', () => {
    const random = chance(35)
    const tailed = (share: number): CohortRow[] =>
      Array.from({ length: 60 }, (_, minute) => {
        const value = () => Math.round(1e6 * Math.exp(0.2 * random.normal()) * (random.next() < share ? 10 : 1))
        return { stratum: '', minute, histogram: histogramOf(Array.from({ length: 100 }, value)) }
      })
    const { adjusted } = compare(tailed(0), tailed(0.03))
    // Three of a hundred requests hardly move the middle.
    expect(Math.abs(adjusted!.shift.value)).toBeLessThan(0.04)
    const [p50, p99] = adjusted!.quantiles
    expect(Math.abs(p50!.difference.value)).toBeLessThan(0.05 * p50!.a)
    expect(p99!.difference.lo).toBeGreaterThan(p99!.a)
    expect(adjusted!.tail.lo).toBeGreaterThan(1)
    expect(isDistinguishable(adjusted!.dispersion)).toBe(false)
    expect(p99!.difference.value).toBe(p99!.b - p99!.a)
  })

  it('are not compared without enough of both, or of what both have', () => {
    const many = madeCohort(evenly, chance(36))
    const nothing = compare(many, [])
    expect(nothing).toMatchObject({ verdict: 'not_comparable', raw: null, adjusted: null, common: 0 })
    expect(nothing.reasons).toEqual(['few_requests', 'few_minutes'])
    const few = many.slice(0, 4).map((row) => ({ ...row, histogram: histogramOf([1e6, 2e6, 3e6]) }))
    expect(compare(many, few).reasons).toEqual(['few_requests', 'few_minutes', 'few_common_strata'])
    const elsewhere = many.map((row) => ({ ...row, stratum: `other ${row.stratum}` }))
    const apart = compare(many, elsewhere)
    expect(apart).toMatchObject({ verdict: 'not_comparable', reasons: ['few_common_strata'], adjusted: null })
    expect(apart.raw!.shift.value).toBeCloseTo(0, 1)
    expect(compare([], [])).toMatchObject({ verdict: 'not_comparable', n: { a: 0, b: 0 } })
  })

  it('that are one and the same do not differ at all, and the same question has the same answer', () => {
    const rows = madeCohort({ ...evenly, noise: 0.1 }, chance(37))
    const { verdict, adjusted } = compare(rows, rows)
    expect(verdict).toBe('not_distinguishable')
    expect(adjusted!.shift.value).toBeCloseTo(0, 12)
    for (const { difference } of adjusted!.quantiles) expect(difference.value).toBe(0)
    expect(compare(rows, rows, 5)).toEqual(compare(rows, rows, 5))
  })

  it('of values in one bucket each are told apart by no more than buckets can tell', () => {
    const constant = (ns: number): CohortRow[] =>
      Array.from({ length: 40 }, (_, minute) => ({ stratum: '', minute, histogram: histogramOf(Array(50).fill(ns)) }))
    // Neighbouring buckets: 1 and 1.001 may be in two.
    expect(compare(constant(1_000_000), constant(1_015_000)).verdict).toBe('not_distinguishable')
    expect(compare(constant(1_000_000), constant(1_060_000)).verdict).toBe('a_faster')
  })

  it('keep values of 0 and below as the least ones, and forget what was taken back', () => {
    const rows = (histogram: CohortRow['histogram']) => [{ stratum: '', minute: 1, histogram }]
    const cohorts = cohortsOf(rows(histogramOf([-5, 0, 1000])), rows({ keys: [5, 900], counts: [3, 0] }))
    expect(totalOf(summed(cohorts.a.strata[0]!, cohorts))).toBe(3)
    expect(cohorts.least).toBe(1)
    expect(totalOf(summed(cohorts.b.strata[0]!, cohorts))).toBe(3)
  })
})

it('shifts and quantiles are those of the values, to a fraction of a bucket', () => {
  const random = chance(40)
  for (let round = 0; round < 20; round++) {
    const draw = (ratio: number) =>
      Array.from({ length: 400 }, () => Math.round(1e6 * ratio * Math.exp(0.5 * random.normal())))
    const [x, y] = [draw(1), draw(1 + round / 50)]
    const rows = (values: number[]) => [{ stratum: '', minute: 0, histogram: histogramOf(values) }]
    const cohorts = cohortsOf(rows(x), rows(y))
    const [inA, inB] = [summed(cohorts.a.strata[0]!, cohorts), summed(cohorts.b.strata[0]!, cohorts)]
    const logs = (values: number[]) => values.map(Math.log)
    expect(smoothShift(inB, inA).value).toBeCloseTo(hodgesLehmann(logs(y), logs(x))!, 2)
    const sorted = [...x].sort((p, q) => p - q)
    for (const q of [0.25, 0.5, 0.9])
      expect(
        Math.abs(logQuantiles(inA, [q], cohorts.least)[0]!.value - Math.log(sorted[Math.ceil(q * 400) - 1]!)),
      ).toBeLessThan(0.03)
  }
})

it("Student's t at 95 % is that of the tables", () => {
  for (const [freedom, t] of [
    [4, 2.776],
    [6, 2.447],
    [10, 2.228],
    [30, 2.042],
    [1000, 1.962],
  ] as const)
    expect(studentQuantile(freedom)).toBeCloseTo(t, 1)
})

describe('other times in place of one’s own', () => {
  const a = Array.from({ length: 2000 }, (_, i) => Math.round(1e5 * Math.exp(i / 700)))
  const b = a.map((ns) => 3 * ns + 50_000)

  it('take the place among the others that one’s own had', () => {
    const map = mapped(histogramOf(a), histogramOf(b))
    for (const ns of a) expect(Math.abs(map(ns) / (3 * ns + 50_000) - 1)).toBeLessThan(0.01)
    expect(map(1)).toBeLessThan(b[0]! * 1.02)
    expect(map(1e12)).toBeGreaterThan(b.at(-1)! * 0.98)
    expect(mapped(histogramOf([]), histogramOf(b))(7)).toBe(7)
    expect(mapped(histogramOf(a), histogramOf([]))(7)).toBe(7)
  })

  it('or any, as often as they are', () => {
    const draw = redrawn(histogramOf(b), chance(41).next)
    const drawn = Array.from({ length: 4000 }, draw).sort((x, y) => x - y)
    expect(Math.abs(drawn[2000]! / b[1000]! - 1)).toBeLessThan(0.1)
  })
})

it('two values lie apart on average as far as they do', () => {
  const values = Array.from({ length: 500 }, (_, i) => Math.round(1e6 * (1 + ((i * 37) % 500) / 100)))
  const cohorts = cohortsOf([{ stratum: '', minute: 0, histogram: histogramOf(values) }], [])
  let sum = 0
  for (const x of values) for (const y of values) sum += Math.abs(x - y)
  const told = meanDifference(summed(cohorts.a.strata[0]!, cohorts), cohorts.least)
  expect(Math.abs(told / (sum / 500 ** 2) - 1)).toBeLessThan(0.01)
  expect(meanDifference(new Float64Array(3), 1)).toBeNaN()
})

it('jitter is larger where requests differ more, and scales with them', () => {
  const random = chance(77)
  const spread = (sigma: number): CohortRow[] =>
    Array.from({ length: 60 }, (_, minute) => {
      const value = () => Math.round(1e6 * Math.exp(sigma * random.normal()))
      return { stratum: '', minute, histogram: histogramOf(Array.from({ length: 100 }, value)) }
    })
  expect(compare(spread(0.2), spread(0.4)).adjusted!.jitter.lo).toBeGreaterThan(Math.log(1.5))
  expect(isDistinguishable(compare(spread(0.2), spread(0.2)).adjusted!.jitter)).toBe(false)
})

it('quantiles of what would be lie between least and most saved, wider by what models are off', () => {
  const before = Array.from({ length: 1000 }, (_, i) => 1000 + i)
  const lower = before.map((ns) => ns - 100)
  const upper = before.map((ns) => ns - 300)
  const [p50] = retimedQuantiles({ before, lower, upper }, [0.5])
  expect(p50).toEqual({
    q: 0.5,
    n: 1_000,
    beforeNs: 1499,
    beforeLoNs: 1468,
    beforeHiNs: 1530,
    estimateNs: null,
    loNs: 0.95 * 1168,
    hiNs: 1.05 * 1430,
  })
  expect(retimedQuantiles({ before: [], lower: [], upper: [] }, [0.5])).toEqual([])
})

it.each([
  [0.025, normalQuantile],
  [0.005, 2.575829],
  [0.025 / 41, 3.232],
])('%f of a normal distribution lies beyond %f deviations', (tail, deviations) => {
  expect(normalBeyond(tail)).toBeCloseTo(deviations, 2)
})
