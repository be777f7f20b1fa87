/** Puts the cells of a heatmap on a canvas, sharp at any ratio of device pixels. */
import type { HeatFrame, Stretch } from './heat-frame.ts'
import { cellsAlong, heatSteps, packColour, paintCells } from './heat-paint.ts'

/** Narrower cells touch: gaps would be most of what is seen. */
const leastForGapPx = 4

/** Colours are those of the canvas's theme at this moment. */
export function drawHeat(canvas: HTMLCanvasElement, frame: HeatFrame, ratio: number): void {
  canvas.width = Math.round(frame.width * ratio)
  canvas.height = Math.round(frame.height * ratio)
  const context = canvas.getContext('2d')
  if (!context || canvas.width === 0) return
  const image = context.createImageData(canvas.width, canvas.height)
  const along = (stretches: readonly Stretch[], pixels: number) => {
    const [from, to] = stretches.at(-1) ?? [0, 0]
    return cellsAlong(stretches, ratio, pixels, to - from >= leastForGapPx ? Math.round(ratio) : 0)
  }
  paintCells(
    new Uint32Array(image.data.buffer),
    frame.lattice,
    along(frame.columns, canvas.width),
    along(frame.rows, canvas.height),
    rampOf(canvas),
  )
  context.putImageData(image, 0, 0)
}

function rampOf(canvas: HTMLCanvasElement): Uint32Array {
  const style = getComputedStyle(canvas)
  const colours = new Uint32Array(heatSteps + 1)
  for (let step = 1; step <= heatSteps; step++) colours[step] = packColour(style.getPropertyValue(`--heat-${step}`))
  return colours
}
