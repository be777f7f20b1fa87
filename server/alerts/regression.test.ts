import { describe, expect, it } from 'vitest'
import { chance } from '../../test/chance.ts'
import { bucketKey } from '../statistics/histogram.ts'
import { advance, keptMinutes, keyAt, keysIn, newMinutes, putMinute, requestsIn } from './minutes.ts'
import { effectSince } from './effect.ts'
import { judge, pagingGate } from './regression.ts'
import { sinceWhen } from './since.ts'
import { scales, type Reference } from './baseline.ts'
import { shiftAt, shiftsAt, watch, type Watched } from './windows.ts'

const end = 30_000_000
const bar = { relMin: 0.1, absMinNs: 200_000, q: 0.1, minCount: 300 }

/** A series of so many minutes up to `end`, ns by minute. */
function seriesOf(
  minutes: number,
  nsAt: (minute: number) => number,
  { seed = 1, n = 100, wander = 0.03 } = {},
): Watched {
  const random = chance(seed)
  const series = newMinutes()
  for (let minute = end - minutes; minute < end; minute++)
    putMinute(series, minute, bucketKey(Math.round(nsAt(minute) * Math.exp(wander * random.normal()))), n)
  return watch(series)
}

const judged = (all: readonly Watched[], reference: Reference = {}, at = end) =>
  judge(
    all.map((series) => ({ series, shifts: shiftsAt(series, at, reference), isActive: false })),
    bar,
  )
const quiet = (count: number, minutes = 1500) =>
  Array.from({ length: count }, (_, i) => seriesOf(minutes, () => 2e6, { seed: 100 + i }))

describe('minutes of a series', () => {
  it('are kept for nine days, in a ring', () => {
    const series = newMinutes()
    putMinute(series, end - 5, 700, 10)
    putMinute(series, end - 1, 800, 20)
    expect([keyAt(series, end - 5), keyAt(series, end - 3), keyAt(series, end - 1), keyAt(series, end)]).toEqual([
      700, 0, 800, 0,
    ])
    expect([requestsIn(series, end - 10, end), keysIn(series, end - 10, end)]).toEqual([30, [700, 800]])
    // Late spans change a minute that is there.
    putMinute(series, end - 5, 710, 12)
    expect(keyAt(series, end - 5)).toBe(710)
    advance(series, end - 5 + keptMinutes)
    expect(keyAt(series, end - 5)).toBe(710)
    advance(series, end - 4 + keptMinutes)
    expect([keyAt(series, end - 5), keyAt(series, end - 5 + keptMinutes)]).toEqual([0, 0])
  })
})

