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

export function pathOnRows(index: TraceIndex, rows: readonly Row[], visible: readonly number[]): PathOnRows {
  const position = positionsOf(rows, visible)
  const rowOfSpan = rowsOfSpans(rows)
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

/** The pieces of connectors that cross a slice of visible rows. */
export function connectorsIn(connectors: readonly Connector[], first: number, end: number): Connector[] {
  return connectors.filter(({ fromRow, toRow }) => Math.min(fromRow, toRow) < end && Math.max(fromRow, toRow) >= first)
}
