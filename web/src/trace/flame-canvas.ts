/** Puts the boxes of a flame chart on a canvas. */
import type { FlameBox } from './flame.ts'
import type { Paint } from './paint.ts'

export interface FlameLook {
  readonly paint: Paint
  readonly text: string
  readonly failed: boolean
  /** Not what is looked for. */
  readonly dim: boolean
  /** Stretches of the critical path, px. */
  readonly path: readonly { readonly x: number; readonly width: number }[]
}

export interface FlamePicture {
  readonly boxes: readonly FlameBox[]
  readonly lookOf: (box: FlameBox) => FlameLook
  /** Place in the answer; -1 for none. */
  readonly selected: number
  readonly hovered: number
  /** px. */
  readonly laneHeight: number
  readonly scrolled: number
  readonly width: number
  readonly height: number
}

const names = [
  ...[
    'app',
    'app-edge',
    'gateway',
    'gateway-tint',
    'sidecar',
    'sidecar-tint',
    'wire',
    'wire-tint',
    'retry',
    'retry-tint',
  ],
  ...['unknown', 'text', 'ink', 'bad', 'bg-sheet'],
] as const
type Colours = Record<string, string>

/** Colours are those of the canvas's theme at this moment; where the system forces its own, those. */
function coloursOf(canvas: HTMLCanvasElement): Colours {
  if (window.matchMedia('(forced-colors: active)').matches)
    return Object.fromEntries(
      names.map((name) => {
        const isGround = name === 'bg-sheet' || name === 'app' || name.endsWith('-tint')
        return [name, name === 'ink' ? 'Highlight' : isGround ? 'Canvas' : 'CanvasText']
      }),
    )
  const style = getComputedStyle(canvas)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]))
}

/** Who by fill and a band at the left; whose kind is not known, or sends no spans, by an outline alone. */
const looks: Record<Paint, { fill: string; edge: string; dash: readonly number[] }> = {
  app: { fill: 'app', edge: 'app-edge', dash: [] },
  gateway: { fill: 'gateway-tint', edge: 'gateway', dash: [] },
  'gateway-wire': { fill: 'gateway-tint', edge: 'gateway', dash: [4, 2] },
  sidecar: { fill: 'sidecar-tint', edge: 'sidecar', dash: [] },
  'sidecar-wire': { fill: 'sidecar-tint', edge: 'sidecar', dash: [4, 2] },
  wire: { fill: 'wire-tint', edge: 'wire', dash: [4, 2] },
  retry: { fill: 'retry-tint', edge: 'retry', dash: [] },
  outside: { fill: 'bg-sheet', edge: 'app-edge', dash: [4, 2] },
  unknown: { fill: 'bg-sheet', edge: 'unknown', dash: [1, 2] },
}

/** px; narrower boxes have no room for letters. */
const leastForText = 34
const leastForEdge = 4

export function drawFlame(canvas: HTMLCanvasElement, picture: FlamePicture, ratio: number): void {
  const { boxes, width, height, laneHeight, scrolled, lookOf, selected, hovered } = picture
  const [pixelsX, pixelsY] = [Math.round(width * ratio), Math.round(height * ratio)]
  // Setting a size clears, and costs, even when it is the same.
  if (canvas.width !== pixelsX) canvas.width = pixelsX
  if (canvas.height !== pixelsY) canvas.height = pixelsY
  const context = canvas.getContext('2d')
  if (!context || pixelsX === 0) return
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  const colours = coloursOf(canvas)
  context.font = `12px ${getComputedStyle(canvas).fontFamily}`
  context.textBaseline = 'middle'
  for (const box of boxes) {
    const look = lookOf(box)
    const top = box.lane * laneHeight - scrolled
    context.globalAlpha = look.dim ? 0.3 : 1
    drawBox(context, box, look, { top, height: laneHeight - 4, colours })
    if (box.at === selected || box.at === hovered) {
      context.globalAlpha = 1
      context.strokeStyle = colours['ink']!
      context.lineWidth = box.at === selected ? 2 : 1
      context.strokeRect(box.x, top + 1, Math.max(box.width, 2), laneHeight - 4)
    }
  }
  context.globalAlpha = 1
}

interface Place {
  top: number
  height: number
  colours: Colours
}

function drawBox(context: CanvasRenderingContext2D, { x, width }: FlameBox, look: FlameLook, place: Place): void {
  const { top, height, colours } = place
  const { fill, edge, dash } = looks[look.paint]
  const isThin = width < leastForEdge
  const inner = Math.max(width - 1, 1)
  context.fillStyle = colours[isThin ? edge : fill]!
  context.fillRect(x, top + 1, isThin ? width : inner, height)
  if (!isThin) {
    context.strokeStyle = colours[edge]!
    context.lineWidth = 1
    context.setLineDash([...dash])
    context.strokeRect(x + 0.5, top + 1.5, inner - 1, height - 1)
    context.setLineDash([])
    context.fillStyle = colours[edge]!
    context.fillRect(x, top + 1, 3, height)
  }
  if (look.failed) {
    context.fillStyle = colours['bad']!
    context.fillRect(x, top + 1, isThin ? width : inner, 2)
  }
  context.fillStyle = colours['ink']!
  for (const mark of look.path) context.fillRect(mark.x, top + height + 1, mark.width, 2)
  if (width < leastForText) return
  // Cut off by the box, and right-to-left names keep their beginning in sight.
  context.save()
  context.beginPath()
  const from = Math.max(x, 0)
  const room = Math.min(x + width, context.canvas.width) - from - 10
  context.rect(from + 3, top, room + 4, height + 2)
  context.clip()
  context.fillStyle = colours['text']!
  context.fillText(fitting(context, look.failed ? `! ${look.text}` : look.text, room), from + 8, top + height / 2 + 1.5)
  context.restore()
}

/** Measuring is slow: text far too long is cut before it is measured. */
function fitting(context: CanvasRenderingContext2D, text: string, room: number): string {
  const most = Math.ceil(room / 3)
  let shown = text.length > most ? text.slice(0, most) : text
  if (shown.length === text.length && context.measureText(shown).width <= room) return shown
  while (shown.length > 1 && context.measureText(`${shown}…`).width > room)
    shown = shown.slice(0, Math.max(1, Math.floor(shown.length * 0.85)))
  return `${shown}…`
}
