import { representative } from '../statistics/histogram.ts'

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

/** Keys of the minutes of [from, to) that had requests, every `step`th looked at. */
export function keysIn(series: MinuteSeries, from: number, to: number, step = 1): number[] {
  const found: number[] = []
  for (let minute = from; minute < to; minute += step) {
    const key = keyAt(series, minute)
    if (key !== 0) found.push(key)
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
