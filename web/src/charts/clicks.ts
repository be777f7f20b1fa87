/** What a click or a touch of a chart opens, beside the double click that goes back from a brush. */
import { zoomDepth, zoomOut } from '../time/range.svelte.ts'

/** A second click within so many ms makes a double click of it. */
const secondMs = 300
let waiting: ReturnType<typeof setTimeout> | undefined

/** Where there is a brush to go back from it opens only when no second click follows. */
export function openOnClick(open: () => void): void {
  clearTimeout(waiting)
  if (zoomDepth() === 0) open()
  else waiting = setTimeout(open, secondMs)
}

/** A finger leaves with every touch: what it has shown stays until another place is touched. */
export const unlessTouch = (leave: () => void) => (event: PointerEvent) => {
  if (event.pointerType !== 'touch') leave()
}

/** Back to before the last brush. */
export function backOnDoubleClick(): void {
  clearTimeout(waiting)
  zoomOut()
}
