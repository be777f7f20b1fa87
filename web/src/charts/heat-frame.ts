/** Where everything of a heatmap stands: from the answer of the API and the size of the chart to px. */
import type { SeriesPoint } from '../../../server/api/contract-measurements.ts'
import type { Quantile } from '../format/figure.ts'
import { msOf } from '../format/time.ts'
import { clockLimitNs, latticeOf, type Counts, type Lattice } from './lattice.ts'
import { drawnQuantiles } from './percentile-lines.ts'
import { heightOf, scaleOf, type Scale } from './scale.ts'

export interface HeatFrame {
  readonly lattice: Lattice
  readonly scale: Scale
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly width: number
  readonly height: number
  /** px of the band of zeros below the axis, 0 without one; `height` includes it. */
  readonly zeroBand: number
  x(ms: number): number
  ms(x: number): number
  /** The column that an instant lies in; the first or the last for what lies outside. */
  columnOf(ms: number): number
  y(ns: number): number
  readonly rows: readonly Stretch[]
  readonly columns: readonly Stretch[]
}

/** px from the top or the left, the smaller first. */
export type Stretch = readonly [number, number]

/** A cell of less would not be seen, nor hit by a pointer. */
const leastRowPx = 5
const zeroBandPx = 10

/** Of the API's Heatmap what is drawn. */
export interface Drawable extends Counts {
  readonly from: string
  readonly stepMs: number
  readonly timesUnixNano: readonly string[]
}

export function heatFrame(
  heatmap: Drawable,
  points: readonly SeriesPoint[],
  { width, height, chosen = 'p99' }: { width: number; height: number; chosen?: Quantile },
): HeatFrame {
  const lattice = latticeOf(heatmap, Math.max(8, Math.floor(height / leastRowPx)))
  const zeroBand = lattice.hasZero ? zeroBandPx : 0
  const scale = scaleOf('log', [...lattice.bounds.slice(lattice.hasZero ? 1 : 0), ...drawnOf(points, chosen)])
  const yOf = (ns: number) => (1 - heightOf(scale, ns)) * (height - zeroBand)
  const fromMs = msOf(heatmap.timesUnixNano[0] ?? heatmap.from)
  const toMs = fromMs + heatmap.stepMs * Math.max(1, lattice.columns)
  const x = (ms: number) => ((ms - fromMs) / (toMs - fromMs)) * width
  return {
    lattice,
    scale,
    fromMs,
    toMs,
    stepMs: heatmap.stepMs,
    width,
    height,
    zeroBand,
    x,
    ms: (px) => fromMs + (px / width) * (toMs - fromMs),
    columnOf: (ms) => Math.min(lattice.columns - 1, Math.max(0, Math.floor((ms - fromMs) / heatmap.stepMs))),
    y: (ns) => (ns < clockLimitNs ? height - zeroBand / 2 : yOf(ns)),
    rows: Array.from({ length: lattice.rows }, (_, row) =>
      lattice.hasZero && row === 0
        ? [height - zeroBand, height]
        : [yOf(lattice.bounds[row + 1]!), yOf(lattice.bounds[row]!)],
    ),
    columns: Array.from({ length: lattice.columns }, (_, column) => [
      x(fromMs + column * heatmap.stepMs),
      x(fromMs + (column + 1) * heatmap.stepMs),
    ]),
  }
}

const drawnOf = (points: readonly SeriesPoint[], chosen: Quantile) =>
  points.flatMap((point) => drawnQuantiles(chosen).map((quantile) => point[`${quantile}Ns`]))

export interface Cell {
  readonly column: number
  readonly row: number
}

/** The cell under a point of the plot, undefined beside them all. */
export function cellAt({ rows, columns }: HeatFrame, x: number, y: number): Cell | undefined {
  const column = columns.findIndex(([from, to]) => x >= from && x < to)
  const row = rows.findIndex(([from, to]) => y >= from && y < to)
  return column === -1 || row === -1 ? undefined : { column, row }
}

export interface CellFacts {
  readonly fromMs: number
  readonly toMs: number
  /** ns; both 0 for the band of zeros. */
  readonly loNs: number
  readonly hiNs: number
  readonly count: number
  readonly ofColumn: number
}

export function factsOf({ lattice, fromMs, stepMs }: HeatFrame, { column, row }: Cell): CellFacts {
  const { rows, counts, bounds, hasZero } = lattice
  const start = column * rows
  const zero = hasZero && row === 0
  return {
    fromMs: fromMs + column * stepMs,
    toMs: fromMs + (column + 1) * stepMs,
    loNs: zero ? 0 : bounds[row]!,
    hiNs: zero ? 0 : bounds[row + 1]!,
    count: counts[start + row] ?? 0,
    ofColumn: counts.subarray(start, start + rows).reduce((sum, count) => sum + count, 0),
  }
}
