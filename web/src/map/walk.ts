/** Walking over the map by arrow keys: right and left along the links, up and down among what is beside. */
import type { MapGraph, MapLink } from './graph.ts'
import type { Layout } from './layout.ts'

export type Cursor =
  | { readonly kind: 'node'; readonly id: string }
  /** @param of the node whose links up and down go through. */
  | { readonly kind: 'link'; readonly id: string; readonly of: 'from' | 'to' }

export const walkKeys = ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Home', 'End'] as const
export type WalkKey = (typeof walkKeys)[number]

/** undefined: there is nothing that way. */
export function step(graph: MapGraph, layout: Layout, cursor: Cursor | undefined, key: WalkKey): Cursor | undefined {
  const nodes = inReadingOrder(layout)
  const [first, last] = [nodes[0], nodes.at(-1)]
  if (key === 'Home' || key === 'End') return nodeAs(key === 'Home' ? first : last)
  const known =
    cursor && (cursor.kind === 'node' ? layout.places.has(cursor.id) : graph.links.some(({ id }) => id === cursor.id))
  if (!known) return nodeAs(first)
  if (cursor.kind === 'node') {
    if (key === 'ArrowRight' || key === 'ArrowLeft') {
      const of = key === 'ArrowRight' ? 'from' : 'to'
      const [link] = linksOf(graph, layout, cursor.id, of, true)
      return link && { kind: 'link', id: link.id, of }
    }
    const at = nodes.indexOf(cursor.id)
    return nodeAs(nodes[at + (key === 'ArrowDown' ? 1 : -1)])
  }
  const link = graph.links.find(({ id }) => id === cursor.id)!
  if (key === 'ArrowRight') return nodeAs(link.to)
  if (key === 'ArrowLeft') return nodeAs(link.from)
  const beside = linksOf(graph, layout, link[cursor.of], cursor.of, false)
  const next = beside[beside.indexOf(link) + (key === 'ArrowDown' ? 1 : -1)]
  return next && { kind: 'link', id: next.id, of: cursor.of }
}

const nodeAs = (id: string | undefined): Cursor | undefined => (id === undefined ? undefined : { kind: 'node', id })

/** Column by column, from the top down. */
export function inReadingOrder({ places }: Layout): string[] {
  return [...places].sort(([, a], [, b]) => a.x - b.x || a.y - b.y).map(([id]) => id)
}

/** Links that leave a node or come to it, from the top down, or the one that runs most level first. */
function linksOf(graph: MapGraph, layout: Layout, id: string, end: 'from' | 'to', levelFirst: boolean): MapLink[] {
  const other = end === 'from' ? 'to' : 'from'
  const y = layout.places.get(id)!.y
  const key = (link: MapLink) => {
    const across = layout.places.get(link[other])!.y
    return levelFirst ? Math.abs(across - y) : across
  }
  return graph.links.filter((link) => link[end] === id).sort((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1))
}
