/** A graph with its places: sizes of nodes, where labels and beads stand, what is near a point. Of the graph's shape alone. */
import type { MapProxy } from '../../../server/api/contract-map.ts'
import type { MapGraph, MapLink, MapNode } from './graph.ts'
import { layoutOf, type Layout, type Place } from './layout.ts'
import { distanceTo, pointAtDistance, polyline, type Point, type Route } from './route.ts'
import type { Bounds } from './view.ts'

export interface Bead extends Point {
  readonly proxy: MapProxy
}

export interface DrawnLink {
  readonly link: MapLink
  readonly route: Route
  readonly line: readonly Point[]
  readonly bounds: Bounds
  readonly beads: readonly Bead[]
}

export interface Drawing {
  readonly layout: Layout
  readonly links: readonly DrawnLink[]
  readonly bounds: Bounds
}

const sizes: Readonly<Record<MapNode['kind'], { width: number; height: number }>> = {
  clients: { width: 92, height: 44 },
  service: { width: 140, height: 46 },
  proxy: { width: 152, height: 66 },
  outside: { width: 96, height: 44 },
}

/** What the layout depends on: while it is the same, so is the picture. */
export function shapeOf({ nodes, links }: MapGraph): string {
  return [...nodes.map(({ id }) => id), ...links.map(({ id }) => id)].sort().join('\n')
}

export function placesOf({ nodes, links }: MapGraph): Layout {
  const boxes = nodes.map(({ id, name, kind, place }) => {
    const { width, height } = sizes[kind]
    return { id, name, width, height: place ? height + 16 : height, first: kind === 'clients' }
  })
  return layoutOf(
    boxes,
    links.map(({ id, from, to, beads }) => ({ id, from, to, room: 124 + beads.length * 22 })),
  )
}

export function drawingOf({ links }: MapGraph, layout: Layout): Drawing {
  const drawn = links.map((link): DrawnLink => {
    const route = layout.routes.get(link.id)!
    const line = polyline(route)
    return { link, route, line, bounds: boundsOf(line), beads: beadsOf(link, line) }
  })
  const all = boundsOf([
    ...[...layout.places.values()].flatMap(({ x, y, width, height }) => [
      { x, y: y - height / 2 },
      { x: x + width, y: y + height / 2 },
    ]),
    ...drawn.flatMap(({ bounds: { x, y, width, height } }) => [
      { x, y },
      { x: x + width, y: y + height },
    ]),
  ])
  return { layout, links: drawn, bounds: all }
}

export function boxOf({ x, y, width, height }: Place): Bounds {
  return { x, y: y - height / 2, width, height }
}

function boundsOf(points: readonly Point[]): Bounds {
  let [left, right, top, bottom] = points.length === 0 ? [0, 0, 0, 0] : [Infinity, -Infinity, Infinity, -Infinity]
  for (const { x, y } of points) {
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  return { x: left, y: top, width: right - left, height: bottom - top }
}

const beadApart = 16

/** Outbound sidecars stand at the caller, inbound ones and waypoints at the callee, in the order of the way. */
function beadsOf({ beads }: MapLink, line: readonly Point[]): Bead[] {
  const isNear = ({ role }: MapProxy) => role === 'sidecar-outbound'
  let near = 0
  while (near < beads.length && isNear(beads[near]!)) near++
  return beads.map((proxy, i) => ({
    proxy,
    ...pointAtDistance(line, i < near ? 13 + i * beadApart : -(13 + (beads.length - 1 - i) * beadApart)),
  }))
}

/** px of the drawing within which a link is meant. */
const reach = 9

/** The link that a point means. */
export function linkAt({ links }: Drawing, point: Point): MapLink | undefined {
  let [nearest, least] = [undefined as MapLink | undefined, reach]
  for (const { link, line, bounds } of links) {
    const { x, y, width, height } = bounds
    if (point.x < x - reach || point.x > x + width + reach || point.y < y - reach || point.y > y + height + reach)
      continue
    const distance = distanceTo(line, point)
    if (distance < least) [nearest, least] = [link, distance]
  }
  return nearest
}

/** The proxy whose mark is at a point. */
export function beadAt({ links }: Drawing, point: Point): Bead | undefined {
  return links.flatMap(({ beads }) => beads).find(({ x, y }) => Math.hypot(x - point.x, y - point.y) < reach)
}

/** The node at a point. */
export function nodeAt({ places }: Layout, point: Point): string | undefined {
  for (const [id, place] of places) {
    const { x, y, width, height } = boxOf(place)
    if (point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height) return id
  }
  return undefined
}
