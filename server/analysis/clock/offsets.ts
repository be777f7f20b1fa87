import { pairKeys } from '../learned/pair-keys.ts'
import { timeline, type LearnedRow } from '../learned/timeline.ts'
import type { Interval } from './intersection.ts'

/** clock(to) - clock(from) = theta ± epsilon, whole ns: what is made of them is stored as whole ns, and shown as it is stored. */
export interface Offset {
  readonly theta: number
  readonly epsilon: number
}

/** Offset between two clock domains at an instant (Unix ms); undefined: not known. */
export type OffsetLookup = (from: string, to: string, atMs: number) => Offset | undefined

/** What is known of an ordered pair of clocks from an instant on. */
export interface OffsetRow extends LearnedRow {
  readonly from: string
  readonly to: string
  /** Unix ms. */
  readonly toMs: number
  /** ns; null: known to be unknown. */
  readonly bounds: Interval | null
  /** Exchanges of the pair itself, and how many of them agree; 0 where only third clocks tell. */
  readonly n: number
  readonly m: number
}

/** Two clocks drift apart by so much at most: NTP's own assumption is 15 ppm for disciplined ones. */
const driftPerMs = 50
const longestCarryMs = 30 * 60_000

export interface OffsetTable {
  add(row: OffsetRow): void
  readonly lookup: OffsetLookup
}

/** Estimates by pair and time. After its window an estimate holds on, less and less certain, for half an hour. */
export function offsetTable(mostPairs?: number): OffsetTable {
  const pairs = timeline<OffsetRow>(mostPairs)
  return {
    add(row) {
      const { from, to, bounds } = row
      if (from < to) pairs.add(keyOf(from, to), row)
      else pairs.add(keyOf(to, from), { ...row, bounds: bounds && { lo: -bounds.up, up: -bounds.lo } })
    },
    lookup(from, to, atMs) {
      const turned = from > to
      const row = pairs.at(turned ? keyOf(to, from) : keyOf(from, to), atMs)
      if (!row?.bounds) return undefined
      const age = Math.max(0, atMs - row.toMs)
      if (age > longestCarryMs) return undefined
      const { lo, up } = row.bounds
      const theta = Math.round((lo + up) / 2)
      const epsilon = Math.ceil(Math.max(up - theta, theta - lo) + driftPerMs * age)
      return { theta: turned ? -theta : theta, epsilon }
    },
  }
}

const keyOf = pairKeys()
