import { changePoints } from '../statistics/change-point.ts'
import { median } from '../statistics/shift.ts'
import { keysIn, logOf, type MinuteSeries } from './minutes.ts'

const block = 5
const day = 1440

/**
 * The minute since which a series is slower (algorithms.md section 8.2): the last accepted change point upwards of the medians of five minutes
 * of a day, then the minute within it at which what lies before and behind differ most. null when there is none.
 */
export function sinceWhen(minutes: MinuteSeries, end: number): number | null {
  const values: number[] = []
  const starts: number[] = []
  for (let from = end - day; from < end; from += block) {
    const keys = keysIn(minutes, from, from + block)
    if (keys.length === 0) continue
    values.push(median(Float64Array.from(keys, logOf)))
    starts.push(from)
  }
  const last = changePoints(values).findLast(({ before, after }) => after > before)
  if (!last) return null
  const from = starts[last.at]!
  return sharpest(minutes, from - 2 * block, from + 2 * block) ?? from
}

/** The split of [from, to) and ten minutes around it that leaves the least squares. */
function sharpest(minutes: MinuteSeries, from: number, to: number): number | null {
  let best: number | null = null
  let least = Infinity
  const logs = (a: number, b: number) => keysIn(minutes, a, b).map(logOf)
  for (let at = from; at <= to; at++) {
    const left = spread(logs(from - 10, at))
    const right = spread(logs(at, to + 10))
    if (left + right < least) [least, best] = [left + right, at]
  }
  return best
}

function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}
