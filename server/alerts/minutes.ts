import { bucketKey, representative } from '../statistics/histogram.ts'
import { hodgesLehmann } from '../statistics/shift.ts'

/**
 * One quantile of one series by minute, for nine days: two bytes a minute, so that thousands of series fit. Minutes are whole ones
 * since 1970.
 */
export interface MinuteSeries {
  /** Bucket key of the quantile; 0: nothing came. By minute modulo its length. */
  readonly keys: Int16Array
  /** Requests, of the last hours only. */
  readonly counts: Uint32Array
  /** After the last minute that was put. */
  end: number
  /** The first minute that was put. */
  start: number
}

/** Seven days for the same time of day, two for placebos of them, and what their windows overlap. */
export const keptMinutes = 9 * 1440 + 240
const countedMinutes = 256

export const newMinutes = (): MinuteSeries => ({
  keys: new Int16Array(keptMinutes),
  counts: new Uint32Array(countedMinutes),
  end: 0,
  start: Infinity,
})

/** Of a minute at most nine days before the last one. What lies between the last one and it had nothing. */
export function putMinute(series: MinuteSeries, minute: number, key: number, n: number): void {
  if (series.end > 0 && minute < series.end - keptMinutes) return
  advance(series, minute + 1)
  series.keys[minute % keptMinutes] = n === 0 ? 0 : Math.max(1, Math.min(32_767, key))
  if (minute >= series.end - countedMinutes) series.counts[minute % countedMinutes] = n
  if (n > 0) series.start = Math.min(series.start, minute)
}

/** Nothing came from the last minute that was put up to `end`. */
export function advance(series: MinuteSeries, end: number): void {
  if (end <= series.end) return
  for (let minute = Math.max(series.end, end - keptMinutes); minute < end; minute++) {
    series.keys[minute % keptMinutes] = 0
    series.counts[minute % countedMinutes] = 0
  }
  series.end = end
}

/** 0 for a minute without requests, before what is kept, or after the last one. */
export function keyAt({ keys, end }: MinuteSeries, minute: number): number {
  return minute >= end || minute < end - keptMinutes || minute < 0 ? 0 : keys[minute % keptMinutes]!
}

/** Requests in [from, to), which lies within the last four hours. */
export function requestsIn({ counts, end }: MinuteSeries, from: number, to: number): number {
  let sum = 0
  for (let minute = Math.max(from, end - countedMinutes); minute < Math.min(to, end); minute++)
    sum += counts[minute % countedMinutes]!
  return sum
}

/** Keys of the minutes of [from, to) that had requests, every `step`th looked at. @param found what they are put behind. */
export function keysIn(
  { keys, end }: MinuteSeries,
  from: number,
  to: number,
  step = 1,
  found: number[] = [],
): number[] {
  const oldest = Math.max(0, end - keptMinutes)
  const first = from >= oldest ? from : from + step * Math.ceil((oldest - from) / step)
  const last = Math.min(to, end)
  for (let minute = first, at = first % keptMinutes; minute < last; minute += step) {
    const key = keys[at]!
    if (key !== 0) found.push(key)
    at += step
    if (at >= keptMinutes) at -= keptMinutes
  }
  return found
}

const ns = Float64Array.from({ length: 2048 }, (_, key) => representative(key))
/** The value of a key, ns. */
export const nsOf = (key: number): number => (key < ns.length ? ns[key]! : representative(key))

/** Shorter is not told apart (algorithms.md section 8.2). */
const leastNs = 1_000
const logs = Float64Array.from(ns, (value) => Math.log(Math.max(value, leastNs)))
export const logOf = (key: number): number => (key < logs.length ? logs[key]! : Math.log(representative(key)))

/** 32 buckets an octave: logarithms of keys lie so far apart. */
const logStep = Math.LN2 / 32
const leastKey = bucketKey(leastNs)
/** Keys of all that takes less than 18 minutes lie below. */
const keyCount = 2048
const counted = { now: new Int32Array(keyCount), before: new Int32Array(keyCount) }
const differences = new Int32Array(2 * keyCount)

/**
 * The Hodges-Lehmann shift of what keys stand for: of logarithms, or of ns where `isPlain`. Both at least one. Of logarithms keys are counted and
 * their differences too, O(n + b1 b2) over the distinct ones.
 */
export function shiftOfKeys(now: readonly number[], before: readonly number[], isPlain: boolean): number {
  if (isPlain) return hodgesLehmann(now.map(nsOf), before.map(nsOf))!
  const [a, b] = [countKeys(now, counted.now), countKeys(before, counted.before)]
  const [lo, hi] = [a.lo - b.hi, a.hi - b.lo]
  for (let i = a.lo; i <= a.hi; i++) {
    const n = counted.now[i]!
    if (n === 0) continue
    for (let j = b.lo; j <= b.hi; j++) differences[i - j + keyCount]! += n * counted.before[j]!
  }
  counted.now.fill(0, a.lo, a.hi + 1)
  counted.before.fill(0, b.lo, b.hi + 1)
  const pairs = now.length * before.length
  let at = lo
  let below = differences[at + keyCount]!
  while (2 * below < pairs) below += differences[++at + keyCount]!
  let above = at
  // With half of all pairs on either side, the median lies between two values.
  if (2 * below === pairs)
    do above++
    while (differences[above + keyCount] === 0)
  differences.fill(0, lo + keyCount, hi + keyCount + 1)
  return ((at + above) / 2) * logStep
}

/** The middle one, of an even number the mean of both, rounded. At least one. */
export function middleKey(keys: readonly number[]): number {
  const { lo, hi } = countKeys(keys, counted.now, 1)
  let at = lo
  let below = counted.now[at]!
  while (2 * below < keys.length) below += counted.now[++at]!
  let above = at
  if (2 * below === keys.length)
    do above++
    while (counted.now[above] === 0)
  counted.now.fill(0, lo, hi + 1)
  return Math.round((at + above) / 2)
}

function countKeys(keys: readonly number[], into: Int32Array, least = leastKey): { lo: number; hi: number } {
  let [lo, hi] = [keyCount, 0]
  for (const key of keys) {
    const at = Math.min(keyCount - 1, Math.max(least, key))
    into[at]!++
    if (at < lo) lo = at
    if (at > hi) hi = at
  }
  return { lo, hi }
}
