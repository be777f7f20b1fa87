/** Minutes of a stratum, added up many times over: drawn again in blocks, or cut into stretches. */
import { addTo, type Buckets, type Part } from './cohort.ts'
import type { Random } from './shift.ts'

/** Minutes that are drawn again together. */
export const blockMinutes = 5

/** What is added up, of a side of n minutes: i < n stands for the block that begins with minute i and goes round the end, n + i for minute i alone. */
export type Pick = Int32Array

/** As many minutes, of blocks that begin anywhere (Kuensch). */
export function draw(minutes: number, random: Random): Pick {
  const picked: number[] = []
  for (let left = minutes; left > 0; left -= blockMinutes) {
    const at = Math.floor(random() * minutes)
    if (left >= blockMinutes) picked.push(at)
    else for (let i = 0; i < left; i++) picked.push(minutes + ((at + i) % minutes))
  }
  return Int32Array.from(picked)
}

/** Stretches that follow each other. @param length minutes, a multiple of a block's. */
export const cut = (minutes: number, length: number): Pick[] =>
  Array.from({ length: Math.floor(minutes / length) }, (_, stretch) =>
    Int32Array.from({ length: length / blockMinutes }, (_, i) => stretch * length + i * blockMinutes),
  )

/** Writes counts by bucket of what is picked to `into`. */
export type Summer = (pick: Pick, into: Float64Array) => void

/** A table of counts is read so much faster than a list of them: with more cells a count, the list is. */
const cellsACount = 16

/** Summers of one stratum after the other: the last one's holds until the next. */
export function summersOf(minutes: number): (parts: readonly Part[], buckets: Buckets) => Summer {
  let room = new Float64Array(0)
  return (parts, buckets) => {
    const counts = parts.reduce((sum, { histogram }) => sum + histogram.keys.length, 0)
    const cells = minutes * buckets.width
    if (counts * cellsACount <= cells) return ofList(parts, minutes, buckets, counts)
    if (room.length < 2 * cells) room = new Float64Array(2 * cells)
    return ofTable(room.fill(0, 0, 2 * cells), parts, minutes, buckets)
  }
}

function ofTable(table: Float64Array, parts: readonly Part[], minutes: number, { least, width }: Buckets): Summer {
  const alone = minutes * width
  for (const { minute, histogram } of parts) addTo(table, alone + minute * width, histogram, least)
  for (let block = 0; block < minutes; block++)
    for (let i = 0; i < blockMinutes; i++) {
      const from = alone + ((block + i) % minutes) * width
      for (let at = 0; at < width; at++) table[block * width + at]! += table[from + at]!
    }
  return (pick, into) => {
    into.fill(0)
    const of = (i: number) => pick[i]! * width
    let i = 0
    // Eight rows a round: what is written once is read once.
    for (; i + 8 <= pick.length; i += 8) {
      const [p, q, r, s] = [of(i), of(i + 1), of(i + 2), of(i + 3)]
      const [t, u, v, w] = [of(i + 4), of(i + 5), of(i + 6), of(i + 7)]
      for (let at = 0; at < width; at++)
        into[at]! +=
          table[p + at]! +
          table[q + at]! +
          table[r + at]! +
          table[s + at]! +
          table[t + at]! +
          table[u + at]! +
          table[v + at]! +
          table[w + at]!
    }
    for (; i < pick.length; i++) {
      const from = of(i)
      for (let at = 0; at < width; at++) into[at]! += table[from + at]!
    }
  }
}

function ofList(parts: readonly Part[], minutes: number, { least }: Buckets, counts: number): Summer {
  const ends = new Int32Array(minutes + 1)
  const buckets = new Int32Array(counts)
  const values = new Float64Array(counts)
  let next = 0
  let minute = 0
  for (const { minute: of, histogram } of parts.toSorted((x, y) => x.minute - y.minute)) {
    while (minute <= of) ends[minute++] = next
    histogram.keys.forEach((key, i) => {
      buckets[next] = Math.max(0, key - least)
      values[next++] = Math.max(0, histogram.counts[i]!)
    })
  }
  while (minute <= minutes) ends[minute++] = next
  const add = (minute: number, into: Float64Array): void => {
    for (let i = ends[minute]!; i < ends[minute + 1]!; i++) into[buckets[i]!]! += values[i]!
  }
  return (pick, into) => {
    into.fill(0)
    for (const one of pick) {
      if (one >= minutes) add(one - minutes, into)
      else for (let i = 0; i < blockMinutes; i++) add((one + i) % minutes, into)
    }
  }
}
