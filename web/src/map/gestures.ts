/** Pointers over the map: one drags it, two zoom it, a click that went nowhere means what is there. */
import type { Point } from './route.ts'
import { panBy, zoomAt, type View } from './view.ts'

interface Parts {
  frame: () => HTMLElement | undefined
  view: () => View
  move: (to: View) => void
  /** At a point of the frame, where no control is. */
  click: (at: Point) => void
  /** A mouse is there, and nothing is pressed. */
  hover: (at: Point) => void
}

/** px within which a press is a click. */
const slack = 4

export function gestures({ frame, view, move, click, hover }: Parts) {
  let pressed: { readonly id: number; readonly at: Point }[] = []
  let travelled = 0

  const placeOf = (event: MouseEvent): Point => {
    const box = frame()?.getBoundingClientRect()
    return { x: event.clientX - (box?.x ?? 0), y: event.clientY - (box?.y ?? 0) }
  }

  return {
    placeOf,

    onpointerdown(event: PointerEvent): void {
      if (event.button !== 0) return
      if (pressed.length === 0) travelled = 0
      pressed.push({ id: event.pointerId, at: placeOf(event) })
    },

    onpointermove(event: PointerEvent): void {
      const now = placeOf(event)
      const before = pressed.find(({ id }) => id === event.pointerId)
      if (!before) {
        if (event.pointerType === 'mouse') hover(now)
        return
      }
      travelled += Math.hypot(now.x - before.at.x, now.y - before.at.y)
      // Not before: a click on a node or a figure has to reach it.
      if (travelled > slack) frame()?.setPointerCapture(event.pointerId)
      const other = pressed.find(({ id }) => id !== event.pointerId)?.at
      pressed = pressed.map((each) => (each === before ? { id: each.id, at: now } : each))
      if (travelled <= slack) return
      if (other) {
        const apart = (point: Point) => Math.max(10, Math.hypot(point.x - other.x, point.y - other.y))
        const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
        move(zoomAt(view(), apart(now) / apart(before.at), middle))
      } else move(panBy(view(), now.x - before.at.x, now.y - before.at.y))
    },

    onpointerup(event: PointerEvent): void {
      const isOurs = pressed.some(({ id }) => id === event.pointerId)
      pressed = pressed.filter(({ id }) => id !== event.pointerId)
      if (!isOurs || travelled > slack || event.type !== 'pointerup') return
      if (event.target instanceof Element && event.target.closest('button')) return
      click(placeOf(event))
    },

    /** Where the page itself scrolls, the wheel is the page's. */
    onwheel(event: WheelEvent): void {
      const page = document.documentElement
      if (!event.ctrlKey && !event.metaKey && page.scrollHeight > page.clientHeight + 1) return
      event.preventDefault()
      const px = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1
      move(zoomAt(view(), Math.exp((-event.deltaY * px) / 500), placeOf(event)))
    },
  }
}
