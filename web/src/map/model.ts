/** From what the API says to what is drawn: which hops are shown, which are found, the graph of them. */
import type { MapHop, MapProxy, ServiceMap } from '../../../server/api/contract-map.ts'
import { msOf } from '../format/time.ts'
import { read } from './expression.ts'
import { factsOf, topOf, worthOf, type Asked } from './figures.ts'
import { graphOf, type Fold, type MapGraph } from './graph.ts'

export interface Wanted extends Omit<Asked, 'windowMs'> {
  readonly find: string
  readonly hide: string
  /** So many hops, those with most of the measure; null: all. */
  readonly most: number | null
  readonly fold: Fold
}

export interface Model {
  readonly asked: Asked
  readonly all: number
  /** Of the requests that stand behind each figure. */
  readonly counts: readonly number[]
  readonly shown: readonly MapHop[]
  /** By id; null: nothing is looked for. */
  readonly found: ReadonlySet<string> | null
  /** By the expression. */
  readonly hidden: number
  /** By rank. */
  readonly below: number
  readonly findError: string
  readonly hideError: string
  readonly proxies: ReadonlyMap<string, MapProxy>
  readonly graph: MapGraph
}

export function modelOf(data: ServiceMap, wanted: Wanted): Model {
  const { find, hide, most, fold, measure, quantile } = wanted
  const asked = { measure, quantile, windowMs: msOf(data.to) - msOf(data.from) }
  const proxies = new Map(data.proxies.map((proxy) => [proxy.id, proxy]))
  const facts = (hop: MapHop) => factsOf(hop, wayOf(hop, proxies), asked)
  const [looking, hiding] = [read(find), read(hide)]
  const left = hiding?.ok ? data.hops.filter((hop) => !hiding.holds(facts(hop))) : data.hops
  const shown = most === null ? left : topOf(left, most, (hop) => worthOf(hop, wayOf(hop, proxies), asked))
  return {
    asked,
    all: data.hops.length,
    counts: [...data.hops.map(({ transit }) => transit), ...data.proxies.flatMap(({ added }) => added)].map(
      ({ n }) => n,
    ),
    shown,
    found: looking?.ok ? new Set(shown.filter((hop) => looking.holds(facts(hop))).map(({ id }) => id)) : null,
    hidden: data.hops.length - left.length,
    below: left.length - shown.length,
    findError: looking?.ok === false ? looking.error : '',
    hideError: hiding?.ok === false ? hiding.error : '',
    proxies,
    graph: graphOf(shown, proxies, fold),
  }
}

export function wayOf({ via }: MapHop, proxies: ReadonlyMap<string, MapProxy>): MapProxy[] {
  return via.flatMap((id) => proxies.get(id) ?? [])
}

/** `all`, or a number; what a link does not say is all of a small map and the first hundred of a large one. */
export function mostOf(text: string, all: number): number | null {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  return text === 'all' || all <= openAll ? null : openMost
}
const openAll = 150
const openMost = 100

export const mosts = [10, 25, 50, 100, 250, 500] as const
