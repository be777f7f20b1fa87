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
  readonly linksIn: number
  readonly linksOut: number
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
  readonly nodesById: ReadonlyMap<string, MapNode>
  readonly links: readonly MapLink[]
}

export const requestsOf = ({ population, requests }: { population?: number | undefined; requests: number }): number =>
  population ?? requests

export const serviceId = ({ environment, cluster }: MapHop, service: string): string =>
  `s:${environment}/${cluster}/${service}`

type Words = Omit<MapNode, 'requests' | 'errorRate' | 'linksIn' | 'linksOut'>

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
  const nodes = new Map<string, Words>()
  const links = new Map<string, Draft>()
  const node = (id: string, words: Omit<Words, 'id' | 'place'>, hop: MapHop) => {
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
  const counted = withTraffic([...nodes.values()], drawn)
  return { nodes: counted, nodesById: new Map(counted.map((each) => [each.id, each])), links: drawn }
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

function withTraffic(nodes: readonly Words[], links: readonly MapLink[]): MapNode[] {
  const [into, out] = [new Map<string, MapLink[]>(), new Map<string, MapLink[]>()]
  for (const [ends, of] of [
    [into, 'to'],
    [out, 'from'],
  ] as const)
    for (const link of links) {
      const known = ends.get(link[of])
      if (known) known.push(link)
      else ends.set(link[of], [link])
    }
  return nodes.map((node) => {
    const { id, proxy } = node
    const [before, after] = [into.get(id) ?? [], out.get(id) ?? []]
    // Of a proxy what the API says: it may have hops that are not on the map.
    const traffic = proxy
      ? { requests: requestsOf(proxy), errorRate: proxy.errorRate }
      : trafficOf((before.length > 0 ? before : after).flatMap(({ hops }) => hops))
    return { ...node, ...traffic, linksIn: before.length, linksOut: after.length }
  })
}
