/** What a series is held against, over windows of several lengths (algorithms.md section 8.2). */
import { keysIn, type MinuteSeries } from './minutes.ts'

/** Minutes. */
export const hour = 60
export const day = 1440
/** Days. */
export const week = 7
const leastBefore = 20
const leastDays = 3

/** A length that is looked at. All in minutes. */
export interface Scale {
  readonly minutes: number
  /** With requests, of those that are looked at. */
  readonly least: number
  /** Every so manieth minute is looked at, now and before. */
  readonly step: number
  readonly stepBefore: number
  /** Of other days, so much before and after. */
  readonly around: number
  /** Its end, which must be slower too: it did not go away. */
  readonly last: number
  /** Past windows that it is held against, one after the other. */
  readonly placebos: number
  readonly leastPlacebos: number
  /** It is looked at so often; in between what was found holds. */
  readonly every: number
  /** Where there are no days, it is held against the hour before. */
  readonly hasHour: boolean
}

/** The shortest first: what it finds is not looked for in longer ones. Those find what is smaller, and what comes slowly. */
export const scales: readonly Scale[] = [
  ...[
    {
      minutes: 15,
      every: 5,
      least: 8,
      step: 1,
      stepBefore: 5,
      around: 30,
      last: 5,
      placebos: 192,
      leastPlacebos: 16,
      hasHour: true,
    },
    {
      minutes: 60,
      every: 5,
      least: 32,
      step: 1,
      stepBefore: 10,
      around: 30,
      last: 15,
      placebos: 96,
      leastPlacebos: 16,
      hasHour: false,
    },
  ],
  ...[
    {
      minutes: 120,
      every: 15,
      least: 64,
      step: 1,
      stepBefore: 10,
      around: 30,
      last: 30,
      placebos: 48,
      leastPlacebos: 16,
      hasHour: false,
    },
    {
      minutes: day,
      every: 60,
      least: 150,
      step: 5,
      stepBefore: 30,
      around: 0,
      last: 60,
      placebos: 5,
      leastPlacebos: 3,
      hasHour: false,
    },
  ],
]

/** From where the baseline of a series is taken; minutes. */
export interface Reference {
  /** None before: somebody said that from here on it is as it should be. */
  readonly floor?: number
  /** None after: since then it is slower. */
  readonly pin?: number
  /** A release: the hour before it is the baseline. */
  readonly release?: number
  /** Keys of the baseline that an alert began with, for when its minutes are no longer kept. */
  readonly kept?: readonly number[]
}

export interface Baseline {
  readonly keys: readonly number[]
  readonly scheme: 'hour' | 'day'
  /** Which of the keys are of how many days back. */
  readonly days?: readonly { readonly back: number; readonly from: number; readonly to: number }[]
}

export function baselineAt(
  minutes: MinuteSeries,
  end: number,
  { minutes: now, around, stepBefore, least, step, hasHour }: Scale,
  { floor = -Infinity, pin = Infinity, release, kept }: Reference,
): Baseline | null {
  const enough = (keys: readonly number[]) => (keys.length >= leastBefore ? keys : null)
  if (release !== undefined && pin === Infinity) {
    if (!hasHour) return null
    const eve = enough(keysIn(minutes, Math.max(floor, release - hour), release))
    if (eve) return { keys: eve, scheme: 'hour' }
  }
  const keys: number[] = []
  const days: { back: number; from: number; to: number }[] = []
  for (let d = 1; d <= week; d++) {
    const [from, to] = [end - now - around - d * day, end + around - d * day]
    if (from < floor || to > pin) continue
    // Not every minute: neighbours say the same.
    const had = keys.length
    keysIn(minutes, from, to, stepBefore, keys)
    if ((keys.length - had) * stepBefore >= least * step) days.push({ back: d, from: had, to: keys.length })
    else keys.length = had
  }
  if (days.length >= leastDays) return { keys, scheme: 'day', days }
  if (!hasHour) return null
  if (kept) return { keys: kept, scheme: 'hour' }
  const to = Math.min(end - now, pin)
  const last = enough(keysIn(minutes, Math.max(floor, to - hour), to))
  return last && { keys: last, scheme: 'hour' }
}
