/**
 * Which rows are on the screen: what is open, what the viewport shows, and what a row draws when it hides others.
 */
import type { Interval, TraceIndex, TraceSpan } from './index.ts'
import { ownPieces, type Piece } from './pieces.ts'
import type { Row } from './rows.ts'

/** Keys whose state differs from `openAtFirst`: small, and still right after a refetch. */
export type Toggled = ReadonlySet<string>

export const asAtFirst: Toggled = new Set()

export function rowsByKey(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row, at) => [row.key, at]))
}

export function isOpen(row: Row, toggled: Toggled): boolean {
  return row.openAtFirst !== (toggled.size > 0 && toggled.has(row.key))
}

export function isParent(row: Row, at: number): boolean {
  return row.end > at + 1
}

/** Indexes of the rows no closed row hides, in order. */
export function visibleRows(rows: readonly Row[], toggled: Toggled): number[] {
  const visible: number[] = []
  for (let i = 0; i < rows.length;) {
    const row = rows[i]!
    visible.push(i)
    i = isOpen(row, toggled) ? i + 1 : row.end
  }
  return visible
}

/** What to toggle so that every ancestor of a row is open. */
export function reveal(rows: readonly Row[], toggled: Toggled, at: number): Toggled {
  const next = new Set(toggled)
  for (let i = rows[at]?.parent ?? -1; i >= 0; i = rows[i]!.parent) {
    const row = rows[i]!
    if (!isOpen(row, next)) flip(next, row.key)
  }
  return next
}

export function toggle(toggled: Toggled, key: string): Toggled {
  const next = new Set(toggled)
  flip(next, key)
  return next
}

/** Opens or closes every row that has something below it. */
export function toggleAll(rows: readonly Row[], open: boolean): Toggled {
  const next = new Set<string>()
  rows.forEach((row, at) => {
    if (isParent(row, at) && row.openAtFirst !== open) next.add(row.key)
  })
  return next
}

/** Opens the closed rows of the topmost level that is in sight and has some, or closes the open ones of the deepest. */
export function toggleLevel(rows: readonly Row[], toggled: Toggled, open: boolean): Toggled {
  const parents = visibleRows(rows, toggled).filter(
    (at) => isParent(rows[at]!, at) && isOpen(rows[at]!, toggled) !== open,
  )
  const levels = parents.map((at) => rows[at]!.level)
  const level = levels.reduce((one, other) => (open ? Math.min(one, other) : Math.max(one, other)), levels[0] ?? 0)
  const next = new Set(toggled)
  for (const at of parents) if (rows[at]!.level === level) flip(next, rows[at]!.key)
  return next
}

function flip(set: Set<string>, key: string): void {
  if (!set.delete(key)) set.add(key)
}

/** The slice of `count` rows of equal height that a scrolled viewport shows, with some rows to spare on both sides. */
export function windowOfRows(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  count: number,
  spare = 8,
): { first: number; end: number } {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - spare)
  const end = Math.min(count, Math.ceil((scrollTop + viewport) / rowHeight) + spare)
  return { first: Math.min(first, Math.max(0, count - 1)), end: Math.max(end, 0) }
}

/**
 * Pieces of a row's bar in time order, waiting filled in between, so that they cover the row without a gap.
 * @param raw every span's pieces stand where its own clock put the span; durations are the same.
 */
export function rowPieces(index: TraceIndex, rows: readonly Row[], at: number, open: boolean, raw = false): Piece[] {
  const row = rows[at]!
  const spans = [...row.bar]
  if (row.folds && !open) {
    for (let i = at + 1; i < row.end; i++) {
      for (const span of rows[i]!.bar) if (!spans.includes(span)) spans.push(span)
    }
  }
  const own = spans
    .flatMap((span) => (raw ? moved(ownPieces(index, span), span.rawFrom - span.from) : ownPieces(index, span)))
    .sort((a, b) => a.from - b.from || a.to - b.to)
  return fillWaiting(mergeAlike(own), intervalOf(row.span, raw))
}

/** Where a span is drawn. */
export function intervalOf({ from, to, rawFrom }: TraceSpan, raw: boolean): Interval {
  return raw ? { from: rawFrom, to: rawFrom + (to - from) } : { from, to }
}

function moved(pieces: readonly Piece[], ns: number): Piece[] {
  return pieces.map((piece) => ({ ...piece, from: piece.from + ns, to: piece.to + ns }))
}

/** Stages of one proxy touch each other: one piece, not one a stage. */
function mergeAlike(pieces: readonly Piece[]): Piece[] {
  const merged: Piece[] = []
  for (const piece of pieces) {
    const last = merged[merged.length - 1]
    const alike = last?.kind === piece.kind && last.way === piece.way && last.fidelity === piece.fidelity
    if (last && alike && piece.from <= last.to) {
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, piece.to) }
    } else merged.push(piece)
  }
  return merged
}

function fillWaiting(pieces: readonly Piece[], whole: Interval): Piece[] {
  const filled: Piece[] = []
  let at = whole.from
  const wait = (to: number) => {
    if (to > at) filled.push({ from: at, to, kind: 'waiting', way: 'none', fidelity: 'exact' })
  }
  for (const piece of pieces) {
    wait(Math.min(piece.from, whole.to))
    filled.push(piece)
    at = Math.max(at, piece.to)
  }
  wait(whole.to)
  return filled
}
