/** What stands above the columns of the map. */
import type { MapGraph, MapNode } from './graph.ts'
import type { Layout } from './layout.ts'

export interface Tier {
  /** Left edge in the drawing. */
  readonly x: number
  readonly text: string
}

export function tiersOf({ nodes }: MapGraph, { places, layerXs }: Layout): Tier[] {
  const byLayer: MapNode[][] = layerXs.map(() => [])
  for (const node of nodes) byLayer[places.get(node.id)?.layer ?? -1]?.push(node)
  let tier = 0
  return byLayer.map((members, layer) => {
    const share = (kind: MapNode['kind']) => members.filter((node) => node.kind === kind).length / members.length
    const isEdge = layer <= 1 && share('proxy') >= 0.5
    const word = share('clients') === 1 ? 'Clients' : share('outside') === 1 ? 'Outside' : isEdge ? 'Edge' : ''
    return { x: layerXs[layer]!, text: word || `Tier ${++tier}` }
  })
}
