/** What the palette offers, as data: everything that has a page and every command that is registered just then. */
import type { RouteList, ServiceList } from '../../../server/api/contract-catalogue.ts'
import type { HopList, ProxyList } from '../../../server/api/contract-measurements.ts'
import type { Role } from '../../../server/api/contract.ts'
import { shortCount } from '../format/number.ts'
import { describeProxy, nameOfHop } from '../hop/names.ts'
import type { Command } from '../shell/commands.svelte.ts'
import { fitOf, type Fit } from './fuzzy.ts'

export type Goal =
  { readonly path: string; readonly query: Readonly<Record<string, string>> } | { readonly command: Command }

export interface Entry {
  /** Of no other entry. */
  readonly key: string
  readonly group: string
  readonly text: string
  readonly detail: string
  readonly mark?: Role | 'hop'
  readonly goal: Goal
}

export interface Catalogue {
  readonly services: ServiceList | undefined
  readonly proxies: ProxyList | undefined
  readonly hops: HopList | undefined
  readonly routes: RouteList | undefined
}

/** What there is in the range, the busiest of each first. */
export function placesOf({ services, proxies, hops, routes }: Catalogue): Entry[] {
  return [
    ...(routes?.items ?? []).map(({ id, rootService, rootName, traces }): Entry => ({
      key: `route ${id}`,
      group: 'Routes',
      text: `${rootService} ${rootName}`.trim(),
      detail: `overview of ${shortCount(traces)} requests`,
      goal: { path: '/', query: { route: id } },
    })),
    ...(hops?.items ?? []).map((hop): Entry => ({
      key: `hop ${hop.id}`,
      group: 'Hops',
      text: nameOfHop(hop),
      detail: [hop.viaProxies.length > 0 && `via ${hop.viaProxies.map(({ name }) => name).join(', ')}`, placeOf(hop)]
        .filter(Boolean)
        .join(' · '),
      mark: 'hop',
      goal: { path: `/hops/${hop.id}`, query: {} },
    })),
    ...(proxies?.items ?? []).map((proxy): Entry => ({
      key: `proxy ${proxy.id}`,
      group: 'Proxies',
      text: proxy.name,
      detail: describeProxy(proxy),
      mark: proxy.role,
      goal: { path: `/proxies/${proxy.id}`, query: {} },
    })),
    ...(services?.items ?? []).map(({ name, traces }): Entry => ({
      key: `service ${name}`,
      group: 'Services',
      text: name,
      detail: `hops of it, ${shortCount(traces)} requests`,
      mark: 'app',
      goal: { path: '/hops', query: { q: name } },
    })),
  ]
}

const placeOf = ({ namespace, cluster, environment }: { namespace: string; cluster: string; environment: string }) =>
  [namespace, cluster, environment].filter(Boolean).join(' · ')

export function entriesOfCommands(commands: readonly Command[]): Entry[] {
  const seen = new Set<string>()
  return commands.flatMap((command): Entry[] => {
    const key = `${command.group}: ${command.words}`
    if (seen.has(key)) return []
    seen.add(key)
    return [{ key, group: command.group, text: command.words, detail: command.detail ?? '', goal: { command } }]
  })
}

export function entryOfTrace(traceId: string): Entry {
  return {
    key: `trace ${traceId}`,
    group: 'Trace',
    text: `Open trace ${traceId}`,
    detail: '',
    goal: { path: `/traces/${traceId}`, query: {} },
  }
}

/** When nothing else fits: a beginning of a trace id, a name in a root span. */
export function entryOfSearch(query: string): Entry {
  return {
    key: 'search',
    group: 'Search',
    text: `Search traces for “${query}”`,
    detail: '',
    goal: { path: '/traces', query: { q: query } },
  }
}

export interface Hit {
  readonly entry: Entry
  readonly found: Fit['found']
}
export interface HitGroup {
  readonly group: string
  readonly hits: readonly Hit[]
  /** Those that fit and are not among `hits`. */
  readonly more: number
}

/** Words of the detail count, but less than those of the text. */
const detailPenalty = 450
const separator = ' · '

function hitOf(query: string, entry: Entry): { score: number; hit: Hit } | null {
  const inText = fitOf(query, entry.text)
  if (inText) return { score: inText.score, hit: { entry, found: inText.found } }
  const all = fitOf(query, entry.text + separator + entry.detail + separator + entry.group)
  if (!all) return null
  const found = all.found.flatMap(([from, to]): [number, number][] =>
    from < entry.text.length ? [[from, Math.min(to, entry.text.length)]] : [],
  )
  return { score: all.score - detailPenalty, hit: { entry, found } }
}

/** Groups by their best hit, hits by how well they fit, then as they came. Without a query everything, as it came. */
export function search(query: string, entries: readonly Entry[], mostOfGroup: number): HitGroup[] {
  const groups = new Map<string, { score: number; hit: Hit }[]>()
  for (const entry of entries) {
    const scored = hitOf(query, entry)
    if (!scored) continue
    const group = groups.get(entry.group)
    if (group) group.push(scored)
    else groups.set(entry.group, [scored])
  }
  const isAsked = query.trim() !== ''
  const sorted = [...groups].map(([group, scored]) => ({
    group,
    scored: isAsked ? scored.toSorted((a, b) => b.score - a.score) : scored,
  }))
  if (isAsked) sorted.sort((a, b) => b.scored[0]!.score - a.scored[0]!.score)
  return sorted.map(({ group, scored }) => ({
    group,
    hits: scored.slice(0, mostOfGroup).map(({ hit }) => hit),
    more: Math.max(0, scored.length - mostOfGroup),
  }))
}
