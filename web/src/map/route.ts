/** The curves that links are, in px of the drawing at 100 %. */

export interface Point {
  readonly x: number
  readonly y: number
}

/** A cubic Bézier curve: start, two controls, end. */
export type Curve = readonly [Point, Point, Point, Point]

export interface Route {
  /** Each begins where the one before ends; at least one. */
  readonly curves: readonly Curve[]
  /** Against the flow from left to right: needs an arrow to be read. */
  readonly arrow: boolean
}

interface Side extends Point {
  readonly width: number
  readonly height: number
}

const at = (x: number, y: number): Point => ({ x, y })

function smooth(from: Point, to: Point): Curve {
  const reach = Math.min(160, Math.max(24, (to.x - from.x) / 2))
  return [from, at(from.x + reach, from.y), at(to.x - reach, to.y), to]
}

const straight = (from: Point, to: Point): Curve => [
  from,
  at(from.x + (to.x - from.x) / 3, from.y + (to.y - from.y) / 3),
  at(from.x + ((to.x - from.x) * 2) / 3, from.y + ((to.y - from.y) * 2) / 3),
  to,
]

/** From left to right, through the room that other columns have left for it. */
export function forwardRoute({
  start,
  end,
  leaves,
  arrives,
  passing,
}: {
  start: Side
  end: Side
  leaves: number
  arrives: number
  passing: readonly { x: number; y: number; width: number }[]
}): Route {
  const curves: Curve[] = []
  let from = at(start.x + start.width, start.y + leaves)
  for (const { x, y, width } of passing) {
    curves.push(smooth(from, at(x, y)))
    from = at(x + width, y)
    if (width > 0) curves.push(straight(at(x, y), from))
  }
  curves.push(smooth(from, at(end.x, end.y + arrives)))
  return { curves, arrow: false }
}

/** From right to left, below both ends. @param under y of the way back. */
export function backRoute(start: Side, end: Side, under: number): Route {
  const [out, into] = [at(start.x + start.width, start.y + start.height / 4), at(end.x, end.y + end.height / 4)]
  const reach = 44
  const [right, left] = [at(out.x, under), at(into.x, under)]
  return {
    curves: [
      [out, at(out.x + reach, out.y), at(right.x + reach, under), right],
      straight(right, left),
      [left, at(left.x - reach, under), at(into.x - reach, into.y), into],
    ],
    arrow: true,
  }
}

/** Above the node and back to it. */
export function loopRoute({ x, y, width, height }: Side): Route {
  const top = y - height / 2
  const [from, to] = [at(x + width * 0.72, top), at(x + width * 0.4, top)]
  return { curves: [[from, at(from.x + 26, top - 40), at(to.x - 26, top - 40), to]], arrow: true }
}

export function pointOn([a, b, c, d]: Curve, t: number): Point {
  const u = 1 - t
  const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t]
  return at(p * a.x + q * b.x + r * c.x + s * d.x, p * a.y + q * b.y + r * c.y + s * d.y)
}

/** @param share of the whole route, 0 to 1, each curve counting alike. */
export function pointAlong({ curves }: Route, share: number): Point {
  const along = Math.min(0.9999, Math.max(0, share)) * curves.length
  return pointOn(curves[Math.floor(along)]!, along % 1)
}

const steps = 14

/** The route as points that follow it closely. */
export function polyline({ curves }: Route): Point[] {
  const points: Point[] = [curves[0]![0]]
  for (const curve of curves) for (let i = 1; i <= steps; i++) points.push(pointOn(curve, i / steps))
  return points
}

/** The point so far along the line, px from its start, or from its end where that is negative. */
export function pointAtDistance(line: readonly Point[], distance: number): Point {
  const points = distance < 0 ? line.toReversed() : line
  let left = Math.abs(distance)
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    const length = Math.hypot(b.x - a.x, b.y - a.y)
    if (length >= left && length > 0) {
      const share = left / length
      return at(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)
    }
    left -= length
  }
  return points.at(-1)!
}

/** How far a point is from the line, px. */
export function distanceTo(line: readonly Point[], { x, y }: Point): number {
  let nearest = Infinity
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1]!, line[i]!]
    const [dx, dy] = [b.x - a.x, b.y - a.y]
    const share = Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)))
    nearest = Math.min(nearest, Math.hypot(x - a.x - share * dx, y - a.y - share * dy))
  }
  return nearest
}