describe('a shift', () => {
  it('is found among quiet series, with how much, since when, and between what', () => {
    const slow = seriesOf(1500, (minute) => (minute >= end - 20 ? 2.8e6 : 2e6))
    const [found, ...others] = judged([slow, ...quiet(20)])
    expect(found).toMatchObject({ finding: 'met', pages: true })
    expect(others.filter(({ finding }) => finding === 'met')).toEqual([])
    const shift = shiftAt(slow, end)!
    expect(shift.ratio).toBeCloseTo(0.4, 1)
    expect([shift.n, shift.lasts, shift.isPlain]).toEqual([1500, true, false])
    expect(Math.abs(sinceWhen(slow.minutes, end)! - (end - 20))).toBeLessThanOrEqual(1)
    const interval = effectSince(slow, { end, started: end - 20, before: shift.baseline, among: 1 }, chance(5).next)!
    expect(interval.ratio).toBeCloseTo(0.4 + 1, 1)
    expect(interval.lo).toBeLessThan(1.4)
    expect(interval.hi).toBeGreaterThan(1.4)
    expect(interval.hi - interval.lo).toBeLessThan(0.15)
    // The largest of many: wider.
    const largest = effectSince(slow, { end, started: end - 20, before: shift.baseline, among: 40 }, chance(5).next)!
    expect(largest.hi - largest.lo).toBeGreaterThan(1.5 * (interval.hi - interval.lo))
  })

  it('that is too small, too short, of too few, or of a series without a past is none', () => {
    const background = quiet(20)
    const finding = (series: Watched) => judged([series, ...background])[0]!.finding
    expect(finding(seriesOf(1500, (minute) => (minute >= end - 20 ? 2.08e6 : 2e6)))).toBe('gone')
    expect(finding(seriesOf(1500, (minute) => (minute >= end - 20 ? 2.18e6 : 2e6), { wander: 0 }))).toBe('less')
    // 40 % of 0.2 ms are not 0.2 ms.
    expect(finding(seriesOf(1500, (minute) => (minute >= end - 20 ? 2.8e5 : 2e5)))).toBe('less')
    expect(finding(seriesOf(1500, (minute) => (minute >= end - 15 && minute < end - 5 ? 2.8e6 : 2e6)))).toBe('less')
    expect(finding(seriesOf(1500, () => 2.8e6, { n: 10 }))).toBe('unknown')
    expect(finding(seriesOf(30, () => 2e6))).toBe('unknown')
    expect(finding(seriesOf(200, (minute) => (minute >= end - 20 ? 2.8e6 : 2e6)))).toBe('less')
  })

  it('stays one as long as its effect does: the baseline is that from before it', () => {
    const series = seriesOf(1500, (minute) => (minute >= end - 300 ? 2.8e6 : 2e6))
    expect(shiftAt(series, end)!.ratio).toBeCloseTo(0, 1)
    const pinned = shiftAt(series, end, { pin: end - 300 })!
    expect(pinned.ratio).toBeCloseTo(0.4, 1)
    expect(judge([{ series, shifts: [pinned], isActive: true }], bar)[0]!.finding).toBe('met')
    // Baselines that an alert began with outlive the minutes they are of.
    const kept = [bucketKey(2e6), bucketKey(2e6)]
    expect(shiftAt(series, end, { pin: end - 300, kept })!.ratio).toBeCloseTo(0.4, 1)
  })

  it('is held against the hour before a release, and never against what was before somebody said that it is as it should be', () => {
    const series = seriesOf(1500, (minute) => (minute >= end - 90 ? 2.8e6 : 2e6))
    expect(shiftAt(series, end, { release: end - 90 })!.ratio).toBeCloseTo(0.4, 1)
    expect(shiftAt(series, end, { release: end - 90, floor: end - 90 })!.ratio).toBeCloseTo(0, 1)
  })

  it('is held against the same time of day where there are days: what rises every morning is no regression', () => {
    const rhythm = (minute: number) => 2e6 * (1 + 0.3 * Math.max(0, Math.sin((2 * Math.PI * minute) / 1440)))
    // At the steepest: it has grown by a tenth within the hour.
    const at = Math.floor(end / 1440) * 1440 + 60
    const series = newMinutes()
    for (let minute = at - 6 * 1440; minute < at; minute++)
      putMinute(series, minute, bucketKey(Math.round(rhythm(minute))), 100)
    expect(Math.abs(shiftAt(watch(series), at)!.ratio)).toBeLessThan(0.06)
  })

  it('of a few microseconds is told in them, not in logarithms', () => {
    const series = seriesOf(1500, (minute) => (minute >= end - 20 ? 3e5 : 5_000), { wander: 0.01 })
    const shift = shiftAt(series, end)!
    expect(shift.isPlain).toBe(true)
    expect(shift.shift).toBeGreaterThan(2.8e5)
    expect(shift.nowNs).toBeCloseTo(3e5, -4)
  })

  it('pages only beyond the gate', () => {
    const ratio = 1 + bar.relMin * (pagingGate.effect - 0.2)
    const [found] = judged([
      seriesOf(1500, (minute) => (minute >= end - 20 ? ratio * 2e6 : 2e6), { wander: 0.005 }),
      ...quiet(20),
    ])
    expect(found).toMatchObject({ finding: 'met', pages: false })
  })

  it('leaves no placebos where something was wrong', () => {
    const series = seriesOf(1500, (minute) => (minute >= end - 600 && minute < end - 500 ? 4e6 : 2e6))
    series.incidents.push({ from: end - 600, to: end - 500 })
    shiftAt(series, end)
    const wild = [...series.pasts[0]!.placebos].filter((one) => Math.abs(one) > 0.3)
    // What comes after it is held against it.
    expect(wild.every((one) => one < 0)).toBe(true)
  })
})

