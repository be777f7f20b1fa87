/** What is selected, as the address has it: a hop by its id, a node or a link by the id it has on the map. */
import type { MapHop, MapProxy, ServiceMap } from '../../../server/api/contract-map.ts'
import type { MapGraph, MapLink, MapNode } from './graph.ts'
import type { Model } from './model.ts'
import type { Cursor } from './walk.ts'

export type Selection =
  | { readonly kind: 'hop'; readonly hop: MapHop }
  | { readonly kind: 'proxy'; readonly proxy: MapProxy }
  | { readonly kind: 'node'; readonly node: MapNode }
  | { readonly kind: 'link'; readonly link: MapLink }

export function selectionOf(data: ServiceMap, { graph, proxies }: Model, key: string): Selection | undefined {
  if (key === '') return undefined
  const hop = data.hops.find(({ id }) => id === key)
  if (hop) return { kind: 'hop', hop }
  const proxy = key.startsWith('p:') && proxies.get(key.slice(2))
  if (proxy) return { kind: 'proxy', proxy }
  const node = graph.nodesById.get(key)
  if (node) return { kind: 'node', node }
  const link = graph.links.find(({ id }) => id === key)
  return link && { kind: 'link', link }
}

/** A link that one hop alone runs over is that hop. */
export function keyOf({ links }: MapGraph, cursor: Cursor): string {
  if (cursor.kind === 'node') return cursor.id
  const link = links.find(({ id }) => id === cursor.id)
  return link?.hops.length === 1 ? link.hops[0]!.id : cursor.id
}

export function cursorOf({ links, nodesById }: MapGraph, selection: Selection | undefined): Cursor | undefined {
  if (!selection) return undefined
  if (selection.kind === 'node') return { kind: 'node', id: selection.node.id }
  const asNode = selection.kind === 'proxy' && nodesById.get(`p:${selection.proxy.id}`)
  if (asNode) return { kind: 'node', id: asNode.id }
  const [link] = onLinks(links, selection).slice(-1)
  return link && { kind: 'link', id: link.id, of: 'from' }
}

/** The links that show as selected, in the order of the map. */
export function onLinks(links: readonly MapLink[], selection: Selection): MapLink[] {
  switch (selection.kind) {
    case 'hop':
      return links.filter(({ hops }) => hops.some(({ id }) => id === selection.hop.id))
    case 'link':
      return links.filter(({ id }) => id === selection.link.id)
    case 'node':
      return links.filter(({ from, to }) => from === selection.node.id || to === selection.node.id)
    case 'proxy':
      return links.filter(({ hops }) => hops.some(({ via }) => via.includes(selection.proxy.id)))
  }
}
