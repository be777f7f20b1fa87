/** The drawing as the canvas wants it: a stroke a link, a box a node where letters would be too small. */
import type { MapDot, MapStroke } from '../charts/map-canvas.ts'
import { sideOf } from '../format/roles.ts'
import type { DrawnLink, Drawing } from './drawing.ts'
import type { MapGraph, MapNode } from './graph.ts'
import type { Model } from './model.ts'
import type { Route } from './route.ts'

export interface Looks {
  readonly onLinks: ReadonlySet<string>
  readonly onNodes: ReadonlySet<string>
  /** Ids of links and nodes that are not what is looked for. */
  readonly dim: ReadonlySet<string>
}

/** Ids of links none of whose hops was found, and of nodes that no other link touches; empty when nothing is looked for. */
export function dimOf({ found, graph }: Model): Set<string> {
  const dim = new Set<string>()
  if (!found) return dim
  const bright = new Set<string>()
  for (const { id, from, to, hops } of graph.links) {
    if (hops.some((hop) => found.has(hop.id))) bright.add(from).add(to)
    else dim.add(id)
  }
  for (const { id } of graph.nodes) if (!bright.has(id)) dim.add(id)
  return dim
}

const widest = 16

/** px at 100 %: the square root of the share of the busiest, so that a hundredth can still be told from nothing. */
export const widthOf = (requests: number, busiest: number): number =>
  busiest <= 0 ? 0 : widest * Math.sqrt(Math.max(0, requests) / busiest)

/** One a route, as long as the layout is the same: making paths costs more than drawing them. */
export function pathsOf({ links }: Drawing): ReadonlyMap<string, Path2D> {
  return new Map(links.map(({ link, route }) => [link.id, pathOf(route)]))
}

function pathOf({ curves }: Route): Path2D {
  const path = new Path2D()
  const [start] = curves[0]!
  path.moveTo(start.x, start.y)
  for (const [, a, b, end] of curves) path.bezierCurveTo(a.x, a.y, b.x, b.y, end.x, end.y)
  return path
}

export function strokesOf({ links }: Drawing, paths: ReadonlyMap<string, Path2D>, looks: Looks): MapStroke[] {
  const busiest = Math.max(0, ...links.map(({ link }) => link.requests))
  return links.map((drawn) => {
    const { link, route, bounds, beads } = drawn
    return {
      path: paths.get(link.id)!,
      width: widthOf(link.requests, busiest),
      look: looks.onLinks.has(link.id) ? 'on' : looks.dim.has(link.id) ? 'dim' : 'plain',
      dotted: link.ending.length === link.hops.length && link.ending.every(({ transit }) => transit.n === 0),
      bounds,
      beads: beads.map(({ x, y, proxy }) => ({ x, y, role: proxy.role })),
      ...(route.arrow && { arrow: arrowOf(drawn) }),
    }
  })
}

function arrowOf({ line }: DrawnLink): NonNullable<MapStroke['arrow']> {
  const [before, end] = [line.at(-3)!, line.at(-1)!]
  const angle = Math.atan2(end.y - before.y, end.x - before.x)
  return { x: end.x - Math.cos(angle) * 6, y: end.y - Math.sin(angle) * 6, angle }
}

export function dotsOf({ nodes }: MapGraph, { layout }: Drawing, looks: Looks): MapDot[] {
  return nodes.flatMap((node) => {
    const place = layout.places.get(node.id)
    if (!place) return []
    const look = looks.onNodes.has(node.id) ? 'on' : looks.dim.has(node.id) ? 'dim' : 'plain'
    return [{ ...place, kind: kindOf(node), look } satisfies MapDot]
  })
}

function kindOf({ kind, proxy }: MapNode): MapDot['kind'] {
  if (proxy) return sideOf(proxy.role)
  return kind === 'service' ? 'app' : 'outside'
}
