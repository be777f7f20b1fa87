/** What one exchange says about an offset, ns: causality allows nothing outside. Both ends belong to it. */
export interface Interval {
  readonly lo: number
  readonly up: number
}

/** The values that most intervals hold: from the first such value to the last. */
export interface Agreement extends Interval {
  /** How many intervals hold them. */
  readonly m: number
}

/** Marzullo's algorithm; null without intervals. O(n log n). */
export function mostCovered(intervals: readonly Interval[]): Agreement | null {
  const { begins, ends } = sorted(intervals)
  let m = 0
  for (let i = 0, j = 0; i < begins.length; m = Math.max(m, i - j)) {
    if (begins[i]! <= ends[j]!) i++
    else j++
  }
  const held = stretches(begins, ends, m)
  return m === 0 ? null : { lo: held[0]!.lo, up: held.at(-1)!.up, m }
}

/** The values around `agreed` that all but so many of the intervals that agree hold. */
export function allBut(spared: number, intervals: readonly Interval[], agreed: Agreement): Interval {
  const { begins, ends } = sorted(intervals)
  const around = stretches(begins, ends, Math.max(1, agreed.m - spared)).filter(
    ({ lo, up }) => lo <= agreed.up && up >= agreed.lo,
  )
  return { lo: around[0]?.lo ?? agreed.lo, up: around.at(-1)?.up ?? agreed.up }
}

const sorted = (intervals: readonly Interval[]) => ({
  begins: Float64Array.from(intervals, ({ lo }) => lo).sort(),
  ends: Float64Array.from(intervals, ({ up }) => up).sort(),
})

/** Where at least `least` intervals lie over each other, ascending. */
function stretches(begins: Float64Array, ends: Float64Array, least: number): Interval[] {
  const found: Interval[] = []
  let lo = 0
  for (let i = 0, j = 0; j < ends.length;) {
    if (i < begins.length && begins[i]! <= ends[j]!) {
      if (++i - j === least) lo = begins[i - 1]!
    } else if (i - j++ === least) found.push({ lo, up: ends[j - 1]! })
  }
  return found
}

/**
 * How many of the first 1, 2, 3 … intervals agree on one value. O(n log n): a tree over the ends of the intervals that
 * adds to a range and knows its maximum.
 */
export function agreementOfFirst(intervals: readonly Interval[]): number[] {
  const points = [...new Set(intervals.flatMap(({ lo, up }) => [lo, up]))].sort((a, b) => a - b)
  const indexOf = new Map(points.map((point, index) => [point, index]))
  const most = new Int32Array(4 * points.length)
  const pending = new Int32Array(4 * points.length)
  const add = (node: number, left: number, right: number, from: number, to: number): void => {
    if (to < left || right < from) return
    if (from <= left && right <= to) {
      most[node]!++
      pending[node]!++
      return
    }
    const middle = (left + right) >> 1
    add(2 * node, left, middle, from, to)
    add(2 * node + 1, middle + 1, right, from, to)
    most[node] = pending[node]! + Math.max(most[2 * node]!, most[2 * node + 1]!)
  }
  return intervals.map(({ lo, up }) => {
    add(1, 0, points.length - 1, indexOf.get(lo)!, indexOf.get(up)!)
    return most[1]!
  })
}
