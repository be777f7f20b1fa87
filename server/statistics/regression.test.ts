import { describe, expect, it } from 'vitest'
import { chance, type Chance } from '../../test/chance.ts'
import { changePoints, studentBeyond } from './change-point.ts'
import { bucketKey, histogramOf, representative, type Histogram } from './histogram.ts'
import { kitagawa, quantileMix } from './mix.ts'
import { chanceInPool, chanceInTail, standardised, standardisedAll } from './placebo.ts'
import { believed } from './proportions.ts'
import { hodgesLehmann, logShift, logShiftInterval } from './shift.ts'

/** Worked figures and REG-1 to REG-5 of algorithms.md sections 8 and 12. */

describe('the shift between two samples', () => {
  it('REG-1: of {13, 15, 14} above {10, 12, 11} is 3', () => {
    expect(hodgesLehmann([13, 15, 14], [10, 12, 11])).toBe(3)
    expect(hodgesLehmann([1, 2], [0, 0])).toBe(1.5)
    expect(hodgesLehmann([1, 2, 3, 4], [0])).toBe(2.5)
    expect(hodgesLehmann([], [1])).toBeNull()
    expect(hodgesLehmann([1], [])).toBeNull()
  })

  it('is the median of all differences, whatever their order', () => {
    const { next } = chance(3)
    for (let round = 0; round < 300; round++) {
      const draw = () => Array.from({ length: 1 + Math.floor(next() * 12) }, () => Math.floor(next() * 8))
      const [now, before] = [draw(), draw()]
      const all = now.flatMap((a) => before.map((b) => a - b)).sort((a, b) => a - b)
      const [lower, upper] = [all[(all.length - 1) >> 1]!, all[all.length >> 1]!]
      expect(hodgesLehmann(now, before)).toBe((lower + upper) / 2)
    }
  })

  it('of histograms is that of the logarithms of their buckets', () => {
    const { next } = chance(4)
    const value = () => Math.floor(2 ** (3 + next() * 4))
    for (let round = 0; round < 200; round++) {
      const draw = () => Array.from({ length: 1 + Math.floor(next() * 12) }, value)
      const [now, before] = [draw(), draw()]
      const logs = (values: number[]) => values.map((one) => Math.log(representative(bucketKey(one))))
      expect(logShift(histogramOf(now), histogramOf(before))).toBeCloseTo(hodgesLehmann(logs(now), logs(before))!, 9)
    }
    expect(logShift(histogramOf([0, -5]), histogramOf([3]))).toBeNull()
    expect(Math.exp(logShift(histogramOf([0, 2000, 2000]), histogramOf([-7, 1000]))!)).toBeCloseTo(2, 1)
    // What a retraction leaves behind means nothing.
    expect(logShift({ keys: [3, 9, 99], counts: [0, 2, 0] }, { keys: [-1, 9, 12], counts: [5, 1, 0] })).toBe(0)
  })

  it('has an interval that holds the truth in about 19 of 20 runs where minutes are independent', () => {
    const random = chance(5)
    const minutes = (count: number, ratio: number): Histogram[] =>
      Array.from({ length: count }, () =>
        histogramOf(Array.from({ length: 40 }, () => Math.round(1e6 * ratio * Math.exp(0.6 * random.normal())))),
      )
    let held = 0
    for (let run = 0; run < 60; run++) {
      const { lo, hi } = logShiftInterval(minutes(15, 1.2), minutes(60, 1), random.next, { resamples: 100 })!
      held += Number(lo <= Math.log(1.2) && Math.log(1.2) <= hi)
    }
    expect(held).toBeGreaterThanOrEqual(50)
    expect(logShiftInterval([], minutes(3, 1), random.next)).toBeNull()
  })
})

/** Logarithms of minute medians of a series that wavers by itself: AR(1), phi 0.7. */
function series(random: Chance, minutes: number, noise: number): number[] {
  let state = noise * random.normal()
  return Array.from({ length: minutes }, () => {
    state = 0.7 * state + noise * Math.sqrt(1 - 0.49) * random.normal()
    return state + 0.06 * random.normal()
  })
}
/** The last 15 minutes of `at` against the 60 before. */
const shiftAt = (values: readonly number[], at: number) =>
  hodgesLehmann(values.slice(at - 15, at), values.slice(at - 75, at - 15))!

