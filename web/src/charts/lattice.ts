/** A heatmap's counts as they are drawn: what is empty below and above cut away, thin rows put together. */

/** The part of the API's Heatmap that is drawn. */
export interface Counts {
  /** Rows + 1 borders, ns, ascending. */
  readonly boundsNs: readonly number[]
  /** `counts[column][row]` */
  readonly counts: readonly (readonly number[])[]
}

export interface Lattice {
  readonly columns: number
  readonly rows: number
  /** Rows + 1 borders, ns, ascending. */
  readonly bounds: readonly number[]
  /** Row 0 holds what no clock shows: zero has no place on a logarithmic axis and gets a band of its own. */
  readonly hasZero: boolean
  /** At `column * rows + row`. */
  readonly counts: Uint32Array
  /** Of the fullest cell; 0 when all are empty. */
  readonly max: number
}

/** Less than any emitter's clock tells apart: a difference within the tolerance, counted as zero. */
export const clockLimitNs = 1_000

/** @param maxRows more than these are merged, neighbours into one, so that a cell stays large enough to be seen. */
export function latticeOf({ boundsNs, counts }: Counts, maxRows: number): Lattice {
  const perRow = rowTotals(counts, boundsNs.length - 1)
  const zeroRows = boundsNs.filter((bound, row) => row < perRow.length && bound < clockLimitNs).length
  const hasZero = perRow.slice(0, zeroRows).some((total) => total > 0)
  const first = firstFilled(perRow, zeroRows)
  if (first === -1) return { ...nothing, columns: counts.length, ...(hasZero && onlyZero(counts, zeroRows)) }
  const end = perRow.findLastIndex((total) => total > 0) + 1
  const merged = Math.ceil((end - first) / maxRows)
  const rows = Math.ceil((end - first) / merged)
  const zero = hasZero ? 1 : 0
  const bounds = Array.from({ length: rows + 1 }, (_, row) => boundsNs[Math.min(end, first + row * merged)]!)
  const filled = new Uint32Array(counts.length * (rows + zero))
  counts.forEach((column, x) => {
    const at = x * (rows + zero)
    if (hasZero) filled[at] = sum(column, 0, zeroRows)
    for (let row = 0; row < rows; row++) {
      const from = first + row * merged
      filled[at + zero + row] = sum(column, from, Math.min(end, from + merged))
    }
  })
  return {
    columns: counts.length,
    rows: rows + zero,
    bounds: hasZero ? [0, ...bounds] : bounds,
    hasZero,
    counts: filled,
    max: largest(filled),
  }
}

const nothing = { rows: 0, bounds: [], hasZero: false, counts: new Uint32Array(0), max: 0 }

function onlyZero(counts: Counts['counts'], zeroRows: number): Omit<Lattice, 'columns'> {
  const filled = Uint32Array.from(counts, (column) => sum(column, 0, zeroRows))
  return { rows: 1, bounds: [0, clockLimitNs], hasZero: true, counts: filled, max: largest(filled) }
}

function rowTotals(counts: Counts['counts'], rows: number): number[] {
  const totals = new Array<number>(Math.max(0, rows)).fill(0)
  for (const column of counts) for (let row = 0; row < rows; row++) totals[row]! += column[row] ?? 0
  return totals
}

function firstFilled(perRow: readonly number[], from: number): number {
  for (let row = from; row < perRow.length; row++) if (perRow[row]! > 0) return row
  return -1
}

function sum(column: readonly number[], from: number, to: number): number {
  let total = 0
  for (let row = from; row < to; row++) total += column[row] ?? 0
  return total
}

function largest(counts: Uint32Array): number {
  let max = 0
  for (const count of counts) if (count > max) max = count
  return max
}
