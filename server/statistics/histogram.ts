/**
 * Log-bucket histograms of signed nanoseconds, 32 buckets an octave (algorithms.md section 7).
 *
 * The rollups hold them as `Map(Int16, Int64)`: key -> count.
 */

/** Keys ascending, one count a key. A count of 0 is left behind by a retraction and means nothing. */
export interface Histogram {
  readonly keys: readonly number[]
  readonly counts: readonly number[]
}

/** A histogram, or a view of one in memory that others share. */
export interface Cells {
  readonly keys: ArrayLike<number>
  readonly counts: ArrayLike<number>
}

export const bucketsPerOctave = 32

/** Key of the bucket that holds `ns` (an integer, any sign): 0 for 0, 1 for [1, 2^(1/32)), mirrored below zero. */
export function bucketKey(ns: number): number {
  const size = ns < 0 ? -ns : ns
  const key = size >>> 0 === size ? keyOfWord(size) : keyByLog(size)
  return ns < 0 ? -key : key
}

const keyByLog = (size: number): number => 1 + Math.floor(bucketsPerOctave * Math.log2(size))

/**
 * Below 2^32 (4.3 s) keys are looked up, which costs a fifth of a logarithm: that of the highest of 64 steps of an octave which is not above
 * the value, and one more from the next bucket's least integer on. A step is narrower than a bucket.
 */
const stepBits = 6
const keyOfStep = Int16Array.from({ length: 32 << stepBits }, (_, i) =>
  keyByLog(2 ** (i >> stepBits) * (1 + (i & 63) / 64)),
)
const leastOfKey = Float64Array.from({ length: 32 * bucketsPerOctave + 2 }, (_, key) => {
  let least = Math.ceil(2 ** ((key - 1) / bucketsPerOctave))
  while (least > 1 && keyByLog(least - 1) >= key) least--
  while (keyByLog(least) < key) least++
  return least
})

function keyOfWord(size: number): number {
  if (size === 0) return 0
  const octave = 31 - Math.clz32(size)
  const step = (octave < stepBits ? size << (stepBits - octave) : size >>> (octave - stepBits)) & 63
  const key = keyOfStep[(octave << stepBits) | step]!
  return size < leastOfKey[key + 1]! ? key : key + 1
}

/** The value that stands for a bucket, in ns: at most 2^(1/64) - 1 = 1.09 % off any value in it. */
export function representative(key: number): number {
  if (key === 0) return 0
  return Math.sign(key) * (middles[Math.abs(key)] ?? middleOf(Math.abs(key)))
}

const middleOf = (key: number): number => 2 ** ((key - 0.5) / bucketsPerOctave)
/** A list of thousands of quantiles spends more on powers than on anything else. */
const middles = Float64Array.from({ length: 64 * bucketsPerOctave }, (_, key) => middleOf(key))

/** `lo <= |x| < hi` in ns for a positive key; for a negative one `lo < x <= hi`; [0, 0] for key 0. */
export function bucketBounds(key: number): { lo: number; hi: number } {
  if (key === 0) return { lo: 0, hi: 0 }
  const near = 2 ** ((Math.abs(key) - 1) / bucketsPerOctave)
  const far = 2 ** (Math.abs(key) / bucketsPerOctave)
  return key > 0 ? { lo: near, hi: far } : { lo: -far, hi: -near }
}

/** How many values are in it. */
export function total(histogram: Histogram): number {
  return histogram.counts.reduce((sum, count) => sum + count, 0)
}

/**
 * The value of rank ceil(q n), 0 < q <= 1, as the representative of its bucket in ns; null for an empty histogram.
 * The rank rule is fixed: at 1,700 values two rules differ by up to 12 % at p99.
 */
export function quantile(histogram: Histogram, q: number): number | null {
  return quantiles(histogram, [q])[0] ?? null
}

/** Several quantiles at once, in the order of `qs`. */
export function quantiles({ keys, counts }: Histogram, qs: readonly number[]): (number | null)[] {
  const cumulative: number[] = []
  let n = 0
  for (const count of counts) cumulative.push((n += count))
  return qs.map((q) => {
    if (n <= 0) return null
    return representative(keys[firstAtLeast(cumulative, rankAt(q, n))]!)
  })
}

/** ceil(q n) of whole counts; of weighted ones, which may be fractions, q n itself but for rounding. */
const rankAt = (q: number, n: number): number =>
  Number.isInteger(n) ? Math.max(1, Math.ceil(q * n)) : q * n * (1 - 1e-12)

/** Key of the bucket that the share `q` of all values reaches; undefined for an empty histogram. */
export function keyAt({ keys, counts }: Histogram, q: number): number | undefined {
  const cumulative: number[] = []
  let n = 0
  for (const count of counts) cumulative.push((n += count))
  return n <= 0 ? undefined : keys[firstAtLeast(cumulative, rankAt(q, n))]
}

/** Keys of the buckets that hold the values of some ranks, from 1 on; of a histogram that is not empty. */
export function keysAtRanks({ keys, counts }: Cells, ranks: readonly number[]): number[] {
  const cumulative = new Array<number>(counts.length)
  let n = 0
  for (let i = 0; i < counts.length; i++) cumulative[i] = n += counts[i]!
  return ranks.map((rank) => keys[firstAtLeast(cumulative, rank)]!)
}

/** Upper edge of the highest bucket that holds anything: there is no maximum that could be taken back. */
export function upperEdge({ keys, counts }: Histogram): number | null {
  for (let i = keys.length - 1; i >= 0; i--) if (counts[i]! > 0) return bucketBounds(keys[i]!).hi
  return null
}

/** Histogram of all values of all of them: exactly what one histogram of all the values would be. */
export function merge(histograms: Iterable<Cells>): Histogram {
  const sums = new Map<number, number>()
  for (const { keys, counts } of histograms) {
    for (let i = 0; i < keys.length; i++) sums.set(keys[i]!, (sums.get(keys[i]!) ?? 0) + counts[i]!)
  }
  const keys = [...sums.keys()].sort((a, b) => a - b)
  return { keys, counts: keys.map((key) => sums.get(key)!) }
}

/** Histogram of integers of ns. */
export function histogramOf(values: Iterable<number>): Histogram {
  const sums = new Map<number, number>()
  for (const value of values) {
    const key = bucketKey(value)
    sums.set(key, (sums.get(key) ?? 0) + 1)
  }
  const keys = [...sums.keys()].sort((a, b) => a - b)
  return { keys, counts: keys.map((key) => sums.get(key)!) }
}

/** Index of the first number >= `rank` in an ascending list that ends with one. */
function firstAtLeast(ascending: readonly number[], rank: number): number {
  let lo = 0
  let hi = ascending.length - 1
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (ascending[mid]! >= rank) hi = mid
    else lo = mid + 1
  }
  return lo
}
