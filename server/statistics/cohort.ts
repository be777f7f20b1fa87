/** Requests of two cohorts as histograms on the same strata and buckets (algorithms.md 8.3), and what is read off their counts. */
import { bucketsPerOctave, type Histogram } from './histogram.ts'

/** What came within a minute in a stratum: requests that may be compared with each other, whatever makes them so. */
export interface CohortRow {
  readonly stratum: string
  /** Unix minute. */
  readonly minute: number
  /** ns. */
  readonly histogram: Histogram
}

/** What came of a stratum in a minute. */
export interface Part {
  /** Its number among the minutes of the side that something came in. */
  readonly minute: number
  readonly histogram: Histogram
}

/** One side, by stratum. */
export interface Cohort {
  /** How many there are that something came in. */
  readonly minutes: number
  readonly strata: readonly (readonly Part[])[]
}

/** Bucket i of counts stands for the key i + `least`. Values of 0 and below have no logarithm: they count in the lowest bucket. */
export interface Buckets {
  readonly least: number
  readonly width: number
}

/** Both sides on the same strata and buckets. */
export interface Cohorts extends Buckets {
  readonly a: Cohort
  readonly b: Cohort
  /** Names, by number. */
  readonly strata: readonly string[]
}

export function cohortsOf(a: readonly CohortRow[], b: readonly CohortRow[]): Cohorts {
  const strata = [...new Set([...a, ...b].map(({ stratum }) => stratum))].sort()
  const numbers = new Map(strata.map((stratum, i) => [stratum, i]))
  let least = Infinity
  let most = 1
  const side = (rows: readonly CohortRow[]): Cohort => {
    const told = rows.filter(({ histogram: { keys, counts } }) => {
      const from = counts.findIndex((count) => count > 0)
      if (from < 0) return false
      least = Math.min(least, Math.max(1, keys[from]!))
      most = Math.max(most, keys[counts.findLastIndex((count) => count > 0)]!)
      return true
    })
    const minutes = [...new Set(told.map(({ minute }) => minute))].sort((x, y) => x - y)
    const places = new Map(minutes.map((minute, i) => [minute, i]))
    const parts = strata.map((): Part[] => [])
    for (const { stratum, minute, histogram } of told)
      parts[numbers.get(stratum)!]!.push({ minute: places.get(minute)!, histogram })
    return { minutes: minutes.length, strata: parts }
  }
  const sides = { a: side(a), b: side(b) }
  least = Math.min(least, most)
  return { ...sides, strata, least, width: most - least + 1 }
}

/** All of it together. */
export function summed(parts: readonly Part[], { least, width }: Buckets): Float64Array {
  const sums = new Float64Array(width)
  for (const { histogram } of parts) addTo(sums, 0, histogram, least)
  return sums
}

/** @param at index that the key `least` counts at. */
export function addTo(sums: Float64Array, at: number, { keys, counts }: Histogram, least: number): void {
  for (let i = 0; i < keys.length; i++) if (counts[i]! > 0) sums[at + Math.max(0, keys[i]! - least)]! += counts[i]!
}

export function totalOf(counts: Float64Array): number {
  let n = 0
  for (const count of counts) n += count
  return n
}

/** A value, and by how much it may be off because buckets are as wide as they are. */
export interface Read {
  readonly value: number
  readonly slack: number
}

/**
 * Quantiles of counts as logarithms of ns, values lying evenly within their bucket. Where much of all lies in that bucket they
 * need not, hence the slack: half a bucket when all do. NaN without values.
 */
export function logQuantiles(counts: Float64Array, qs: readonly number[], least: number): Read[] {
  const upTo = new Float64Array(counts.length)
  let n = 0
  for (let i = 0; i < counts.length; i++) upTo[i] = n += counts[i]!
  if (n <= 0) return qs.map(() => ({ value: NaN, slack: 0 }))
  return qs.map((q) => {
    const rank = q * n
    const i = firstAtLeast(upTo, rank)
    const inside = counts[i]!
    const within = inside > 0 ? Math.min(1, Math.max(0, (rank - (upTo[i]! - inside)) / inside)) : 0.5
    const share = Math.min(1, inside / n / (2 * Math.min(q, 1 - q)))
    return { value: (i + least - 1 + within) * bucket, slack: (share * bucket) / 2 }
  })
}

