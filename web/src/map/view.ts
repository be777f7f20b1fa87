/** What part of the drawing is seen: a point of it is at `x * k + view.x` px from the left of the frame. */
import type { Point } from './route.ts'

export interface View {
  readonly x: number
  readonly y: number
  /** 1 is 100 %. */
  readonly k: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Bounds extends Size {
  readonly x: number
  readonly y: number
}

const leastK = 0.05
const mostK = 2.5
/** Below this letters cannot be read, so the picture opens no smaller. */
const leastReadableK = 0.6
const margin = 36

/** The point under the pointer stays there. @param at px of the frame. */
export function zoomAt(view: View, factor: number, at: Point): View {
  const k = Math.min(mostK, Math.max(leastK, view.k * factor))
  return { k, x: at.x - ((at.x - view.x) * k) / view.k, y: at.y - ((at.y - view.y) * k) / view.k }
}

export const panBy = (view: View, dx: number, dy: number): View => ({ ...view, x: view.x + dx, y: view.y + dy })

/** All of `bounds`, in the middle; never larger than 100 %. */
export function fit(bounds: Bounds, frame: Size): View {
  const k = Math.min(
    1,
    Math.max(leastK, (frame.width - 2 * margin) / (bounds.width || 1)),
    Math.max(leastK, (frame.height - 2 * margin) / (bounds.height || 1)),
  )
  return centred(k, { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 }, frame)
}

/** All of it where it can be read then, else its beginning at the size of letters. @param start y of the first node. */
export function opening(bounds: Bounds, frame: Size, start: number): View {
  const whole = fit(bounds, frame)
  if (whole.k >= leastReadableK) return whole
  const k = leastReadableK
  const tall = bounds.height * k > frame.height - 2 * margin
  const middle = tall ? start : bounds.y + bounds.height / 2
  const x = bounds.width * k > frame.width - 2 * margin ? margin : (frame.width - bounds.width * k) / 2
  return { k, x, y: frame.height / 2 - middle * k }
}

export const centred = (k: number, { x, y }: Point, frame: Size): View => ({
  k,
  x: frame.width / 2 - x * k,
  y: frame.height / 2 - y * k,
})

/** Moves as little as it takes to have a box in sight. */
export function reveal(view: View, box: Bounds, frame: Size): View {
  const shift = (from: number, length: number, room: number) => {
    if (from < margin) return margin - from
    return from + length > room - margin ? Math.max(margin - from, room - margin - from - length) : 0
  }
  return panBy(
    view,
    shift(box.x * view.k + view.x, box.width * view.k, frame.width),
    shift(box.y * view.k + view.y, box.height * view.k, frame.height),
  )
}

export const toDrawing = (view: View, { x, y }: Point): Point => ({
  x: (x - view.x) / view.k,
  y: (y - view.y) / view.k,
})

/**
 * The part of the drawing in sight and a margin around it, in steps: it changes only now and then while the picture is moved.
 */
export function inSight(view: View, frame: Size): Bounds {
  const step = 240
  const from = toDrawing(view, { x: 0, y: 0 })
  const to = toDrawing(view, { x: frame.width, y: frame.height })
  const [x, y] = [Math.floor(from.x / step - 1) * step, Math.floor(from.y / step - 1) * step]
  return { x, y, width: Math.ceil(to.x / step + 1) * step - x, height: Math.ceil(to.y / step + 1) * step - y }
}

export const meets = (a: Bounds, b: Bounds): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** `at=120,-40,0.8` of a link: the point in the middle of the frame and the size; null where it is none. */
export function viewOf(text: string, frame: Size): View | null {
  const [x, y, k] = text.split(',').map(Number)
  if (![x, y, k].every(Number.isFinite) || k! < leastK || k! > mostK) return null
  return centred(k!, { x: x!, y: y! }, frame)
}

export function viewText(view: View, frame: Size): string {
  const { x, y } = toDrawing(view, { x: frame.width / 2, y: frame.height / 2 })
  return [Math.round(x), Math.round(y), Number(view.k.toFixed(3))].join(',')
}
