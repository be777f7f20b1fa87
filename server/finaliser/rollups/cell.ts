import { bucketKey } from '../../statistics/histogram.ts'
import { Buckets } from './buckets.ts'

/**
 * What one row of a rollup adds up to: counts, a histogram, and the exact sums of values and of their squares, which a
 * double does not hold. Values are integers of ns; a sign of -1 takes one back.
 */
export interface Cell {
  requests: number
  errors: number
  /** How many values there are among the requests. */
  n: number
  readonly hist: Buckets
  /** Exact up to what `pending` holds. */
  sum: bigint
  squares: bigint
  readonly pending: Float64Array
}

/**
 * Values below 2^40 (18 minutes) are cut in two halves a and b of 20 bits, v = a 2^20 + b: sums of v, a², ab and b² of so many
 * values stay below 2^53, where doubles are exact, and go into bigints together. Larger values go there one by one.
 */
const half = 2 ** 20
const short = half * half
const pendingMost = 4096

export function emptyCell(): Cell {
  return { requests: 0, errors: 0, n: 0, hist: new Buckets(), sum: 0n, squares: 0n, pending: new Float64Array(5) }
}

/** @param value ns, an integer; null: a request without a value. @param sign 1, or -1 to take back. */
export function addTo(cell: Cell, value: number | null, error: boolean, sign: 1 | -1): void {
  cell.requests += sign
  if (error) cell.errors += sign
  if (value === null) return
  cell.n += sign
  cell.hist.add(bucketKey(value), sign)
  if (value >= short || value <= -short) {
    const exact = BigInt(value)
    cell.sum += BigInt(sign) * exact
    cell.squares += BigInt(sign) * exact * exact
    return
  }
  const { pending } = cell
  const a = Math.trunc(value / half)
  const b = value - a * half
  pending[0]! += sign * value
  pending[1]! += sign * a * a
  pending[2]! += sign * a * b
  pending[3]! += sign * b * b
  if (++pending[4]! >= pendingMost) settleSums(cell)
}

/** Brings `sum` and `squares` up to date. */
export function settleSums(cell: Cell): void {
  const { pending } = cell
  cell.sum += BigInt(pending[0]!)
  cell.squares += (BigInt(pending[1]!) << 40n) + (BigInt(2 * pending[2]!) << 20n) + BigInt(pending[3]!)
  pending.fill(0)
}
