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

interface Minute {
  readonly n: number
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
export function summed({ strata, width }: Cohort, minutes: Iterable<Minute>): Float64Array {
  const sums = new Float64Array(strata * width)
  for (const { at, counts } of minutes) for (let i = 0; i < at.length; i++) sums[at[i]!]! += counts[i]!
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
  for (let i = 0; i < sums.length; i++) mixed[i % width]! += sums[i]!
  return mixed
}

/** A value, and by how much it may be off because buckets are as wide as they are. */
export interface Read {
  readonly value: number
  readonly slack: number
}

/**
 * The quantile of counts as the logarithm of ns, values lying evenly within their bucket. Where much of all lies in that bucket they
 * need not, hence its slack: half a bucket when all do. NaN without values.
 */
export function logQuantile(counts: Float64Array, q: number, least: number): Read {
  const n = totalOf(counts)
  if (n <= 0) return { value: NaN, slack: 0 }
  const rank = q * n
  let below = 0
  let i = 0
  while (i < counts.length - 1 && below + counts[i]! < rank) below += counts[i++]!
  const inside = counts[i]!
  const within = inside > 0 ? Math.min(1, Math.max(0, (rank - below) / inside)) : 0.5
  const share = Math.min(1, inside / n / (2 * Math.min(q, 1 - q)))
  return { value: (i + least - 1 + within) * bucket, slack: (share * bucket) / 2 }
}

/** ln of the ratio of a bucket's edges. */
const bucket = Math.LN2 / bucketsPerOctave

/**
 * The Hodges-Lehmann shift of logarithms, `b` less `a`, with differences of buckets lying evenly about theirs; its slack is a bucket
 * where all differences are one. NaN when either is empty.
 */
export function smoothShift(b: Float64Array, a: Float64Array): Read {
  const [fromA, toA] = extent(a)
  const [fromB, toB] = extent(b)
  if (fromA > toA || fromB > toB) return { value: NaN, slack: 0 }
  const wide = toB - fromB + toA - fromA + 1
  const pairs = new Float64Array(wide)
  for (let i = fromB; i <= toB; i++) {
    const n = b[i]!
    if (n === 0) continue
    const to = i - fromB + toA
    for (let j = fromA; j <= toA; j++) pairs[to - j]! += n * a[j]!
  }
  const half = totalOf(pairs) / 2
  let below = 0
  let at = 0
  while (at < wide - 1 && below + pairs[at]! < half) below += pairs[at++]!
  const within = pairs[at]! > 0 ? (half - below) / pairs[at]! : 0.5
  const difference = at + fromB - toA - 0.5 + within
  return { value: difference * bucket, slack: (pairs[at]! / half / 2) * bucket }
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
  for (let i = 0; i < counts.length; i++) {
    sum += counts[i]! * Math.exp((i + least - 0.5) * bucket)
    n += counts[i]!
  }
  return n > 0 ? sum / n : NaN
}

/** As many minutes again, of blocks of `length` that follow each other, begin anywhere and go round the end (Kuensch). */
export function drawn(minutes: readonly Minute[], length: number, random: Random): Minute[] {
  const found: Minute[] = []
  while (found.length < minutes.length) {
    const from = Math.floor(random() * minutes.length)
    for (let i = 0; i < length && found.length < minutes.length; i++) found.push(minutes[(from + i) % minutes.length]!)
  }
  return found
}
