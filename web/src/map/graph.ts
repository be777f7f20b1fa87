/**
 * Hops and proxies as a graph: applications, and gateways where it says so, are nodes; the other proxies are beads on the links between
 * them. A hop runs over one link, or over several where nodes of proxies part it.
 */
import type { MapHop, MapProxy } from '../../../server/api/contract-map.ts'
import { sideOf } from '../format/roles.ts'

/** Which proxies are nodes of their own. */
export const folds = ['gateways', 'all', 'none'] as const
export type Fold = (typeof folds)[number]

export interface MapNode {
  readonly id: string
  readonly kind: 'service' | 'proxy' | 'clients' | 'outside'
  readonly name: string
  /** `production · eu-1`; '' where the map has one place only. */
  readonly place: string
  readonly proxy?: MapProxy
  /** That came in; of what nothing calls, that went out. Of the population where it is sampled. */
  readonly requests: number
  readonly errorRate: number
}

export interface MapLink {
  readonly id: string
  readonly from: string
  readonly to: string
  /** Proxies on it that are no nodes, caller to callee. */
  readonly beads: readonly MapProxy[]
  /** All that run over it, most requests first. */
  readonly hops: readonly MapHop[]
  /** Those whose last link it is: their transit stands here. */
  readonly ending: readonly MapHop[]
  readonly requests: number
  readonly errorRate: number
}

export interface MapGraph {
  readonly nodes: readonly MapNode[]
  readonly links: readonly MapLink[]
}

export const requestsOf = ({ population, requests }: { population?: number | undefined; requests: number }): number =>
  population ?? requests

export const serviceId = ({ environment, cluster }: MapHop, service: string): string =>
  `s:${environment}/${cluster}/${service}`

interface Draft {
  readonly from: string
  readonly to: string
  readonly beads: MapProxy[]
  readonly hops: MapHop[]
  readonly ending: MapHop[]
}

/** @param hops most requests first. A proxy that `proxies` does not have is left out. */
export function graphOf(hops: readonly MapHop[], proxies: ReadonlyMap<string, MapProxy>, fold: Fold): MapGraph {
  const places = new Set(hops.map(placeOf))
  const nodes = new Map<string, Omit<MapNode, 'requests' | 'errorRate'>>()
  const links = new Map<string, Draft>()
  const node = (id: string, words: Omit<MapNode, 'id' | 'place' | 'requests' | 'errorRate'>, hop: MapHop) => {
    if (!nodes.has(id)) nodes.set(id, { id, ...words, place: places.size > 1 ? placeOf(hop) : '' })
    return id
  }
  for (const hop of hops) {
    const way = hop.via.flatMap((id) => proxies.get(id) ?? [])
    let from = hop.caller
      ? node(serviceId(hop, hop.caller), { kind: 'service', name: hop.caller }, hop)
      : node(`c:${hop.environment}/${hop.cluster}`, { kind: 'clients', name: 'Clients' }, hop)
    let beads: MapProxy[] = []
    const linkTo = (to: string, isLast: boolean) => {
      const id = [from, ...beads.map((bead) => bead.id), to].join('>')
      const link = links.get(id) ?? { from, to, beads, hops: [], ending: [] }
      links.set(id, link)
      link.hops.push(hop)
      if (isLast) link.ending.push(hop)
      from = to
      beads = []
    }
    for (const proxy of way) {
      if (isNode(proxy, fold)) linkTo(node(`p:${proxy.id}`, { kind: 'proxy', name: proxy.name, proxy }, hop), false)
      else beads.push(proxy)
    }
    linkTo(
      hop.callee
        ? node(serviceId(hop, hop.callee), { kind: 'service', name: hop.callee }, hop)
        : node(`o:${from}`, { kind: 'outside', name: 'outside' }, hop),
      true,
    )
  }
  const drawn = [...links].map(([id, link]) => ({ id, ...link, ...trafficOf(link.hops) }))
  return { nodes: withTraffic([...nodes.values()], drawn), links: drawn }
}

function isNode({ role }: MapProxy, fold: Fold): boolean {
  return fold === 'all' || (fold === 'gateways' && sideOf(role) === 'gateway')
}

const placeOf = ({ environment, cluster }: MapHop): string => [environment, cluster].filter(Boolean).join(' · ')

/** An error rate is a share of the population (api.md), so that is what it weighs. */
function trafficOf(hops: readonly MapHop[]): { requests: number; errorRate: number } {
  const requests = hops.reduce((sum, hop) => sum + requestsOf(hop), 0)
  const errors = hops.reduce((sum, hop) => sum + hop.errorRate * requestsOf(hop), 0)
  const [only] = hops
  return { requests, errorRate: hops.length === 1 ? only!.errorRate : requests === 0 ? 0 : errors / requests }
}

function withTraffic(nodes: readonly Omit<MapNode, 'requests' | 'errorRate'>[], links: readonly MapLink[]): MapNode[] {
  const [into, out] = [new Map<string, MapHop[]>(), new Map<string, MapHop[]>()]
  const add = (hops: Map<string, MapHop[]>, id: string, more: readonly MapHop[]) => {
    const known = hops.get(id)
    if (known) known.push(...more)
    else hops.set(id, [...more])
  }
  for (const { from, to, hops } of links) {
    add(into, to, hops)
    add(out, from, hops)
  }
  return nodes.map((node) => {
    const { proxy } = node
    // What the API says of the proxy, which may have hops that are not on the map.
    if (proxy) return { ...node, requests: requestsOf(proxy), errorRate: proxy.errorRate }
    return { ...node, ...trafficOf(into.get(node.id) ?? out.get(node.id) ?? []) }
  })
}
