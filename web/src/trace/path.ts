/**
 * The critical path on the rows that are visible: every segment lies on the row that owns it, or on the closest open
 * ancestor when that row is folded away. The lengths of all marks add up to the duration of the trace (D7, I1).
 */
import type { Interval, TraceIndex } from './index.ts'
import type { Row } from './rows.ts'

/** From one row to the next at the instant the path changes over. */
export interface Connector {
  readonly at: number
  readonly fromRow: number
  readonly toRow: number
}

export interface PathOnRows {
  /** By position among the visible rows. */
  readonly marks: ReadonlyMap<number, readonly Interval[]>
  readonly connectors: readonly Connector[]
}

/** @param rowOfSpan of `rowsOfSpans`, which stays the same while rows open and close. */
export function pathOnRows(
  index: TraceIndex,
  rows: readonly Row[],
  visible: readonly number[],
  rowOfSpan: ReadonlyMap<string, number>,
): PathOnRows {
  const position = positionsOf(rows, visible)
  const marks = new Map<number, Interval[]>()
  const connectors: Connector[] = []
  let before = -1
  for (const { spanId, from, to } of index.path) {
    const row = rowOfSpan.get(spanId)
    const at = row === undefined ? undefined : position[row]
    if (at === undefined) continue
    const here = marks.get(at) ?? []
    const last = here[here.length - 1]
    if (last?.to === from) last.to = to
    else here.push({ from, to })
    marks.set(at, here)
    if (before >= 0 && before !== at) connectors.push({ at: from, fromRow: before, toRow: at })
    before = at
  }
  return { marks, connectors }
}

/** For every row the position of itself, or of the closest ancestor on the screen. */
function positionsOf(rows: readonly Row[], visible: readonly number[]): number[] {
  const position: number[] = []
  let next = 0
  for (let i = 0; i < rows.length; i++) {
    if (visible[next] === i) position[i] = next++
    else position[i] = position[rows[i]!.parent] ?? 0
  }
  return position
}

/** Later rows are finer: a proxy's row wins over the gateway or hop whose bar shows it too. */
export function rowsOfSpans(rows: readonly Row[]): Map<string, number> {
  const map = new Map<string, number>()
  rows.forEach((row, at) => {
    for (const span of row.bar) map.set(span.id, at)
    if (!map.has(row.span.id)) map.set(row.span.id, at)
  })
  return map
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

/** Of what crosses the rows `first` to `end`: one line a pixel, by positions of rows cut at that slice. */
export function drawnConnectors(
  connectors: readonly Connector[],
  view: Interval,
  width: number,
  { first, end }: { first: number; end: number },
): { x: number; fromRow: number; toRow: number }[] {
  const scale = width / (view.to - view.from)
  const lines = new Map<number, { x: number; fromRow: number; toRow: number }>()
  for (const { at, fromRow, toRow } of connectors) {
    const [top, bottom] = fromRow < toRow ? [fromRow, toRow] : [toRow, fromRow]
    if (top >= end || bottom < first || at < view.from || at > view.to) continue
    const x = Math.round((at - view.from) * scale)
    const [cutTop, cutBottom] = [Math.max(top, first - 1), Math.min(bottom, end)]
    const line = lines.get(x)
    if (line) {
      line.fromRow = Math.min(line.fromRow, cutTop)
      line.toRow = Math.max(line.toRow, cutBottom)
    } else lines.set(x, { x, fromRow: cutTop, toRow: cutBottom })
  }
  return [...lines.values()]
}
