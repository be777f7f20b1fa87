/** Puts the links of a map on a canvas: thousands of curves are redrawn with every step of a move. */
import type { Role } from '../../../server/api/contract.ts'

export interface MapStroke {
  /** In px of the drawing. */
  readonly path: Path2D
  /** px at 100 %. */
  readonly width: number
  /** dim: not what is looked for. on: selected. */
  readonly look: 'plain' | 'dim' | 'on'
  /** Nobody knows how long this takes. */
  readonly dotted: boolean
  readonly bounds: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
  readonly beads: readonly { readonly x: number; readonly y: number; readonly role: Role }[]
  /** Where an arrow stands, and which way it points, radians. */
  readonly arrow?: { readonly x: number; readonly y: number; readonly angle: number }
}

/** Nodes too small to be read. */
export interface MapDot {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly kind: 'app' | 'gateway' | 'sidecar' | 'outside'
  readonly look: MapStroke['look']
}

export interface MapPicture {
  readonly strokes: readonly MapStroke[]
  readonly dots: readonly MapDot[]
  readonly view: { readonly x: number; readonly y: number; readonly k: number }
  /** CSS px. */
  readonly width: number
  readonly height: number
}

const names = ['line-strong', 'app-edge', 'ink', 'app', 'gateway', 'sidecar', 'unknown', 'bg-sheet', 'control'] as const
type Colours = Record<(typeof names)[number], string>

/** Colours are those of the canvas's theme at this moment; where the system forces its own, those. */
function coloursOf(canvas: HTMLCanvasElement): Colours {
  if (window.matchMedia('(forced-colors: active)').matches)
    return Object.fromEntries(
      names.map((name) => [name, name === 'ink' ? 'Highlight' : name === 'bg-sheet' ? 'Canvas' : 'CanvasText']),
    ) as Colours
  const style = getComputedStyle(canvas)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)])) as Colours
}

export function drawMap(canvas: HTMLCanvasElement, picture: MapPicture, ratio: number): void {
  const { strokes, dots, view, width, height } = picture
  const [pixelsX, pixelsY] = [Math.round(width * ratio), Math.round(height * ratio)]
  // Setting a size clears, and costs, even when it is the same.
  if (canvas.width !== pixelsX) canvas.width = pixelsX
  if (canvas.height !== pixelsY) canvas.height = pixelsY
  const context = canvas.getContext('2d')
  if (!context || pixelsX === 0) return
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, pixelsX, pixelsY)
  const scale = ratio * view.k
  context.setTransform(scale, 0, 0, scale, ratio * view.x, ratio * view.y)
  const colours = coloursOf(canvas)
  const [left, top] = [-view.x / view.k, -view.y / view.k]
  const [right, bottom] = [left + width / view.k, top + height / view.k]
  const seen = strokes.filter(
    ({ bounds: { x, y, width: w, height: h } }) =>
      x < right + 20 && x + w > left - 20 && y < bottom + 20 && y + h > top - 20,
  )
  for (const look of ['dim', 'plain', 'on'] as const)
    drawStrokes(
      context,
      seen.filter((stroke) => stroke.look === look),
      colours,
      view.k,
    )
  for (const dot of dots) drawDot(context, dot, colours)
}

/** A thread that a link can be seen by, in a band as wide as its traffic. */
function drawStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly MapStroke[],
  colours: Colours,
  k: number,
): void {
  for (const { path, width, look, dotted, beads, arrow } of strokes) {
    context.globalAlpha = look === 'dim' ? 0.3 : 1
    context.strokeStyle = look === 'on' ? colours.ink : colours['line-strong']
    if (width > 2 && !dotted) {
      context.lineWidth = width
      context.stroke(path)
    }
    if (look !== 'on' || dotted || width <= 2) {
      // Never thinner than a pixel is wide, however small the picture.
      context.lineWidth = Math.max(look === 'on' ? 2 : 1.2, 0.7 / k)
      context.strokeStyle = look === 'on' ? colours.ink : dotted ? colours.unknown : colours['app-edge']
      if (dotted) context.setLineDash([2, 5])
      context.stroke(path)
      if (dotted) context.setLineDash([])
    }
    if (arrow && k > 0.25) drawArrow(context, arrow, look === 'on' ? colours.ink : colours['app-edge'])
    if (k > 0.3) for (const bead of beads) drawBead(context, bead, colours)
  }
  context.globalAlpha = 1
}

function drawArrow(
  context: CanvasRenderingContext2D,
  { x, y, angle }: NonNullable<MapStroke['arrow']>,
  colour: string,
): void {
  const corner = (turn: number, size: number) =>
    [x + Math.cos(angle + turn) * size, y + Math.sin(angle + turn) * size] as const
  context.fillStyle = colour
  context.beginPath()
  context.moveTo(...corner(0, 6))
  context.lineTo(...corner(2.5, 7))
  context.lineTo(...corner(-2.5, 7))
  context.fill()
}

/** The shapes of RoleMark: square sidecar, diamond waypoint, hexagon gateway, dotted square layer 4. */
function drawBead(
  context: CanvasRenderingContext2D,
  { x, y, role }: MapStroke['beads'][number],
  colours: Colours,
): void {
  context.beginPath()
  if (role === 'waypoint') polygon(context, x, y, 7.4, 4, 0)
  else if (role === 'gateway' || role === 'middleware-stage') polygon(context, x, y, 7, 6, Math.PI / 6)
  else context.roundRect(x - 6, y - 6, 12, 12, 2)
  context.lineWidth = 2.5
  context.strokeStyle = colours['bg-sheet']
  context.stroke()
  if (role === 'l4-proxy') {
    context.fillStyle = colours['bg-sheet']
    context.fill()
    context.setLineDash([1.5, 1.5])
    context.lineWidth = 1
    context.strokeStyle = colours.unknown
    context.stroke()
    context.setLineDash([])
    return
  }
  context.fillStyle = role === 'gateway' || role === 'middleware-stage' ? colours.gateway : colours.sidecar
  context.fill()
}

function polygon(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  corners: number,
  turn: number,
): void {
  for (let i = 0; i < corners; i++) {
    const angle = turn + (i * 2 * Math.PI) / corners
    const corner = [x + Math.cos(angle) * radius, y + Math.sin(angle) * radius] as const
    if (i === 0) context.moveTo(...corner)
    else context.lineTo(...corner)
  }
  context.closePath()
}

function drawDot(
  context: CanvasRenderingContext2D,
  { x, y, width, height, kind, look }: MapDot,
  colours: Colours,
): void {
  context.globalAlpha = look === 'dim' ? 0.4 : 1
  context.fillStyle = kind === 'gateway' ? colours.gateway : kind === 'sidecar' ? colours.sidecar : colours.app
  context.strokeStyle = look === 'on' ? colours.ink : colours['app-edge']
  context.lineWidth = look === 'on' ? 10 : 3
  context.beginPath()
  context.roundRect(x, y - height / 2, width, height, 8)
  if (kind === 'outside') {
    context.fillStyle = colours['bg-sheet']
    context.setLineDash([8, 6])
  }
  context.fill()
  context.stroke()
  context.setLineDash([])
  context.globalAlpha = 1
}
