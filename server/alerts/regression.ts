/** Which series of a family became slower, and which of them somebody is told of (algorithms.md section 8.2). */
import { chanceInPool, chanceInTail, standardised, standardisedAll } from '../statistics/placebo.ts'
import { believed } from '../statistics/proportions.ts'
import { hodgesLehmann, median } from '../statistics/shift.ts'
import { keysIn, logOf, nsOf, requestsIn, type MinuteSeries } from './minutes.ts'
import type { Finding } from './state.ts'

/** Minutes. */
const now = 15
const hour = 60
const day = 1440
const leastNow = 8
const leastBefore = 20
const leastDays = 3
const placeboCount = (2 * day) / now
/** Fewer placebos tell nothing of how a series wavers. */
const leastPlacebos = 16
/** Half a bucket: histograms tell no smaller shift of a logarithm. */
const leastDeviation = Math.LN2 / 64
/** Below this median plain differences are compared, ns. */
const plainBelowNs = 10_000

/** What is kept of a series between evaluations. */
export interface Watched {
  readonly minutes: MinuteSeries
  /** Shifts of past windows of 15 minutes, by the window's number modulo their count; NaN: none. */
  readonly placebos: Float32Array
  /** Number of the last window that is in `placebos`. */
  lastWindow: number
  compared: string
  /** Placebos standardised against each other. */
  pool: readonly number[]
  /** Minutes in which something was wrong, oldest first: no placebos. */
  readonly incidents: { from: number; to: number }[]
}

export const watch = (minutes: MinuteSeries): Watched => ({
  minutes,
  placebos: new Float32Array(placeboCount).fill(NaN),
  lastWindow: -1,
  compared: '',
  pool: [],
  incidents: [],
})

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

export interface Shift {
  /** Of logarithms, or ns where the baseline is below 10 µs. */
  readonly shift: number
  readonly isPlain: boolean
  /** By which part it is longer: 0.25 is a quarter. */
  readonly ratio: number
  readonly beforeNs: number
  readonly nowNs: number
  /** Requests of the last 15 minutes. */
  readonly n: number
  /** The last five minutes are above half the shift. */
  readonly lasts: boolean
  /** Standard deviations of its own placebos; null where they say nothing. */
  readonly z: number | null
  /** Keys. */
  readonly baseline: readonly number[]
}

/** The last 15 minutes before `end` against the baseline; null where either has too little. */
export function shiftAt(series: Watched, end: number, reference: Reference = {}): Shift | null {
  const { minutes } = series
  const current = keysIn(minutes, end - now, end)
  const before = baselineAt(minutes, end, reference)
  if (current.length < leastNow || before === null) return null
  const { keys, scheme } = before
  const isPlain = nsOf(middle(keys)) < plainBelowNs
  const shift = shiftOf(current, keys, isPlain)
  refreshPlacebos(series, end, { scheme, isPlain }, reference.floor)
  const placebos = [...series.placebos].filter((one) => !Number.isNaN(one))
  const beforeNs = nsOf(middle(keys))
  const nowNs = isPlain ? beforeNs + shift : beforeNs * Math.exp(shift)
  const last = keysIn(minutes, end - 5, end)
  return {
    ...{ shift, isPlain, beforeNs, nowNs, baseline: keys },
    ratio: beforeNs > 0 ? nowNs / beforeNs - 1 : 0,
    n: requestsIn(minutes, end - now, end),
    lasts: last.length > 0 && shiftOf(last, keys, isPlain) >= shift / 2,
    z: placebos.length < leastPlacebos ? null : standardised(shift, placebos, isPlain ? 0 : leastDeviation),
  }
}

function shiftOf(current: readonly number[], before: readonly number[], isPlain: boolean): number {
  const of = isPlain ? nsOf : logOf
  return hodgesLehmann(current.map(of), before.map(of))!
}

const middle = (keys: readonly number[]): number => Math.round(median(Float64Array.from(keys)))

function baselineAt(
  minutes: MinuteSeries,
  end: number,
  { floor = -Infinity, pin = Infinity, release, kept }: Reference,
): { keys: readonly number[]; scheme: 'hour' | 'day' } | null {
  const enough = (keys: readonly number[]) => (keys.length >= leastBefore ? keys : null)
  if (release !== undefined && pin === Infinity) {
    const keys = enough(keysIn(minutes, Math.max(floor, release - hour), release))
    if (keys) return { keys, scheme: 'hour' }
  }
  const days: number[][] = []
  for (let d = 1; d <= 7; d++) {
    const [from, to] = [end - now - hour / 2 - d * day, end + hour / 2 - d * day]
    if (from < floor || to > pin) continue
    // Every fifth minute: neighbours say the same.
    const keys = keysIn(minutes, from, to, 5)
    if (keys.length >= leastNow) days.push(keys)
  }
  if (days.length >= leastDays) return { keys: days.flat(), scheme: 'day' }
  if (kept) return { keys: kept, scheme: 'hour' }
  const to = Math.min(end - now, pin)
  const keys = enough(keysIn(minutes, Math.max(floor, to - hour), to))
  return keys && { keys, scheme: 'hour' }
}

