import type { Interval } from './intersection.ts'

/** clock(to) - clock(from) = theta ± epsilon, ns. */
export interface Offset {
  readonly theta: number
  readonly epsilon: number
}

/** Offset between two clock domains at an instant (Unix ms); undefined: not known. */
export type OffsetLookup = (from: string, to: string, atMs: number) => Offset | undefined

/** What is known of an ordered pair from an instant on. */
export interface OffsetRow {
  readonly from: string
  readonly to: string
  /** Unix ms. */
  readonly fromMs: number
  readonly toMs: number
  /** ns; null: known to be unknown. */
  readonly bounds: Interval | null
}

/** Two clocks drift apart by so much at most: NTP's own assumption is 15 ppm for disciplined ones. */
const driftPerMs = 50
const longestCarryMs = 30 * 60_000
/** Per pair; older ones are forgotten. */
const rowsPerPair = 64

export interface OffsetTable {
  /** A row with the same pair and beginning as an earlier one replaces it. */
  add(row: OffsetRow): void
  readonly lookup: OffsetLookup
}

/** Estimates by pair and time. After its window an estimate holds on, less and less certain, for half an hour. */
export function offsetTable(mostPairs = 50_000): OffsetTable {
  const pairs = new Map<string, OffsetRow[]>()
  return {
    add(row) {
      const forward = row.from < row.to ? row : turned(row)
      const key = keyOf(forward.from, forward.to)
      const rows = pairs.get(key) ?? []
      // The pair that was told of longest ago goes first.
      pairs.delete(key)
      if (pairs.size >= mostPairs) pairs.delete(pairs.keys().next().value!)
      pairs.set(key, rows)
      const at = rows.findIndex(({ fromMs }) => fromMs >= forward.fromMs)
      if (at < 0) rows.push(forward)
      else rows.splice(at, rows[at]!.fromMs === forward.fromMs ? 1 : 0, forward)
      if (rows.length > rowsPerPair) rows.shift()
    },
    lookup(from, to, atMs) {
      const turn = from > to
      const rows = pairs.get(turn ? keyOf(to, from) : keyOf(from, to))
      const row = rows?.findLast(({ fromMs }) => fromMs <= atMs)
      if (!row?.bounds) return undefined
      const age = Math.max(0, atMs - row.toMs)
      if (age > longestCarryMs) return undefined
      const { lo, up } = row.bounds
      const theta = (lo + up) / 2
      return { theta: turn ? -theta : theta, epsilon: (up - lo) / 2 + driftPerMs * age }
    },
  }
}

const keyOf = (from: string, to: string) => `${from}\n${to}`

const turned = ({ from, to, bounds, ...window }: OffsetRow): OffsetRow => ({
  ...window,
  from: to,
  to: from,
  bounds: bounds && { lo: -bounds.up, up: -bounds.lo },
})
