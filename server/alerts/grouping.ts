/**
 * One alert for each cause (algorithms.md section 8.6): proxies by what their slower requests have in common, hops beneath the proxies on
 * their way, whole requests beneath their segments; and whom nobody is called for.
 */
import { groupBy } from '../statistics/group-by.ts'
import { kitagawa } from '../statistics/mix.ts'
import {
  causesOf,
  isExplainedBy,
  isExplainedBySegments,
  isMixOnly,
  movedSegments,
  type Cell,
  type SegmentChange,
} from './cause.ts'

/** A firing or pending regression. */
export interface Slower {
  readonly alertId: string
  readonly kind: 'proxy' | 'hop' | 'trace'
  /** Of the proxy, hop or route. */
  readonly id: string
  readonly metric: string
  /** 0.5 before others. */
  readonly quantile: number
  /** ns a request. */
  readonly addedNs: number
  /** Requests of a quarter of an hour. */
  readonly n: number
  /** Somebody was told of it. */
  readonly isTold: boolean
  /** It is beyond the gate of those that somebody is told of. */
  readonly pages: boolean
  readonly isFiring: boolean
  /** Unix ms. Since when, which may be wrong by so much, ms. */
  readonly startMs: number
  readonly uncertainMs: number
}

/** One that fires already and is not placed anew. */
export interface Standing extends Slower {
  /** Of the alert that it is beneath, or its own. */
  readonly leadId: string
  /** What those of its cause have in common; none of those beneath others. */
  readonly predicate: readonly { readonly key: string; readonly value: string }[]
}

export interface Known {
  /** Of the slower proxies and hops, and of others beside them; `series` is their id. */
  readonly cells: { readonly proxy: readonly Cell[]; readonly hop: readonly Cell[] }
  /** Proxies on the way of a hop. */
  viaOf(hop: string): readonly string[]
  /** Classes of segments (D7) that a proxy's time is in. */
  classesOf(proxy: string): readonly string[]
  /** By route: how the means of the classes of segments changed. */
  readonly classes: ReadonlyMap<string, readonly SegmentChange[]>
  readonly standing: readonly Standing[]
}

export interface Placed {
  partOf: string | null
  quiet: 'symptom' | 'mix' | 'moved' | 'explained' | null
  cause: { predicate: { key: string; value: string }[]; effectNs: number; explained: number | null } | null
}

/** By kind and id: whose alert speaks for it. */
type Leads = Map<string, { readonly alertId: string }>

/** A hop is beneath its proxies when so much of what came to it came to them. */
const viaShare = 0.8

/** Where each of them belongs, by alert. */
export function group(slower: readonly Slower[], known: Known): Map<string, Placed> {
  const placed = new Map<string, Placed>()
  const leadOf: Leads = new Map(known.standing.map((one) => [`${one.kind} ${one.id}`, { alertId: one.leadId }]))
  for (const kind of ['proxy', 'hop'] as const) {
    const own = slower.filter((one) => one.kind === kind)
    const firsts = [...groupBy(own, ({ id }) => id).values()].map((alerts) => first(alerts))
    const open = kind === 'hop' ? firsts.filter((one) => !beneathProxies(one, slower, known, leadOf, placed)) : firsts
    byCause(open, known.cells[kind], leadOf, placed)
    for (const one of own) {
      const lead = leadOf.get(`${kind} ${one.id}`)
      if (!placed.has(one.alertId) && lead)
        placed.set(one.alertId, { partOf: lead.alertId, quiet: 'symptom', cause: null })
    }
    joinStanding(own, known, leadOf, placed)
  }
  for (const one of slower) {
    const place = placed.get(one.alertId)
    if (one.kind !== 'trace' && place?.partOf === null) place.quiet = quietOf(one, known)
  }
  placeTraces(slower, known, leadOf, placed)
  return placed
}

/** The one that speaks for others: of whom somebody was told, else that fires, else by time added in all. */
function first(alerts: readonly Slower[]): Slower {
  const rank = (one: Slower): [number, number, number, number, number] => [
    Number(one.isTold),
    Number(one.isFiring),
    // Else nobody would be told of a cause whose first alert does not page.
    Number(one.pages),
    Number(one.quantile === 0.5 && one.metric !== 'overhead'),
    one.addedNs * one.n,
  ]
  return alerts.reduce((best, one) => {
    const [a, b] = [rank(one), rank(best)]
    const at = a.findIndex((value, i) => value !== b[i])
    return at >= 0 && a[at]! > b[at]! ? one : best
  })
}

function byCause(open: readonly Slower[], cells: readonly Cell[], leadOf: Leads, placed: Map<string, Placed>): void {
  const byId = new Map(open.map((one) => [one.id, one]))
  const { causes } = causesOf(cells)
  for (const { predicate, symptoms, effectNs, explained } of causes) {
    const members = symptoms.flatMap((id) => byId.get(id) ?? []).filter(({ alertId }) => !placed.has(alertId))
    if (members.length === 0) continue
    const lead = first(members)
    for (const one of members) {
      leadOf.set(`${one.kind} ${one.id}`, lead)
      const cause = one === lead ? { predicate: [...predicate], effectNs, explained } : null
      placed.set(
        one.alertId,
        one === lead ? { partOf: null, quiet: null, cause } : { partOf: lead.alertId, quiet: 'symptom', cause },
      )
    }
  }
  for (const one of open) {
    if (placed.has(one.alertId)) continue
    leadOf.set(`${one.kind} ${one.id}`, one)
    placed.set(one.alertId, {
      partOf: null,
      quiet: null,
      cause: { predicate: [], effectNs: one.addedNs, explained: null },
    })
  }
}