/** Index of the first of ascending values that is `least` or more, the last one if none is. */
function firstAtLeast(ascending: Float64Array, least: number): number {
  let lo = 0
  let hi = ascending.length - 1
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (ascending[middle]! < least) lo = middle + 1
    else hi = middle
  }
  return lo
}

/** ln of the ratio of a bucket's edges. */
const bucket = Math.LN2 / bucketsPerOctave

/**
 * The Hodges-Lehmann shift of logarithms, `b` less `a`, with differences of buckets lying evenly about theirs; its slack is a bucket
 * where all differences are one. NaN when either is empty. Pairs are counted, not listed: O(buckets * log buckets).
 * @param guess where it may lie: near it, it is found sooner.
 */
export const smoothShift = (b: Float64Array, a: Float64Array, guess?: number): Read => shifterOf(a.length)(b, a, guess)

/** {@link smoothShift} of many counts of so many buckets at most. */
export function shifterOf(width: number): typeof smoothShift {
  /** Of `a`, by bucket from its first: how many lie in it or above. */
  const above = new Float64Array(width + 1)
  return (b, a, guess) => {
    const [fromA, toA] = extent(a)
    const [fromB, toB] = extent(b)
    if (fromA > toA || fromB > toB) return { value: NaN, slack: 0 }
    const span = toA - fromA
    above[span + 1] = 0
    for (let i = span; i >= 0; i--) above[i] = above[i + 1]! + a[fromA + i]!
    const all = above[0]!
    /** Pairs whose difference is so many buckets or fewer. */
    const pairsTo = (difference: number): number => {
      const first = difference + fromA
      let pairs = 0
      let i = fromB
      for (const end = Math.min(first, toB); i <= end; i++) pairs += b[i]! * all
      for (const end = Math.min(first + span, toB); i <= end; i++) pairs += b[i]! * above[i - first]!
      return pairs
    }
    let [lo, hi] = [fromB - toA, toB - fromA]
    let [below, upTo] = [0, pairsTo(hi)]
    const half = upTo / 2
    for (let middle = guess === undefined ? NaN : Math.round(guess / bucket), step = 1; lo < hi; step *= 4) {
      if (!(middle >= lo && middle < hi)) middle = Math.floor((lo + hi) / 2)
      const pairs = pairsTo(middle)
      if (pairs < half) {
        lo = middle + 1
        below = pairs
        middle += step
      } else {
        hi = middle
        upTo = pairs
        middle -= step
      }
    }
    const inside = upTo - below
    const within = inside > 0 ? (half - below) / inside : 0.5
    return { value: (lo - 0.5 + within) * bucket, slack: (inside / half / 2) * bucket }
  }
}

function extent(counts: Float64Array): [number, number] {
  let from = 0
  let to = counts.length - 1
  while (from <= to && counts[from] === 0) from++
  while (to >= from && counts[to] === 0) to--
  return [from, to]
}

/** Mean in ns, with the middle of each bucket for all in it. */
export function meanOf(counts: Float64Array, least: number): number {
  let sum = 0
  let n = 0
  for (let i = counts.length - 1; i >= 0; i--) {
    // By Horner: in units of the bucket below, so that no bucket needs a power of its own.
    sum = sum * wider + counts[i]!
    n += counts[i]!
  }
  return n > 0 ? (sum / n) * Math.exp((least - 0.5) * bucket) : NaN
}

/**
 * How far two requests lie apart on average, ns (Gini's mean difference), values lying evenly within their bucket. NaN without
 * values.
 */
export function meanDifference(counts: Float64Array, least: number): number {
  const n = totalOf(counts)
  if (n <= 0) return NaN
  let sum = 0
  let below = 0
  let edge = 1
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!
    const width = edge * (wider - 1)
    // Of each bucket's width: pairs with one on either side cross it, those with one in it half of it, those in it a third.
    const above = n - below - count
    sum += width * (below * above + (count * (below + above)) / 2 + (count * count) / 6)
    below += count
    edge *= wider
  }
  return ((2 * sum) / n ** 2) * Math.exp((least - 1) * bucket)
}

/** Ratio of a bucket's edges. */
const wider = 2 ** (1 / bucketsPerOctave)
