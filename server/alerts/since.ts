import { changePoints, studentBeyond } from '../statistics/change-point.ts'
import { median } from '../statistics/shift.ts'
import { keyAt, keysIn, logOf, type MinuteSeries } from './minutes.ts'

const block = 5
const day = 1440
/** What is found began in the last hours, or is no step. */
const recent = 180
const leastSide = 3
const leastDays = 3
/** As of change points: the split is chosen to be the best one. */
const accepted = 0.001

/**
 * The minute since which a series is slower (algorithms.md section 8.2), of logarithms held against the same time of the days before. What a window of at most an
 * hour finds began in the last three: there it is the split after which it is higher that leaves the least squares. Of longer windows it is the last
 * accepted change point upwards of the medians of five minutes of a day, which needs a quarter of an hour on either side. Each where the
 * other finds nothing; null when neither does (docs/adr/0012 holds them against each other). @param window in which it was found, minutes.
 */
export function sinceWhen(minutes: MinuteSeries, end: number, window = 15): number | null {
  const usual = usualOf(minutes, end)
  const ways = [() => stepOf(minutes, end, usual), () => changeOf(minutes, end, usual)]
  if (window > 60) ways.reverse()
  return ways[0]!() ?? ways[1]!()
}

export function changeOf(minutes: MinuteSeries, end: number, usual: (minute: number) => number): number | null {
  const values: number[] = []
  const starts: number[] = []
  for (let from = end - day; from < end; from += block) {
    const keys = keysIn(minutes, from, from + block)
    if (keys.length === 0) continue
    values.push(median(Float64Array.from(keys, logOf)) - usual(from))
    starts.push(from)
  }
  const last = changePoints(values).findLast(({ before, after }) => after > before)
  return last ? starts[last.at]! : null
}

/** What is usual at a minute, by five minutes of other days; nothing where there are too few days. */
export function usualOf(minutes: MinuteSeries, end: number): (minute: number) => number {
  const first = end - day
  const found: (number | null)[] = []
  for (let from = first; from < end; from += block) {
    const logs: number[] = []
    let days = 0
    for (let d = 1; d <= 7; d++) {
      const keys = keysIn(minutes, from - d * day, from + block - d * day)
      if (keys.length > 0) days++
      for (const key of keys) logs.push(logOf(key))
    }
    found.push(days >= leastDays ? median(Float64Array.from(logs)) : null)
  }
  if (found.some((one) => one === null)) return () => 0
  return (minute) => found[Math.floor((minute - first) / block)]!
}

/** The minutes of the last hours, less what is usual. */
export function recentOf(
  minutes: MinuteSeries,
  end: number,
  usual: (minute: number) => number,
): { at: number[]; values: number[] } {
  const at: number[] = []
  const values: number[] = []
  for (let minute = end - recent; minute < end; minute++) {
    const key = keyAt(minutes, minute)
    if (key === 0) continue
    at.push(minute)
    values.push(logOf(key) - usual(minute))
  }
  return { at, values }
}

/** The split of the last hours after which it is higher, that leaves the least squares. What lies far off, a burst, counts as if it were less far. */
export function stepOf(minutes: MinuteSeries, end: number, usual: (minute: number) => number): number | null {
  const { at, values } = recentOf(minutes, end, usual)
  const n = values.length
  if (n < 4 * leastSide) return null
  const now = median(Float64Array.from(values.slice(-8)))
  const before = median(Float64Array.from(values))
  // Both bounds hold all of an honest step, whatever its size.
  const reach = Math.max(0.1, Math.abs(now - before))
  const [lo, hi] = [Math.min(before, now) - reach, Math.max(before, now) + reach]
  const clipped = values.map((value) => Math.min(hi, Math.max(lo, value)))
  const total = clipped.reduce((sum, value) => sum + value, 0)
  let left = 0
  const squares = clipped.reduce((sum, value) => sum + (value - total / n) ** 2, 0)
  let best: number | null = null
  let most = 0
  for (let split = 1; split <= n - leastSide; split++) {
    left += clipped[split - 1]!
    if (split < leastSide) continue
    const difference = (total - left) / (n - split) - left / split
    if (difference <= 0) continue
    const gain = (difference * difference * split * (n - split)) / n
    if (gain > most) [most, best] = [gain, split]
  }
  if (best === null) return null
  const variance = (squares - most) / (n - 2)
  return variance === 0 || studentBeyond(Math.sqrt(most / variance), n - 2) <= accepted ? at[best]! : null
}
