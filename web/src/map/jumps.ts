/** The links that `n` and `e` go through, from edge to leaf. */
import type { MapLink } from './graph.ts'
import type { Layout } from './layout.ts'
import type { Model } from './model.ts'
import { inReadingOrder, type Cursor } from './walk.ts'
import { manyErrors } from './words.ts'

/** Those with which a hop that was found ends. */
export function hitsOf({ graph, found }: Model, layout: Layout): Cursor[] {
  return found ? cursors(graph.links, layout, ({ ending }) => ending.some(({ id }) => found.has(id))) : []
}

export function failingOf({ graph }: Model, layout: Layout): Cursor[] {
  return cursors(graph.links, layout, ({ errorRate }) => errorRate >= manyErrors)
}

function cursors(links: readonly MapLink[], layout: Layout, isMeant: (link: MapLink) => boolean): Cursor[] {
  const order = new Map(inReadingOrder(layout).map((id, i) => [id, i]))
  const at = (id: string) => order.get(id) ?? 0
  return links
    .filter(isMeant)
    .sort((a, b) => at(a.from) - at(b.from) || at(a.to) - at(b.to) || (a.id < b.id ? -1 : 1))
    .map(({ id }): Cursor => ({ kind: 'link', id, of: 'from' }))
}

/** The one after `last` or before it, round and round. */
export function jumpFrom(last: string | undefined, among: readonly Cursor[], by: 1 | -1): Cursor | undefined {
  const at = among.findIndex(({ id }) => id === last)
  if (at < 0) return by > 0 ? among[0] : among.at(-1)
  return among[(at + by + among.length) % among.length]
}
