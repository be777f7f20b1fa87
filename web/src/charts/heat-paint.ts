/**
 * The pixels of a heatmap. Each pixel is written once, into memory: a rectangle a cell took several times as long, and its edges
 * fell between device pixels.
 */
import type { Stretch } from './heat-frame.ts'
import type { Lattice } from './lattice.ts'

/** Steps of the density ramp. */
export const heatSteps = 7

/** A cell of one request is the palest step and one of `heatFull(max)` the strongest, in steps of equal ratio. */
export function heatStep(count: number, full: number): number {
  if (count <= 0) return 0
  return Math.min(heatSteps, 1 + Math.floor((heatSteps - 1e-9) * (Math.log(count) / Math.log(full + 1))))
}

/** Few requests stay pale: a cell of one is not dense because no other cell has two. */
export function heatFull(max: number): number {
  return Math.max(heatSteps, max)
}

/** The smallest count of each step of the ramp, for the legend. */
export function heatThresholds(full: number): number[] {
  return Array.from({ length: heatSteps }, (_, i) => Math.ceil((full + 1) ** (i / heatSteps) - 1e-6))
}

/**
 * For each device pixel along an axis the index of the cell that covers it, -1 in the gap between two.
 * @param ratio device pixels a px.
 */
export function cellsAlong(stretches: readonly Stretch[], ratio: number, pixels: number, gap: number): Int32Array {
  const cells = new Int32Array(pixels).fill(-1)
  stretches.forEach(([start, stop], cell) => {
    const [from, to] = [Math.round(start * ratio), Math.round(stop * ratio)]
    // A cell never vanishes: too thin for a gap, it goes without.
    const end = to - from > 2 * gap ? to - gap : Math.max(to, from + 1)
    cells.fill(cell, Math.max(0, from), Math.max(0, Math.min(end, pixels)))
  })
  return cells
}

/**
 * @param pixels one number a device pixel, rows from the top.
 * @param colours packed as the pixels are, `colours[0]` for an empty cell, then one a step.
 */
export function paintCells(
  pixels: Uint32Array,
  lattice: Lattice,
  columnAt: Int32Array,
  rowAt: Int32Array,
  colours: Uint32Array,
): void {
  const { rows, counts } = lattice
  const full = heatFull(lattice.max)
  const cellColours = Uint32Array.from(counts, (count) => colours[heatStep(count, full)]!)
  const width = columnAt.length
  const empty = colours[0]!
  let above = -2
  for (let y = 0; y < rowAt.length; y++) {
    const start = y * width
    const row = rowAt[y]!
    if (row === above) pixels.copyWithin(start, start - width, start)
    else if (row < 0) pixels.fill(empty, start, start + width)
    else
      for (let x = 0; x < width; x++) {
        const column = columnAt[x]!
        pixels[start + x] = column < 0 ? empty : cellColours[column * rows + row]!
      }
    above = row
  }
}

/** `#rrggbb` as a pixel of an ImageData on a little-endian machine, which every browser's is; '' is transparent. */
export function packColour(hex: string): number {
  const digits = /^#([0-9a-f]{6})$/i.exec(hex.trim())?.[1]
  if (!digits) return 0
  const [r, g, b] = [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16))
  return ((255 << 24) | (b! << 16) | (g! << 8) | r!) >>> 0
}
