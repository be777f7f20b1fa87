/** Requests of two cohorts, as they come from rollups, laid out so that minutes can be drawn again quickly (algorithms.md 8.3). */
import { bucketsPerOctave, type Histogram } from './histogram.ts'
import type { Random } from './shift.ts'

/** What came within a minute in a stratum: requests that may be compared with each other, whatever makes them so. */
export interface CohortRow {
  readonly stratum: string
  /** Unix minute. */
  readonly minute: number
  /** ns. */
  readonly histogram: Histogram
}

/**
 * Counts by stratum and bucket of each minute, one after the other; bucket i stands for the key i + `least`. Values of 0 and below
 * have no logarithm: they count in the lowest bucket.
 */
export interface Cohort {
  readonly minutes: readonly Minute[]
  readonly strata: number
  readonly width: number
}

interface Minute extends Sparse {
  readonly n: number
}

interface Sparse {
  /** Index = stratum * width + bucket, and its count. */
  readonly at: Int32Array
  readonly counts: Float64Array
}

/** Both sides on the same strata and buckets. Nothing of no requests is left. */
export interface Cohorts {
  readonly a: Cohort
  readonly b: Cohort
  /** Names, by number. */
  readonly strata: readonly string[]
  readonly least: number
}

export function cohortsOf(a: readonly CohortRow[], b: readonly CohortRow[]): Cohorts {
  const strata = [...new Set([...a, ...b].map(({ stratum }) => stratum))].sort()
  let least = Infinity
  let most = 1
  for (const { histogram } of [...a, ...b])
    histogram.keys.forEach((key, i) => {
      if (histogram.counts[i]! <= 0) return
      least = Math.min(least, Math.max(1, key))
      most = Math.max(most, key)
    })
  if (least > most) least = most
  const width = most - least + 1
  const numbers = new Map(strata.map((stratum, i) => [stratum, i]))
  const side = (rows: readonly CohortRow[]): Cohort => {
    const byMinute = new Map<number, { at: number[]; counts: number[]; n: number }>()
    for (const { stratum, minute, histogram } of rows) {
      let one = byMinute.get(minute)
      if (one === undefined) byMinute.set(minute, (one = { at: [], counts: [], n: 0 }))
      const base = numbers.get(stratum)! * width - least
      histogram.keys.forEach((key, i) => {
        const count = histogram.counts[i]!
        if (count <= 0) return
        one.at.push(base + Math.max(least, key))
        one.counts.push(count)
        one.n += count
      })
    }
    const minutes = [...byMinute]
      .filter(([, { n }]) => n > 0)
      .sort(([x], [y]) => x - y)
      .map(([, { at, counts, n }]) => ({ n, at: Int32Array.from(at), counts: Float64Array.from(counts) }))
    return { minutes, strata: strata.length, width }
  }
  return { a: side(a), b: side(b), strata, least }
}

/** Sum of minutes: counts by stratum * width + bucket. */
export function summed({ strata, width }: Cohort, parts: Iterable<Sparse>): Float64Array {
  const sums = new Float64Array(strata * width)
  for (const { at, counts } of parts) for (let i = 0; i < at.length; i++) sums[at[i]!]! += counts[i]!
  return sums
}

/** Counts of a stratum. */
export const stratumOf = (sums: Float64Array, width: number, stratum: number): Float64Array =>
  sums.subarray(stratum * width, (stratum + 1) * width)

export function totalOf(counts: Float64Array): number {
  let n = 0
  for (const count of counts) n += count
  return n
}

/**
 * All strata together, each with its weight whatever it has: what the side would be with those shares. Weights of strata without
 * requests on this side count for nothing.
 */
export function reweighted(sums: Float64Array, width: number, weights: readonly number[]): Float64Array {
  const mixed = new Float64Array(width)
  weights.forEach((weight, stratum) => {
    if (weight === 0) return
    const own = stratumOf(sums, width, stratum)
    const n = totalOf(own)
    if (n > 0) for (let i = 0; i < width; i++) mixed[i]! += (own[i]! * weight) / n
  })
  return mixed
}

/** All strata together as they are. */
export function pooled(sums: Float64Array, width: number): Float64Array {
  const mixed = new Float64Array(width)
  for (let at = 0; at < sums.length; at += width) for (let i = 0; i < width; i++) mixed[i]! += sums[at + i]!
  return mixed
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
export function smoothShift(b: Float64Array, a: Float64Array, guess?: number): Read {
  const [fromA, toA] = extent(a)
  const [fromB, toB] = extent(b)
  if (fromA > toA || fromB > toB) return { value: NaN, slack: 0 }
  /** Of `a`, by bucket from `fromA`: how many lie in it or above. */
  const above = new Float64Array(toA - fromA + 2)
  for (let i = toA - fromA; i >= 0; i--) above[i] = above[i + 1]! + a[fromA + i]!
  /** Pairs whose difference is so many buckets or fewer. */
  const pairsTo = (difference: number): number => {
    let pairs = 0
    for (let i = fromB; i <= toB; i++) {
      const from = i - difference - fromA
      if (from <= toA - fromA) pairs += b[i]! * above[Math.max(0, from)]!
    }
    return pairs
  }
  let [lo, hi] = [fromB - toA, toB - fromA]
  const half = pairsTo(hi) / 2
  for (let middle = guess === undefined ? NaN : Math.round(guess / bucket), step = 1; lo < hi; step *= 4) {
    if (!(middle >= lo && middle < hi)) middle = Math.floor((lo + hi) / 2)
    if (pairsTo(middle) < half) {
      lo = middle + 1
      middle += step
    } else {
      hi = middle
      middle -= step
    }
  }
  const below = pairsTo(lo - 1)
  const inside = pairsTo(lo) - below
  const within = inside > 0 ? (half - below) / inside : 0.5
  return { value: (lo - 0.5 + within) * bucket, slack: (inside / half / 2) * bucket }
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

/** Draws minutes again, as many, by blocks of `length` that follow each other, begin anywhere and go round the end (Kuensch). @returns what {@link summed} gives. */
export function redrawer(cohort: Cohort, length: number): (random: Random) => Float64Array {
  const { minutes } = cohort
  const from = (at: number) => minutes[at % minutes.length]!
  const merge = merger(cohort)
  const blocks = minutes.map((_, at) => merge(Array.from({ length }, (_, i) => from(at + i))))
  return (random) => {
    const parts: Sparse[] = []
    for (let left = minutes.length; left > 0; left -= length) {
      const at = Math.floor(random() * minutes.length)
      if (left >= length) parts.push(blocks[at]!)
      else for (let i = 0; i < left; i++) parts.push(from(at + i))
    }
    return summed(cohort, parts)
  }
}

/** Minutes as one, without what is nothing. */
function merger({ strata, width }: Cohort): (minutes: readonly Minute[]) => Sparse {
  const sums = new Float64Array(strata * width)
  const found = new Int32Array(strata * width)
  return (minutes) => {
    let cells = 0
    for (const { at, counts } of minutes)
      for (let i = 0; i < at.length; i++) {
        const cell = at[i]!
        if (sums[cell] === 0) found[cells++] = cell
        sums[cell]! += counts[i]!
      }
    const at = found.slice(0, cells)
    const counts = new Float64Array(cells)
    for (let i = 0; i < cells; i++) {
      counts[i] = sums[at[i]!]!
      sums[at[i]!] = 0
    }
    return { at, counts }
  }
}
