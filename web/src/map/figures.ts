/** What stands beside links and in nodes: one measure at one percentile, each figure with how sure it is. */
import type { MapHop, MapProxy } from '../../../server/api/contract-map.ts'
import type { Distribution } from '../../../server/api/contract.ts'
import { figureOf as figureOfSome, withMedian, type Figure, type Quantile } from '../format/figure.ts'
import { percent, perSecond } from '../format/number.ts'
import { nothingKnown } from '../hop/metrics.ts'
import type { Facts } from './expression.ts'
import { requestsOf, type MapLink, type MapNode } from './graph.ts'

/** Of proxies the first two, of hops the next two, of both the last two. */
export const measures = ['added', 'overhead', 'transit', 'wire', 'requests', 'errors'] as const
export type Measure = (typeof measures)[number]

export const measureWords: Readonly<Record<Measure, string>> = {
  added: 'added time',
  overhead: 'in-process time',
  transit: 'transit',
  wire: 'wire and wake-up',
  requests: 'requests',
  errors: 'errors',
}

export const isLatency = (measure: Measure): boolean => measure !== 'requests' && measure !== 'errors'

export interface Asked {
  readonly measure: Measure
  readonly quantile: Quantile
  readonly windowMs: number
}

/** A figure, or a count or share in words. */
export interface Label {
  readonly figure?: Figure
  readonly text?: string
  /** What it is of: a proxy's or hop's id. */
  readonly of: string
  /** How many it is the highest of. */
  readonly among: number
}

/** Of no value at all it is unknown, not one of too few. */
export function figureOf(distribution: Distribution, quantile: Quantile): Figure {
  if (distribution.n > 0) return withMedian(figureOfSome(distribution, quantile), quantile, distribution)
  return { ns: null, sign: '', fidelity: 'unknown', why: distribution.reasons, n: 0 }
}

/** The level with most requests. */
const main = (levels: readonly Distribution[]): Distribution => levels.find(({ n }) => n > 0) ?? nothingKnown

export function distributionOfProxy(proxy: MapProxy, measure: Measure): Distribution | undefined {
  return measure === 'added' ? main(proxy.added) : measure === 'overhead' ? main(proxy.overhead) : undefined
}

export function distributionOfHop(hop: MapHop, measure: Measure): Distribution | undefined {
  return measure === 'transit' ? hop.transit : measure === 'wire' ? hop.wire : undefined
}

/** undefined: the link has none of it (no proxy on it, or no hop that ends with it). */
export function labelOfLink(link: MapLink, { measure, quantile, windowMs }: Asked): Label | undefined {
  const first = link.hops[0]!.id
  if (measure === 'requests') return { text: perSecond(link.requests, windowMs), of: first, among: 1 }
  if (measure === 'errors') return { text: percent(link.errorRate), of: first, among: 1 }
  const figures = [
    ...link.beads.map((proxy) => ({ of: proxy.id, distribution: distributionOfProxy(proxy, measure) })),
    ...link.ending.map((hop) => ({ of: hop.id, distribution: distributionOfHop(hop, measure) })),
  ].flatMap(({ of, distribution }) => (distribution ? [{ of, figure: figureOf(distribution, quantile) }] : []))
  // Hops of which nothing is known have nothing to say about their wire.
  const told = measure === 'wire' ? figures.filter(({ figure }) => (figure.n ?? 0) > 0) : figures
  return highest(told)
}

/** Of nodes that are proxies. */
export function labelOfNode({ proxy }: MapNode, { measure, quantile }: Asked): Label | undefined {
  const distribution = proxy && distributionOfProxy(proxy, measure)
  return distribution && { figure: figureOf(distribution, quantile), of: proxy.id, among: 1 }
}

/** What is not known comes last, what is known of few before it. */
function highest(figures: readonly { of: string; figure: Figure }[]): Label | undefined {
  const best = figures.reduce<{ of: string; figure: Figure } | undefined>(
    (most, each) => (most && rankOf(most.figure) >= rankOf(each.figure) ? most : each),
    undefined,
  )
  return best && { ...best, among: figures.length }
}

const rankOf = ({ ns, n = 0 }: Figure): number => ns ?? (n > 0 ? -1 : -2)

/** The proxy on the way of a hop that has most of a measure, at a percentile. */
export function highestOnWay(
  way: readonly MapProxy[],
  measure: 'added' | 'overhead',
  quantile: Quantile,
): Label | undefined {
  return highest(
    way.map((proxy) => ({ of: proxy.id, figure: figureOf(distributionOfProxy(proxy, measure)!, quantile) })),
  )
}

/** What a hop is ranked by; null: nothing is known of it. */
export function worthOf(hop: MapHop, way: readonly MapProxy[], { measure, quantile }: Asked): number | null {
  if (measure === 'requests') return requestsOf(hop)
  if (measure === 'errors') return hop.errorRate
  if (measure === 'added' || measure === 'overhead') return highestOnWay(way, measure, quantile)?.figure?.ns ?? null
  return figureOf(distributionOfHop(hop, measure)!, quantile).ns
}

/** The `most` that have most of what labels show, then most requests. */
export function topOf(hops: readonly MapHop[], most: number, worth: (hop: MapHop) => number | null): MapHop[] {
  const worths = new Map(hops.map((hop) => [hop, worth(hop) ?? -1]))
  const top = new Set(
    [...hops]
      .sort((a, b) => worths.get(b)! - worths.get(a)! || requestsOf(b) - requestsOf(a) || (a.id < b.id ? -1 : 1))
      .slice(0, most),
  )
  // In the order they came in, which is that of requests.
  return hops.filter((hop) => top.has(hop))
}

export function factsOf(hop: MapHop, way: readonly MapProxy[], { quantile, windowMs }: Asked): Facts {
  return {
    duration(field, at = quantile) {
      if (field === 'added' || field === 'overhead') return highestOnWay(way, field, at)?.figure?.ns ?? null
      return figureOf(distributionOfHop(hop, field)!, at).ns
    },
    number(field) {
      switch (field) {
        case 'rps':
          return windowMs > 0 ? (requestsOf(hop) * 1_000) / windowMs : null
        case 'requests':
          return hop.requests
        case 'errors':
          return hop.errorRate
        case 'coverage':
          return hop.transit.coverage
        case 'proxies':
          return way.length
      }
    },
    text(field) {
      switch (field) {
        case 'service':
          return [hop.caller, hop.callee]
        case 'proxy':
          return way.flatMap(({ name, workload }) => [name, workload])
        case 'family':
          return way.map(({ family }) => family)
        case 'role':
          return way.map(({ role }) => role)
        case 'fidelity':
          return [hop.transit.fidelity]
        default:
          return [hop[field]]
      }
    },
  }
}
