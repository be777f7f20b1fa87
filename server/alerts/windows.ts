/** How much longer a series takes than before, over windows of several lengths, and how it wavers by itself (algorithms.md section 8.2). */
import { standardisedAll, waveringOf, type Wavering } from '../statistics/placebo.ts'
import { baselineAt, day, hour, scales, week, type Reference, type Scale } from './baseline.ts'
import { keyAt, keysIn, middleKey, nsOf, requestsIn, shiftOfKeys, type MinuteSeries } from './minutes.ts'

/** Half a bucket: histograms tell no smaller shift of a logarithm. */
const leastDeviation = Math.LN2 / 64
/** Below this median plain differences are compared, ns. */
const plainBelowNs = 10_000

interface Past {
  /** Shifts of past windows, by the window's number modulo their count; NaN: none. */
  readonly placebos: Float64Array
  /** Number of the last window that is in `placebos`. */
  lastWindow: number
  /** Of the last window that was there when they were standardised: once an hour. */
  standardised: number
  compared: string
  /** How it wavers; null where there are too few. */
  wavering: Wavering | null
  /** They standardised against each other. */
  pool: readonly number[]
  /** What was last found, against which reference. */
  found: { readonly at: number; readonly against: string; readonly shift: Shift | null }
}

/** What is kept of a series between evaluations. */
export interface Watched {
  readonly minutes: MinuteSeries
  /** By scale. */
  readonly pasts: readonly Past[]
  /** Minutes in which something was wrong, oldest first: no placebos. */
  readonly incidents: { from: number; to: number }[]
}

export const watch = (minutes: MinuteSeries): Watched => ({
  minutes,
  pasts: scales.map(({ placebos }) => ({
    ...{ placebos: new Float64Array(placebos).fill(NaN), lastWindow: -1, standardised: -1, compared: '' },
    ...{ wavering: null, pool: [], found: { at: -Infinity, against: '', shift: null } },
  })),
  incidents: [],
})

export interface Shift {
  readonly scale: Scale
  /** Of logarithms, or ns where the baseline is below 10 µs. */
  readonly shift: number
  readonly isPlain: boolean
  /** By which part it is longer: 0.25 is a quarter. */
  readonly ratio: number
  /** The same of the end of the window; 0 where it had nothing. */
  readonly lastRatio: number
  readonly beforeNs: number
  readonly nowNs: number
  /** Requests of the last 15 minutes. */
  readonly n: number
  /** The end of the window is above half the shift. */
  readonly lasts: boolean
  /** How far it lies above what it was a week ago, or where that is not known above the slowest day: what comes every week is no shift. Infinity without days. */
  aboveDays(): number
  /** So many minutes up to now were above half the shift, but for one in ten. */
  readonly steady: number
  /** Of its own placebos; 0 where they say nothing. */
  readonly deviation: number
  /** Standard deviations of its own placebos; null where they say nothing. */
  readonly z: number | null
  /** Keys. */
  readonly baseline: readonly number[]
}

/** All scales, the shortest first; null where there is too little. */
export function shiftsAt(series: Watched, end: number, reference: Reference = {}): (Shift | null)[] {
  const against = `${reference.floor} ${reference.pin} ${reference.release}`
  return scales.map(({ every }, at) => {
    const past = series.pasts[at]!
    const isFresh = every > 5 ? Math.floor(past.found.at / every) === Math.floor(end / every) : past.found.at === end
    if (!isFresh || past.found.against !== against)
      past.found = { at: end, against, shift: shiftAt(series, end, reference, at) }
    return past.found.shift
  })
}

/** The last minutes before `end` against the baseline; null where either has too little. @param at the scale. */
export function shiftAt(series: Watched, end: number, reference: Reference = {}, at = 0): Shift | null {
  const { minutes } = series
  const scale = scales[at]!
  const current = keysIn(minutes, end - scale.minutes, end, scale.step)
  if (current.length < scale.least) return null
  const before = baselineAt(minutes, end, scale, reference)
  if (before === null) return null
  const { keys, scheme, days } = before
  const middle = middleKey(keys)
  const beforeNs = nsOf(middle)
  const isPlain = beforeNs < plainBelowNs
  const shift = shiftOfKeys(current, keys, isPlain)
  const past = series.pasts[at]!
  refreshPlacebos(series, end, { scale, past, scheme, isPlain }, reference.floor)
  const nsAfter = (by: number) => (isPlain ? beforeNs + by : beforeNs * Math.exp(by))
  const ratioOf = (by: number) => (beforeNs > 0 ? nsAfter(by) / beforeNs - 1 : 0)
  const lastShift = lastShiftAt(series, end, reference, { scale, keys, isPlain })
  return {
    ...{ scale, shift, isPlain, beforeNs, nowNs: nsAfter(shift), baseline: keys, ratio: ratioOf(shift) },
    lastRatio: lastShift === null ? 0 : ratioOf(lastShift),
    n: requestsIn(minutes, end - 15, end),
    lasts: lastShift !== null && lastShift >= shift / 2,
    aboveDays: () => aboveDays(series, end, { scale, keys, days: days ?? [], current, isPlain }),
    steady: at === 0 ? steadyFor(minutes, end, { middle, shift, isPlain }) : 0,
    deviation: past.wavering?.deviation ?? 0,
    z: past.wavering && (shift - past.wavering.middle) / past.wavering.deviation,
  }
}