describe('placebos', () => {
  it('REG-2: at 5 % at most 8 % of 200 quiet series alarm, though minutes depend on each other', () => {
    for (const noise of [0.07, 0.15]) {
      const random = chance(17)
      let alarms = 0
      for (let run = 0; run < 200; run++) {
        const values = series(random, 75 + 100 * 15, noise)
        const placebos = Array.from({ length: 99 }, (_, i) => shiftAt(values, 75 + 15 * i))
        const pool = Float64Array.from(placebos).sort()
        alarms += Number(chanceInPool(shiftAt(values, values.length), pool) <= 0.05)
      }
      expect(alarms / 200).toBeLessThanOrEqual(0.08)
    }
  })

  it('REG-3: pooled over a family, 12 of 400 series 25 % slower: at most 15 % of what is found is false, at least 80 % is found', () => {
    const random = chance(23)
    let [found, wrong, guilty] = [0, 0, 0]
    for (let run = 0; run < 3; run++) {
      const pool: number[] = []
      const now: { z: number; isSlow: boolean }[] = []
      for (let one = 0; one < 400; one++) {
        const values = series(random, 75 + 40 * 15, 0.07)
        const isSlow = one < 12
        if (isSlow) for (let i = values.length - 15; i < values.length; i++) values[i]! += Math.log(1.25)
        const placebos = Array.from({ length: 39 }, (_, i) => shiftAt(values, 75 + 15 * i))
        pool.push(...standardisedAll(placebos))
        now.push({ z: standardised(shiftAt(values, values.length), placebos)!, isSlow })
      }
      const ascending = Float64Array.from(pool).sort()
      const listed = believed(
        now.map(({ z }) => chanceInPool(z, ascending)),
        0.1,
      )
      guilty += 12
      listed.forEach((is, i) => {
        if (is) found++
        if (is && !now[i]!.isSlow) wrong++
      })
    }
    expect(wrong / found).toBeLessThanOrEqual(0.15)
    expect((found - wrong) / guilty).toBeGreaterThanOrEqual(0.8)
  })

  it('say how seldom a shift is: none of 190 as large is 1/191, and never 0', () => {
    const pool = Float64Array.from({ length: 190 }, (_, i) => i / 190)
    expect(chanceInPool(5, pool)).toBe(1 / 191)
    expect(chanceInPool(0, pool)).toBe(1)
    expect(chanceInPool(pool[189]!, pool)).toBe(2 / 191)
    expect(chanceInPool(1, new Float64Array())).toBe(1)
  })

  it('say nothing of a series that has none, or that never wavers', () => {
    expect([standardised(1, []), standardised(1, [0]), standardised(1, [2, 2, 2])]).toEqual([null, null, null])
    expect(standardisedAll([2, 2])).toEqual([])
    expect(standardised(5, [1, 2, 3])).toBeCloseTo(3 / 1.4826, 12)
    expect(standardisedAll([1, 2, 3]).map((z) => Math.round(z * 1.4826))).toEqual([-3, 0, 3])
  })

  it('of a series, each against the others, are what leaving one out after the other gives', () => {
    const { next } = chance(31)
    for (let round = 0; round < 200; round++) {
      const values = Array.from({ length: 3 + Math.floor(next() * 12) }, () => Math.floor(next() * 9))
      const one = (i: number, least: number) =>
        standardised(values[i]!, [...values.slice(0, i), ...values.slice(i + 1)], least) ?? []
      for (const least of [0, 0.5])
        expect(standardisedAll(values, least)).toEqual(values.flatMap((_, i) => one(i, least)))
    }
  })

  it('have a tail that goes on beyond them', () => {
    const random = chance(37)
    const pool = Float64Array.from({ length: 20_000 }, () => -Math.log(1 - random.next())).sort()
    expect(chanceInTail(1, pool)).toBe(chanceInPool(1, pool))
    for (const z of [7, 12, 20]) expect(Math.log(chanceInTail(z, pool)) / -z).toBeCloseTo(1, 0)
    expect(chanceInTail(20, pool)).toBeLessThan(1e-7)
    expect(chanceInTail(3, Float64Array.from([1, 2]))).toBe(1 / 3)
  })

  it('that never waver do so by the step that they are measured in', () => {
    expect(standardised(1, [0, 0, 0], 0.5)).toBe(2)
    expect(standardisedAll([0, 0, 0], 0.5)).toEqual([0, 0, 0])
  })

  it('believes the first four of the worked chances', () => {
    expect(believed([0.0002, 0.004, 0.012, 0.03, 0.2], 0.1)).toEqual([true, true, true, true, false])
  })
})