/** What begins later and has its cause in common with one that fires is beneath that one, with all that is beneath it. */
function joinStanding(
  own: readonly Slower[],
  { cells, standing }: Known,
  leadOf: Leads,
  placed: Map<string, Placed>,
): void {
  for (const one of own) {
    if (one.isTold || one.kind === 'trace' || placed.get(one.alertId)?.partOf !== null) continue
    const theirs = cells[one.kind].filter(({ series }) => series === one.id)
    const isNear = ({ startMs, uncertainMs }: Standing) =>
      Math.abs(startMs - one.startMs) <= Math.max(uncertainMs, one.uncertainMs)
    const lead = standing.find(
      (other) => other.kind === one.kind && isExplainedBy(theirs, other.predicate, isNear(other)),
    )
    if (!lead) continue
    for (const other of own) {
      const place = placed.get(other.alertId)
      if (other !== one && place?.partOf !== one.alertId) continue
      placed.set(other.alertId, { partOf: lead.alertId, quiet: 'symptom', cause: null })
      leadOf.set(`${other.kind} ${other.id}`, lead)
    }
  }
}

/** Transit is the sum of what its proxies add and of the wire between (D3): what came to them came to it. */
function beneathProxies(
  hop: Slower,
  slower: readonly Slower[],
  { viaOf, standing }: Known,
  leadOf: Leads,
  placed: Map<string, Placed>,
): boolean {
  const via = new Set(viaOf(hop.id))
  const proxies = [
    ...groupBy(
      [...slower, ...standing].filter(({ kind, id }) => kind === 'proxy' && via.has(id)),
      ({ id }) => id,
    ).values(),
  ].map(first)
  const theirs = proxies.reduce((sum, { addedNs }) => sum + addedNs, 0)
  if (proxies.length === 0 || theirs < viaShare * hop.addedNs) return false
  const most = proxies.reduce((best, one) => (one.addedNs > best.addedNs ? one : best))
  const lead = leadOf.get(`proxy ${most.id}`) ?? most
  leadOf.set(`hop ${hop.id}`, lead)
  placed.set(hop.alertId, { partOf: lead.alertId, quiet: 'symptom', cause: null })
  return true
}

/** Nobody is called where there is only more of what always was slow, or where time only moved. */
function quietOf(one: Slower, known: Known): Placed['quiet'] {
  const own = known.cells[one.kind === 'proxy' ? 'proxy' : 'hop'].filter(({ series }) => series === one.id)
  if (isMix(own)) return 'mix'
  const classes = one.kind === 'proxy' ? known.classesOf(one.id) : known.viaOf(one.id).length === 0 ? ['wire'] : []
  const affected = [...known.classes.values()].filter((changes) =>
    changes.some(({ segment, ns }) => classes.includes(segment) && ns >= one.addedNs / 2),
  )
  const isMoved = (changes: readonly SegmentChange[]) =>
    movedSegments(changes).some(({ segment }) => classes.includes(segment))
  return affected.length > 0 && affected.every(isMoved) ? 'moved' : null
}

/** By route: is it slower within any (section 8.4)? */
function isMix(cells: readonly Cell[]): boolean {
  const strata = [...groupBy(cells, ({ attributes }) => attributes['route'] ?? '').values()].map((of) => {
    const side = (key: 'before' | 'since') => ({
      weight: of.reduce((sum, cell) => sum + cell[key].weight, 0),
      sum: of.reduce((sum, cell) => sum + cell[key].sum, 0),
    })
    return { before: side('before'), since: side('since') }
  })
  const all = (key: 'before' | 'since') => strata.reduce((sum, one) => sum + one[key].weight, 0)
  const [before, since] = [all('before'), all('since')]
  if (strata.length < 2 || before <= 0 || since <= 0) return false
  const mean = ({ sum, weight }: { sum: number; weight: number }, other: { sum: number; weight: number }) =>
    weight > 0 ? sum / weight : other.weight > 0 ? other.sum / other.weight : 0
  return isMixOnly(
    kitagawa(
      strata.map((one) => ({
        before: { share: one.before.weight / before, mean: mean(one.before, one.since) },
        after: { share: one.since.weight / since, mean: mean(one.since, one.before) },
      })),
    ),
  )
}

function placeTraces(slower: readonly Slower[], known: Known, leadOf: Leads, placed: Map<string, Placed>): void {
  const parts = [...slower, ...known.standing].filter(({ kind }) => kind !== 'trace')
  const classOf = (one: Slower) =>
    one.kind === 'proxy' ? known.classesOf(one.id) : known.viaOf(one.id).length === 0 ? ['wire'] : []
  const alerted = new Set(parts.flatMap(classOf))
  for (const one of slower) {
    if (one.kind !== 'trace') continue
    const changes = known.classes.get(one.id) ?? []
    const own: Placed = { partOf: null, quiet: null, cause: { predicate: [], effectNs: one.addedNs, explained: null } }
    placed.set(one.alertId, own)
    if (!isExplainedBySegments(changes, alerted)) continue
    const grown = new Set(changes.filter(({ ns }) => ns > 0).map(({ segment }) => segment))
    const theirs = parts.filter((part) => classOf(part).some((segment) => grown.has(segment)))
    if (theirs.length === 0) continue
    const most = theirs.reduce((best, part) => (part.addedNs > best.addedNs ? part : best))
    const lead = leadOf.get(`${most.kind} ${most.id}`) ?? most
    Object.assign(own, { partOf: lead.alertId, quiet: 'explained' })
  }
}
