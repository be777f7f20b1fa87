/**
 * By how much one sample lies above another (algorithms.md section 8.2): the Hodges-Lehmann shift, of values and of histograms,
 * and how sure it is when minutes follow each other (Künsch's moving blocks).
 */
import { bucketsPerOctave, merge, type Histogram } from './histogram.ts'

/**
 * The median of all differences `now` less `before`; null when either is empty. Of logarithms it is the logarithm of a ratio.
 * O(n m) time and memory: meant for minutes, not for requests.
 */
export function hodgesLehmann(now: readonly number[], before: readonly number[]): number | null {
  const pairs = now.length * before.length
  if (pairs === 0) return null
  const differences = new Float64Array(pairs)
  let next = 0
  for (const a of now) for (const b of before) differences[next++] = a - b
  return median(differences)
}

/** Reorders `values`, at least one. */
export function median(values: Float64Array): number {
  const middle = values.length >> 1
  const upper = select(values, middle)
  if (values.length % 2 === 1) return upper
  let lower = -Infinity
  for (let i = 0; i < middle; i++) if (values[i]! > lower) lower = values[i]!
  return (lower + upper) / 2
}

/** The value of rank `k` from 0; it and all before it are then at most as large as what follows (Hoare's selection). */
function select(values: Float64Array, k: number): number {
  let lo = 0
  let hi = values.length - 1
  while (lo < hi) {
    const pivot = values[(lo + hi) >> 1]!
    let i = lo
    let j = hi
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const swapped = values[i]!
      values[i++] = values[j]!
      values[j--] = swapped
    }
    if (k <= j) hi = j
    else if (k >= i) lo = i
    else break
  }
  return values[k]!
}

/**
 * The Hodges-Lehmann shift of the logarithms of what two histograms hold, as the natural logarithm of a ratio: equal buckets are
 * equal values, so it is a multiple of half a bucket (1.1 %). Values of 0 and below have no logarithm and are left out; null when
 * nothing is left of one side. O(b1 b2) over the buckets.
 */
export function logShift(now: Histogram, before: Histogram): number | null {
  const [a, b] = [positive(now), positive(before)]
  if (a === null || b === null) return null
  const span = a.counts.length + b.counts.length - 1
  const pairs = new Float64Array(span)
  for (let i = 0; i < a.counts.length; i++) {
    const n = a.counts[i]!
    if (n !== 0) for (let j = 0; j < b.counts.length; j++) pairs[i - j + b.counts.length - 1]! += n * b.counts[j]!
  }
  const key = (at: number) => at - (b.counts.length - 1) + a.least - b.least
  const all = pairs.reduce((sum, n) => sum + n, 0)
  let below = 0
  let at = 0
  while (below + pairs[at]! < all / 2) below += pairs[at++]!
  let above = at
  // With half of all pairs on either side, the median lies between two values.
  if (below + pairs[at]! === all / 2)
    do above++
    while (pairs[above] === 0)
  return ((key(at) + key(above)) / 2 / bucketsPerOctave) * Math.LN2
}

/** Counts of the keys from the least positive one on; null without any. */
function positive({ keys, counts }: Histogram): { least: number; counts: Float64Array } | null {
  const first = keys.findIndex((key, i) => key > 0 && counts[i]! > 0)
  if (first < 0) return null
  const least = keys[first]!
  const dense = new Float64Array(keys.at(-1)! - least + 1)
  for (let i = first; i < keys.length; i++) dense[keys[i]! - least] = Math.max(0, counts[i]!)
  return { least, counts: dense }
}

/** Between 0 and 1, 1 excluded. */
export type Random = () => number

/** Minutes that follow each other depend on each other; blocks of so many hardly do. */
const blockMinutes = 5

/**
 * Interval of {@link logShift} by resampling blocks of five minutes that follow each other, within each side. @param now and before:
 * a histogram a minute, in order; an empty one where nothing came. null when either side says nothing.
 */
export function logShiftInterval(
  now: readonly Histogram[],
  before: readonly Histogram[],
  random: Random,
  { resamples = 200, level = 0.95 } = {},
): { lo: number; hi: number } | null {
  const found: number[] = []
  for (let i = 0; i < resamples; i++) {
    const shift = logShift(merge(resampled(now, random)), merge(resampled(before, random)))
    if (shift !== null) found.push(shift)
  }
  if (found.length === 0) return null
  found.sort((a, b) => a - b)
  const edge = (share: number) => found[Math.min(found.length - 1, Math.floor(share * found.length))]!
  return { lo: edge((1 - level) / 2), hi: edge((1 + level) / 2) }
}

/** As many minutes, of blocks that begin anywhere, round the end. */
function resampled<T>(minutes: readonly T[], random: Random): T[] {
  const drawn: T[] = []
  while (drawn.length < minutes.length) {
    const from = Math.floor(random() * minutes.length)
    for (let i = 0; i < blockMinutes && drawn.length < minutes.length; i++)
      drawn.push(minutes[(from + i) % minutes.length]!)
  }
  return drawn
}