describe('since when', () => {
  it('finds where a series changed, and nothing in one that did not', () => {
    const random = chance(29)
    for (let run = 0; run < 20; run++) {
      const quiet = Array.from({ length: 288 }, () => 0.05 * random.normal())
      expect(changePoints(quiet).length).toBeLessThanOrEqual(1)
      const at = 40 + Math.floor(random.next() * 200)
      const points = changePoints(quiet.map((value, i) => value + (i >= at ? 0.15 : 0)))
      const nearest = Math.min(...points.map((point) => Math.abs(point.at - at)))
      expect(nearest).toBeLessThanOrEqual(2)
    }
  })

  it('finds several, in order, and what was before and after', () => {
    const values = [...Array<number>(20).fill(1), ...Array<number>(20).fill(3), ...Array<number>(20).fill(2)]
    expect(changePoints(values)).toMatchObject([
      { at: 20, before: 1, after: 3 },
      { at: 40, before: 3, after: 2, chance: 0 },
    ])
  })

  it('needs three values on each side', () => {
    expect(changePoints([1, 1, 9, 9, 9])).toEqual([])
    expect(changePoints([])).toEqual([])
    expect(changePoints([1, 1, 1, 9, 9, 9])).toMatchObject([{ at: 3, before: 1, after: 9 }])
  })

  it('goes by Student’s t', () => {
    // Tables: two-sided 5 % at 10 degrees of freedom is 2.228, 1 % at 30 is 2.750.
    expect(studentBeyond(2.228, 10)).toBeCloseTo(0.05, 4)
    expect(studentBeyond(-2.75, 30)).toBeCloseTo(0.01, 4)
    expect(studentBeyond(0, 5)).toBe(1)
    expect(studentBeyond(1, 1)).toBeCloseTo(0.5, 9)
  })
})

describe('mix and change', () => {
  it('REG-4: the mean went from 1.80 to 2.85 by +1.185 of mix and -0.135 within', () => {
    const { mix, within } = kitagawa([
      { before: { share: 0.8, mean: 1 }, after: { share: 0.5, mean: 0.9 } },
      { before: { share: 0.2, mean: 5 }, after: { share: 0.5, mean: 4.8 } },
    ])
    expect([mix, within, mix + within].map((value) => Number(value.toFixed(12)))).toEqual([1.185, -0.135, 1.05])
  })

  it('REG-5: the median went from 1 to 5 by mix alone', () => {
    const of = (entries: Record<number, number>, times: number): Histogram => {
      const parts = Object.entries(entries).map(([ms, n]) => [bucketKey(Number(ms) * 1e6), n * times] as const)
      return { keys: parts.map(([key]) => key), counts: parts.map(([, n]) => n) }
    }
    const [first, second] = [
      { 1: 90, 5: 10 },
      { 5: 80, 9: 20 },
    ]
    const change = quantileMix(
      [
        { before: of(first, 8), after: of(first, 5) },
        { before: of(second, 2), after: of(second, 5) },
      ],
      0.5,
    )!
    const ms = (value: number) => representative(bucketKey(value * 1e6))
    expect(change).toEqual({ mix: ms(5) - ms(1), within: 0 })
    expect(change.mix / 1e6).toBeCloseTo(4, 1)
  })

  it('counts a stratum that is new as mix, and one that is gone, too', () => {
    const [fast, slow, none] = [histogramOf([10, 10, 10]), histogramOf([90, 90, 90]), histogramOf([])]
    const [low, high] = [representative(bucketKey(10)), representative(bucketKey(90))]
    const strata = [
      { before: fast, after: none },
      { before: none, after: slow },
    ]
    expect(quantileMix(strata, 0.5)).toEqual({ mix: high - low, within: 0 })
    expect(quantileMix([{ before: fast, after: none }], 0.5)).toBeNull()
    expect(quantileMix([{ before: fast, after: slow }], 0.5)).toEqual({ mix: 0, within: high - low })
  })
})
