/** A box over a heatmap: from two cells to instants and values, and back to px. */
import type { Cell, HeatFrame } from './heat-frame.ts'

/** Unix ms and ns; null: no edge on that side. */
export interface HeatBox {
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly minNs: number | null
  readonly maxNs: number | null
}

/**
 * The cells between two, whole. A side that lies at the edge of the picture has no edge: what is above the topmost row
 * is slow too. undefined: everything.
 */
export function boxOf(frame: HeatFrame, one: Cell, other: Cell): HeatBox | undefined {
  const { lattice, fromMs, stepMs } = frame
  const [first, last] = [Math.min(one.column, other.column), Math.max(one.column, other.column)]
  const [low, high] = [Math.min(one.row, other.row), Math.max(one.row, other.row)]
  const wide = first === 0 && last === lattice.columns - 1
  const box = {
    fromMs: wide ? null : fromMs + first * stepMs,
    toMs: wide ? null : fromMs + (last + 1) * stepMs,
    minNs: low === 0 ? null : Math.ceil(lattice.bounds[low]!),
    maxNs: high === lattice.rows - 1 ? null : Math.ceil(lattice.bounds[high + 1]!),
  }
  return Object.values(box).every((edge) => edge === null) ? undefined : box
}

/** px; undefined where it lies outside of the picture. */
export function rectOf(frame: HeatFrame, box: HeatBox) {
  const x0 = Math.max(0, frame.x(box.fromMs ?? frame.fromMs))
  const x1 = Math.min(frame.width, frame.x(box.toMs ?? frame.toMs))
  const top = box.maxNs === null ? 0 : Math.max(0, frame.y(box.maxNs))
  const bottom = box.minNs === null ? frame.height : Math.min(frame.height, frame.y(box.minNs))
  return x1 > x0 && bottom > top ? { x: x0, y: top, width: x1 - x0, height: bottom - top } : undefined
}

/** The value at a height of the plot, within a row: rows are equally high on the log axis. */
export function valueAt(frame: HeatFrame, row: number, y: number): number {
  const [top, bottom] = frame.rows[row]!
  const [lo, hi] = [frame.lattice.bounds[row]!, frame.lattice.bounds[row + 1]!]
  const part = Math.min(1, Math.max(0, (bottom - y) / (bottom - top)))
  return lo <= 0 ? hi * part : lo * (hi / lo) ** part
}
