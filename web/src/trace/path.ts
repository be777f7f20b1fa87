/**
 * The critical path on the rows that are visible: every segment lies on the row that owns it, or on the closest open
 * ancestor when that row is folded away. The lengths of all marks add up to the duration of the trace (D7, I1).
 */
import type { Interval, TraceIndex } from './index.ts'
import type { Row } from './rows.ts'

/** The path in time order, by position among the visible rows; arrays of numbers, as there may be 200,000 segments. */
export interface PathOnRows {
  readonly from: Float64Array
  readonly to: Float64Array
  readonly row: Int32Array
  /** Segments of the row at position p: those at `order[start[p]]` up to `order[start[p + 1]]`. */
  readonly order: Int32Array
  readonly start: Int32Array
}

/** @param rowOfSpan of `rowsOfSpans`, which stays the same while rows open and close. */
export function pathOnRows(
  index: TraceIndex,
  rows: readonly Row[],
  visible: readonly number[],
  rowOfSpan: Int32Array,
): PathOnRows {
  const position = positionsOf(rows, visible)
  const { length, span, from, to } = index.path
  const row = new Int32Array(length)
  for (let i = 0; i < length; i++) row[i] = position[rowOfSpan[span[i]!]!]!
  const start = new Int32Array(visible.length + 1)
  for (const at of row) start[at + 1]!++
  for (let at = 0; at < visible.length; at++) start[at + 1]! += start[at]!
  const order = new Int32Array(row.length)
  const next = start.slice()
  row.forEach((at, segment) => (order[next[at]!++] = segment))
  return { from, to, row, order, start }
}

/** For every row the position of itself, or of the closest ancestor on the screen. */
function positionsOf(rows: readonly Row[], visible: readonly number[]): Int32Array {
  const position = new Int32Array(rows.length)
  let next = 0
  for (let i = 0; i < rows.length; i++) {
    const { parent } = rows[i]!
    if (visible[next] === i) position[i] = next++
    else position[i] = parent < 0 ? 0 : position[parent]!
  }
  return position
}

/** Stretches of the path on one row, in time order; segments that follow each other as one. */
export function stretchesOn({ from, to, order, start }: PathOnRows, position: number): Interval[] {
  const stretches: Interval[] = []
  for (let i = start[position] ?? 0; i < (start[position + 1] ?? 0); i++) {
    const segment = order[i]!
    const last = stretches[stretches.length - 1]
    if (last && last.to === from[segment]) last.to = to[segment]!
    else stretches.push({ from: from[segment]!, to: to[segment]! })
  }
  return stretches
}

/** Row of every span, by its place in the answer. Later rows are finer: a proxy's row wins over the hop whose bar shows it. */
export function rowsOfSpans(index: TraceIndex, rows: readonly Row[]): Int32Array {
  const rowOf = new Int32Array(index.spans.size).fill(-1)
  rows.forEach((row, at) => {
    for (const span of row.bar) rowOf[span.at] = at
    if (rowOf[row.span.at] === -1) rowOf[row.span.at] = at
  })
  return rowOf
}

/** Pixels of the intervals in view; what lies within half a pixel of each other is one line. */
export function drawnMarks(intervals: readonly Interval[], view: Interval, width: number): DrawnMark[] {
  const scale = width / (view.to - view.from)
  const marks: { x: number; width: number }[] = []
  for (const { from, to } of intervals) {
    if (to < view.from || from > view.to) continue
    const left = Math.min(Math.max((from - view.from) * scale, 0), width - 1)
    const right = Math.min(Math.max((to - view.from) * scale, left + 1), width)
    const last = marks[marks.length - 1]
    if (last && left - (last.x + last.width) < 0.5) last.width = Math.max(last.width, right - last.x)
    else marks.push({ x: left, width: right - left })
  }
  return marks
}

export interface DrawnMark {
  readonly x: number
  readonly width: number
}

/** A line between two rows where the path goes over from one to the other. */
export interface DrawnConnector {
  readonly x: number
  /** Positions, one beyond the slice at most. */
  readonly fromRow: number
  readonly toRow: number
}

/**
 * What crosses the rows `first` to `end`: one line a pixel. Where so many cross that they would paint the rows over, those
 * that only pass by, or come from far away, are left out.
 */
export function drawnConnectors(
  { row, from }: PathOnRows,
  view: Interval,
  width: number,
  { first, end }: { first: number; end: number },
): DrawnConnector[] {
  const scale = width / (view.to - view.from)
  const near = emptyPixels(width)
  const far = emptyPixels(width)
  for (let i = 1; i < row.length; i++) {
    const at = from[i]!
    const [a, b] = [row[i - 1]!, row[i]!]
    if (a === b || at < view.from || at > view.to) continue
    const top = a < b ? a : b
    const bottom = a < b ? b : a
    if (top >= end || bottom < first) continue
    const pixels = top >= first - 1 && bottom <= end ? near : far
    addLine(pixels, Math.round((at - view.from) * scale), Math.max(top, first - 1), Math.min(bottom, end))
  }
  return far.count > width / crowded ? linesOf(near) : [...linesOf(near), ...linesOf(far)]
}

/** px for each line, on average, below which lines are a surface. */
const crowded = 8

/** The longest line at each pixel; `none` where there is none. */
interface Pixels {
  readonly top: Int32Array
  readonly bottom: Int32Array
  count: number
}

const none = -2

function emptyPixels(width: number): Pixels {
  const length = Math.ceil(width) + 1
  return { top: new Int32Array(length).fill(none), bottom: new Int32Array(length).fill(none), count: 0 }
}

function addLine(pixels: Pixels, x: number, top: number, bottom: number): void {
  const isNew = pixels.top[x] === none
  if (isNew) pixels.count++
  pixels.top[x] = isNew ? top : Math.min(pixels.top[x]!, top)
  pixels.bottom[x] = Math.max(pixels.bottom[x]!, bottom)
}

function linesOf({ top, bottom }: Pixels): DrawnConnector[] {
  const lines: DrawnConnector[] = []
  top.forEach((fromRow, x) => {
    if (fromRow !== none) lines.push({ x, fromRow, toRow: bottom[x]! })
  })
  return lines
}
