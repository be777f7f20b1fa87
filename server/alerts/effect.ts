/** By how much a series is slower since it is, and between what that lies. */
import { normalBeyond } from '../statistics/student.ts'
import { keysIn, shiftOfKeys } from './minutes.ts'
import { scales } from './baseline.ts'
import type { Watched } from './windows.ts'

const least = 8
const longest = 60
const block = 5
const resamples = 200

/** As ratios; 95 %. */
export interface Effect {
  readonly ratio: number
  readonly lo: number
  readonly hi: number
}

/**
 * The shift of the minutes since `started`, an hour's at most, against the baseline. Its interval is that of blocks of five minutes that
 * follow each other, drawn anew from both sides (Künsch), or what the series wavers by itself over as long a time where that is wider: of minutes that
 * depend on each other blocks alone hold the truth too seldom (algorithms.md section 8.1). null where there is too little.
 * @param among so many began together, and this one speaks for them because it is the largest: it holds for that, too (Bonferroni).
 */
export function effectSince(
  series: Watched,
  { end, started, before, among }: { end: number; started: number; before: readonly number[]; among: number },
  random: () => number,
): Effect | null {
  const from = Math.max(end - longest, Math.min(started, end - least))
  const now = keysIn(series.minutes, from, end)
  if (now.length < least || before.length < 20) return null
  const shift = shiftOfKeys(now, before, false)
  let squares = 0
  for (let i = 0; i < resamples; i++)
    squares += (shiftOfKeys(resampled(now, random), resampled(before, random), false) - shift) ** 2
  const half = normalBeyond(0.025 / among) * Math.max(Math.sqrt(squares / resamples), wavering(series, end - from))
  return { ratio: Math.exp(shift), lo: Math.exp(shift - half), hi: Math.exp(shift + half) }
}

/** The deviation of a window of so many minutes, by its placebos; 0 where they say nothing. */
function wavering({ pasts }: Watched, minutes: number): number {
  let deviation = 0
  pasts.forEach((past, at) => {
    const { minutes: length } = scales[at]!
    if (past.wavering && (at === 0 || length <= minutes))
      deviation = past.wavering.deviation * Math.sqrt(Math.max(1, length / minutes))
  })
  return deviation
}

function resampled(keys: readonly number[], random: () => number): number[] {
  const drawn: number[] = []
  while (drawn.length < keys.length) {
    const from = Math.floor(random() * keys.length)
    for (let i = 0; i < block && drawn.length < keys.length; i++) drawn.push(keys[(from + i) % keys.length]!)
  }
  return drawn
}