describe('a slow drift', () => {
  const days = 9 * 1440
  const rhythm = (minute: number) => 2e6 * (1 + 0.15 * Math.sin((2 * Math.PI * minute) / 1440))
  const drifting = (over: number, by: number, seed: number, wander = 0.06) =>
    seriesOf(days, (minute) => rhythm(minute) * (1 + by * Math.max(0, Math.min(1, (minute - end + over) / over))), {
      ...{ seed, wander },
    })
  const calm = Array.from({ length: 40 }, (_, i) => drifting(1, 0, 300 + i))

  it('over a day is found by a window of hours, when a quarter of an hour says nothing yet', () => {
    const found = judged([drifting(1440, 0.16, 7), ...calm])
    expect(found[0]!.finding).toBe('met')
    expect(found[0]!.shift!.scale.minutes).toBeLessThanOrEqual(120)
    expect(found.slice(1).filter(({ finding }) => finding === 'met')).toEqual([])
  })

  it('that has lasted for days is found by the window of a day, held against the days before it', () => {
    const series = seriesOf(days, (minute) => rhythm(minute) * (minute >= end - 1500 ? 1.14 : 1), { wander: 0.15 })
    const shift = shiftAt(series, end, {}, 3)!
    expect(shift.scale.minutes).toBe(1440)
    expect(shift.ratio).toBeCloseTo(0.14, 1)
    // What it wavers by from day to day is less than can be told.
    expect(shift.z).toBeGreaterThan(5)
  })

  it('needs days: a series of a day has no window that is longer than a quarter of an hour', () => {
    expect(
      shiftsAt(
        seriesOf(1500, () => 2e6),
        end,
      ).map((shift) => shift !== null),
    ).toEqual([true, false, false, false])
  })

  it('ends when its end is as it was: nobody waits for a day to pass', () => {
    const past = drifting(1, 0, 5, 0.02)
    for (let minute = end - 900; minute < end - 60; minute++)
      putMinute(past.minutes, minute, bucketKey(Math.round(1.4 * rhythm(minute))), 100)
    const shifts = shiftsAt(past, end, { pin: end - 900 })
    expect(shifts[3]!.ratio).toBeGreaterThan(0.1)
    expect(judge([{ series: past, shifts, isActive: true }], bar)[0]!.finding).toBe('gone')
    expect(scales.map(({ last }) => last)).toEqual([5, 15, 30, 60])
  })
})

describe('a family', () => {
  it('is believed with all its windows together: each more costs the others some', () => {
    const slow = seriesOf(1500, (minute) => (minute >= end - 20 ? 2.8e6 : 2e6))
    const [found] = judged([slow, ...quiet(20)])
    expect(found!.beyond).toHaveLength(1)
    expect(found!.beyond[0]!.ratio).toBeCloseTo(0.4, 1)
    expect(found!.steady).toBeGreaterThanOrEqual(20)
  })
})

describe('what comes every week', () => {
  // 30,000,000 minutes since 1970 are a day of which all before are kept: that of a week ago was as slow.
  const onlyEverySeventhDay = (more: number) => (minute: number) => {
    const back = Math.floor((end - 1 - minute) / 1440)
    return 2e6 * (back % 7 === 0 ? 1.2 : 1) * (minute >= end - 130 ? more : 1)
  }
  const calm = Array.from({ length: 20 }, (_, i) => seriesOf(9 * 1440, () => 2e6, { seed: 500 + i }))

  it('is no regression, in no window', () => {
    const series = seriesOf(9 * 1440, onlyEverySeventhDay(1))
    expect(shiftsAt(series, end).map((shift) => shift!.ratio > 0.15)).toEqual([true, true, true, true])
    expect(judged([series, ...calm])[0]).toMatchObject({ finding: 'less', pages: false })
  })

  it('does not hide what is slower than it was then', () => {
    expect(judged([seriesOf(9 * 1440, onlyEverySeventhDay(1.3)), ...calm])[0]).toMatchObject({
      ...{ finding: 'met', pages: true },
    })
  })

  it('is told from an incident: a day on which it had an alert is no day to be held against', () => {
    const yesterday = (minute: number) => (minute >= end - 1440 - 120 && minute < end - 1440 + 60 ? 1.5 : 1)
    const series = seriesOf(9 * 1440, (minute) => 2e6 * yesterday(minute) * (minute >= end - 30 ? 1.4 : 1))
    expect(judged([series, ...calm])[0]!.finding).toBe('less')
    series.incidents.push({ from: end - 1440 - 120, to: end - 1440 + 60 })
    expect(judged([series, ...calm], { floor: 0 })[0]!.finding).toBe('met')
  })
})