/** Of the end of a window. That of a day is held against the same time of other days, as an hour is. */
function lastShiftAt(
  series: Watched,
  end: number,
  reference: Reference,
  { scale, keys, isPlain }: { scale: Scale; keys: readonly number[]; isPlain: boolean },
): number | null {
  if (scale.minutes === day) return shiftAt(series, end, reference, 1)?.shift ?? null
  const last = keysIn(series.minutes, end - scale.last, end, scale.step)
  return last.length > 0 ? shiftOfKeys(last, keys, isPlain) : null
}

/** @param days where the keys of each day begin. */
function aboveDays(
  { incidents }: Watched,
  end: number,
  of: {
    scale: Scale
    keys: readonly number[]
    days: readonly { back: number; from: number; to: number }[]
    current: readonly number[]
    isPlain: boolean
  },
): number {
  const { scale, keys, days, current, isPlain } = of
  const isQuiet = ({ back }: { back: number }) =>
    !incidents.some(({ from, to }) => end - back * day > from && end - scale.minutes - back * day < to)
  const quiet = days.filter(isQuiet)
  const before = quiet.find(({ back }) => back === week)
  const above = ({ from, to }: { from: number; to: number }) => shiftOfKeys(current, keys.slice(from, to), isPlain)
  return before ? above(before) : Math.min(Infinity, ...quiet.map(above))
}

/** Looked at for an hour at most. */
function steadyFor(
  minutes: MinuteSeries,
  end: number,
  { middle, shift, isPlain }: { middle: number; shift: number; isPlain: boolean },
): number {
  const least = nsOf(middle)
  const limit = isPlain ? least + shift / 2 : least * Math.exp(shift / 2)
  let misses = 0
  let steady = 0
  for (let back = 1; back <= hour; back++) {
    const key = keyAt(minutes, end - back)
    if (key === 0 || nsOf(key) < limit) {
      if (10 * ++misses > Math.max(10, back)) break
    } else steady = back
  }
  return steady
}

/** The same comparison at every past window, each computed once. */
function refreshPlacebos(
  series: Watched,
  end: number,
  { scale, past, scheme, isPlain }: { scale: Scale; past: Past; scheme: 'hour' | 'day'; isPlain: boolean },
  floor?: number,
): void {
  const { minutes } = series
  const { minutes: length, placebos: count } = scale
  const compared = `${scheme} ${isPlain} ${floor ?? ''}`
  if (compared !== past.compared) {
    past.placebos.fill(NaN)
    Object.assign(past, { compared, lastWindow: -1, pool: [] })
  }
  const last = Math.floor(end / length) - 1
  const first = Math.max(past.lastWindow + 1, last - count + 1)
  if (first > last) return
  for (let window = first; window <= last; window++) {
    const to = window * length
    past.placebos[window % count] = NaN
    const isBad = series.incidents.some((incident) => to > incident.from && to - length < incident.to)
    const current = isBad ? [] : keysIn(minutes, to - length, to, scale.step)
    if (current.length < scale.least) continue
    const before = baselineAt(minutes, to, scale, floor === undefined ? {} : { floor })
    if (before?.scheme !== scheme) continue
    past.placebos[window % count] = shiftOfKeys(current, before.keys, isPlain)
  }
  past.lastWindow = last
  if (past.pool.length > 0 && (last - past.standardised) * length < hour) return
  past.standardised = last
  const known = Array.from(past.placebos).filter((one) => !Number.isNaN(one))
  const least = isPlain ? 0 : leastDeviation
  const isEnough = known.length >= scale.leastPlacebos
  past.wavering = isEnough ? waveringOf(known, least) : null
  past.pool = isEnough ? standardisedAll(known, least) : []
}
