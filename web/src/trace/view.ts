/** The stretch of time on the screen: zoom, pan, fit, ticks and pixels. All times ns since the start of the trace. */
import type { Interval } from './index.ts'
import type { Piece } from './pieces.ts'

/** Nobody measures below this, and a narrower window would only show rounding. */
export const narrowest = 100

/** Zooms so that `at` keeps its place on the screen; `factor` below 1 zooms in. */
export function zoom(view: Interval, extent: Interval, factor: number, at = (view.from + view.to) / 2): Interval {
  const length = clamp((view.to - view.from) * factor, narrowest, extent.to - extent.from)
  const share = (at - view.from) / (view.to - view.from)
  return inside({ from: at - share * length, to: at + (1 - share) * length }, extent)
}

/** Pans by a share of the window, positive towards later. */
export function pan(view: Interval, extent: Interval, share: number): Interval {
  const by = (view.to - view.from) * share
  return inside({ from: view.from + by, to: view.to + by }, extent)
}

/** A window around an interval with a tenth of air on both sides. */
export function fit({ from, to }: Interval, extent: Interval): Interval {
  const air = Math.max((to - from) * 0.1, narrowest / 2)
  return inside({ from: from - air, to: to + air }, extent)
}

/** Centres an interval without changing the length of the window. */
export function centre({ from, to }: Interval, view: Interval, extent: Interval): Interval {
  const half = (view.to - view.from) / 2
  const middle = (from + to) / 2
  return inside({ from: middle - half, to: middle + half }, extent)
}

/** Moved, and only then cut, to lie within the extent. */
export function inside({ from, to }: Interval, extent: Interval): Interval {
  const length = clamp(to - from, Math.min(narrowest, extent.to - extent.from), extent.to - extent.from)
  const start = clamp(from, extent.from, extent.to - length)
  return { from: start, to: start + length }
}

export function isWhole(view: Interval, extent: Interval): boolean {
  return view.from <= extent.from && view.to >= extent.to
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high)

/** Round instants inside the window, at most `most` of them, steps of 1, 2, 2.5 or 5. */
export function ticks(view: Interval, most: number): { step: number; at: number[] } {
  const raw = (view.to - view.from) / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((candidate) => candidate >= raw * 0.999) ?? raw
  const at: number[] = []
  for (let k = Math.ceil(view.from / step - 1e-9); k * step <= view.to; k++) at.push(k * step)
  return { step, at }
}

export interface DrawnPiece extends Piece {
  /** Pixels from the left of the track. */
  readonly x: number
  readonly width: number
}

/**
 * Pixels of the pieces in view, cut at its edges. Pieces thinner than a pixel that follow each other share pixels, each
 * painted as what fills most of it, so a span with 10,000 children draws no more marks than there are pixels. A piece
 * standing alone keeps one pixel.
 */
export function drawn(pieces: readonly Piece[], view: Interval, width: number): DrawnPiece[] {
  const scale = width / (view.to - view.from)
  const marks: DrawnPiece[] = []
  let shared: Piece[] = []
  let [start, end] = [0, 0]
  const settle = () => {
    const most = majority(shared)
    if (most) marks.push({ ...most, x: start, width: Math.max(end - start, most.kind === 'waiting' ? 0 : 1) })
    shared = []
  }
  for (const piece of pieces) {
    if (piece.to < view.from || piece.from > view.to) continue
    // Two pixels beyond the edge: the outline of a cut bar must not end inside the track.
    const left = clamp((piece.from - view.from) * scale, -2, width + 2)
    const right = clamp((piece.to - view.from) * scale, -2, width + 2)
    const isThin = right - left < 1
    if (shared.length > 0 && (left - start >= 1 || !isThin)) settle()
    if (!isThin) marks.push({ ...piece, x: left, width: right - left })
    else {
      if (shared.length === 0) start = left
      shared.push(piece)
      end = right
    }
  }
  settle()
  return joined(marks)
}

/** For pieces within a pixel: the kind with most of their time, standing for all of them. */
function majority(shared: readonly Piece[]): Piece | undefined {
  if (shared.length <= 1) return shared[0]
  const time = new Map<string, number>()
  let [most, mostTime] = [shared[0]!, 0]
  for (const piece of shared) {
    const look = piece.kind + piece.way
    const sum = (time.get(look) ?? 0) + piece.to - piece.from
    time.set(look, sum)
    if (sum > mostTime) [most, mostTime] = [piece, sum]
  }
  return { ...most, from: shared[0]!.from, to: shared[shared.length - 1]!.to }
}

/** Neighbours that look alike and touch, as one. */
function joined(marks: readonly DrawnPiece[]): DrawnPiece[] {
  const out: DrawnPiece[] = []
  for (const mark of marks) {
    const last = out[out.length - 1]
    const alike = last?.kind === mark.kind && last.way === mark.way && last.fidelity === mark.fidelity
    if (last && alike && mark.x - (last.x + last.width) < 0.5) {
      out[out.length - 1] = { ...last, to: mark.to, width: Math.max(last.width, mark.x + mark.width - last.x) }
    } else out.push(mark)
  }
  return out
}