/** The same comparison at every past window of two days, each computed once. */
function refreshPlacebos(
  series: Watched,
  end: number,
  { scheme, isPlain }: { scheme: 'hour' | 'day'; isPlain: boolean },
  floor?: number,
): void {
  const { minutes, placebos } = series
  const compared = `${scheme} ${isPlain} ${floor ?? ''}`
  if (compared !== series.compared) {
    placebos.fill(NaN)
    Object.assign(series, { compared, lastWindow: -1 })
  }
  const last = Math.floor((end - now) / now)
  const first = Math.max(series.lastWindow + 1, last - placeboCount + 1)
  if (first > last) return
  for (let window = first; window <= last; window++) {
    const to = window * now
    placebos[window % placeboCount] = NaN
    const isBad = series.incidents.some((incident) => to > incident.from && to - now < incident.to)
    const current = isBad ? [] : keysIn(minutes, to - now, to)
    if (current.length < leastNow) continue
    const before = baselineAt(minutes, to, floor === undefined ? {} : { floor })
    if (before?.scheme !== scheme) continue
    placebos[window % placeboCount] = shiftOf(current, before.keys, isPlain)
  }
  series.lastWindow = last
  const known = [...placebos].filter((one) => !Number.isNaN(one))
  series.pool = known.length < leastPlacebos ? [] : standardisedAll(known, isPlain ? 0 : leastDeviation)
}

/** What a rule asks of a shift. */
export interface Bar {
  readonly relMin: number
  readonly absMinNs: number
  /** False discoveries among those listed. */
  readonly q: number
  readonly minCount: number
}

/** Of those that page, so many of the false discoveries and so much more of the least effect (bench/alerts.ts tells what comes of it). */
export const pagingGate = { q: 0.1, effect: 1.5 }

export interface Judged {
  readonly finding: Finding
  /** Beyond the gate of those that somebody is called for. */
  readonly pages: boolean
  readonly chance: number | null
}

/**
 * What is found of each series of a family at one evaluation, in the order of `shifts`. @param isActive whether it has an alert: it
 * stays one while its effect does, however unusual it is.
 */
export function judge(
  family: readonly { readonly series: Watched; readonly shift: Shift | null; readonly isActive: boolean }[],
  { relMin, absMinNs, q, minCount }: Bar,
): Judged[] {
  const pool = Float64Array.from(family.flatMap(({ series }) => series.pool)).sort()
  const tested = family.flatMap(({ shift }, i) => (shift && shift.z !== null ? [{ i, z: shift.z }] : []))
  const chances = tested.map(({ z }) => chanceInPool(z, pool))
  const among = (each: readonly number[], share: number) => {
    const isBelieved = believed(each, share)
    return new Set(tested.filter((_, at) => isBelieved[at]).map(({ i }) => i))
  }
  const listed = among(chances, q)
  const paged = among(
    tested.map(({ z }) => chanceInTail(z, pool)),
    q * pagingGate.q,
  )
  const chanceOf = new Map(tested.map(({ i }, at) => [i, chances[at]!]))
  return family.map(({ shift, isActive }, i) => {
    const chance = chanceOf.get(i) ?? null
    if (!shift || shift.n < minCount) return { finding: 'unknown', pages: false, chance }
    const added = shift.nowNs - shift.beforeNs
    const isLarge = shift.ratio >= relMin && added >= absMinNs && shift.lasts
    const isUnusual = listed.has(i) || isActive
    const finding: Finding = isLarge && isUnusual ? 'met' : shift.ratio >= relMin / 2 && added > 0 ? 'less' : 'gone'
    return { finding, pages: finding === 'met' && paged.has(i) && shift.ratio >= pagingGate.effect * relMin, chance }
  })
}

/**
 * How sure a change of logarithms is: the shift of blocks of five minutes that follow each other, drawn anew from both sides (Künsch).
 * @returns 95 %, as ratios; null where there is too little.
 */
export function ratioInterval(
  current: readonly number[],
  before: readonly number[],
  random: () => number,
  resamples = 200,
): { lo: number; hi: number } | null {
  if (current.length < leastNow || before.length < leastBefore) return null
  const found: number[] = []
  for (let i = 0; i < resamples; i++) found.push(shiftOf(resampled(current, random), resampled(before, random), false))
  found.sort((a, b) => a - b)
  const at = (share: number) => Math.exp(found[Math.min(found.length - 1, Math.floor(share * found.length))]!)
  return { lo: at(0.025), hi: at(0.975) }
}

function resampled(keys: readonly number[], random: () => number): number[] {
  const drawn: number[] = []
  while (drawn.length < keys.length) {
    const from = Math.floor(random() * keys.length)
    for (let i = 0; i < 5 && drawn.length < keys.length; i++) drawn.push(keys[(from + i) % keys.length]!)
  }
  return drawn
}
