/** Where an axis has its marks: round numbers for values, round times of the reader's zone for time. */
import { clock, clockWithSeconds, day, type Zone } from '../format/time.ts'

/** From 0 up to `hi`, in steps of 1, 2 or 5 times a power of ten, about `wanted` of them. */
export function linearTicks(hi: number, wanted = 4): number[] {
  if (!(hi > 0)) return [0]
  const rough = hi / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power
  return Array.from({ length: Math.floor(hi / step + 1e-9) + 1 }, (_, i) => i * step)
}

/** Between `lo` and `hi`: 1, 2, 5 of each power of ten, or the powers alone where that would be more than `most`. */
export function logTicks(lo: number, hi: number, most = 7): number[] {
  if (!(lo > 0) || !(hi > lo)) return []
  const first = Math.floor(Math.log10(lo))
  const powers = Array.from({ length: Math.ceil(Math.log10(hi)) - first + 1 }, (_, i) => 10 ** (first + i))
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = powers
      .flatMap((power) => factors.map((factor) => factor * power))
      .filter((tick) => tick >= lo && tick <= hi)
    if (ticks.length <= most) return ticks
  }
  const every = Math.ceil(powers.length / most)
  return powers.filter((power, i) => i % every === 0 && power >= lo && power <= hi)
}

const [second, minute, hour, aDay] = [1_000, 60_000, 3_600_000, 86_400_000]
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 28, 56, 112].map((n) => n * aDay),
]

export interface TimeTick {
  readonly ms: number
  readonly text: string
}

/** At most about `most` round times between the two, in Unix ms; midnight reads as its day. */
export function timeTicks(fromMs: number, toMs: number, zone: Zone, most: number): TimeTick[] {
  const rough = (toMs - fromMs) / Math.max(1, most)
  const step = timeSteps.find((ms) => ms >= rough) ?? 112 * aDay
  const offset = offsetMs(fromMs, zone)
  const ticks: TimeTick[] = []
  for (let wall = Math.ceil((fromMs + offset) / step) * step; ; wall += step) {
    // Round on the wall clock, on either side of a change of summer time.
    const ms = wall - offsetMs(wall - offset, zone)
    if (ms > toMs) return ticks
    if (ms >= fromMs) ticks.push({ ms, text: textOf(ms, step, zone) })
  }
}

function offsetMs(ms: number, zone: Zone): number {
  return zone === 'UTC' ? 0 : -new Date(ms).getTimezoneOffset() * minute
}

function textOf(ms: number, step: number, zone: Zone): string {
  const time = clock(ms, zone)
  if (step >= aDay || (time === '00:00' && step >= minute)) return day(ms, zone).slice(5)
  return step < minute ? clockWithSeconds(ms, zone) : time
}
