import { bucketKey } from '../../statistics/histogram.ts'
import { Flag, allFlagNames } from '../../analysis/flags.ts'
import type { Fidelity, Place } from '../../analysis/types.ts'
import { addTo, emptyCell, type Cell } from './cell.ts'
import { routeId } from './route-id.ts'
import type { RolledHop, RolledMeasure, RolledProxy, RolledTax, RolledTrace } from './rolled.ts'

/**
 * The rollups of one job, added up while its facts are made (migrations/0003_rollups.sql says what a row means). A value by
 * level (algorithms.md section 7): exact and modelled count with their number, bounded with its upper end; unknown, and bounded
 * without an end, count as requests only.
 */
export interface Rollups {
  readonly groups: Group[]
  /** Minute -> kind -> id -> one group a place: nearly always one. */
  readonly byMinute: Map<number, Record<RollupKind, Map<string, Group[]>>>
}

export type RollupKind = 'proxy' | 'hop' | 'trace'

/** All cells of one proxy, hop or route in one minute. */
export interface Group extends Place {
  readonly kind: RollupKind
  readonly id: bigint
  /** Unix seconds. */
  readonly minute: number
  /** Metric -> one cell a level, in the order of `levels`. */
  readonly cells: Map<string, (Cell | undefined)[]>
  /** The coverage ledger: what was seen or lost -> requests. */
  readonly coverage: Map<string, number>
  /** Of a route: class -> end-to-end bucket -> ns on the critical path. */
  readonly classes: Map<string, Map<number, number>>
}

export const levels: readonly Fidelity[] = ['exact', 'bounded', 'modelled', 'unknown']

export const noRollups = (): Rollups => ({ groups: [], byMinute: new Map() })

/** What all that is folded of one fact shares. */
export interface Folded {
  /** Unix seconds of its start, see `minuteOf`. */
  readonly minute: number
  /** D9 flags that only the finaliser knows. */
  readonly flags: number
  /** -1: taken back. */
  readonly sign: 1 | -1
}

/** First second that a DateTime cannot hold; the last hours of the type are left out as well. */
const endOfTime = Date.UTC(2106, 1, 7) / 1000

/**
 * Unix seconds of the minute of a start, `startNs` after the base; null for one that a DateTime cannot hold: such a fact is in
 * no rollup.
 */
export function minuteOf(baseUnixNano: bigint, startNs: number): number | null {
  const seconds = Number(baseUnixNano / 1_000_000_000n)
  const rest = Number(baseUnixNano % 1_000_000_000n)
  const at = seconds + Math.floor((rest + Math.round(startNs)) / 1e9)
  return at >= 0 && at < endOfTime ? at - (at % 60) : null
}

export function foldProxy(rollups: Rollups, proxy: RolledProxy, by: Folded): void {
  const { identity, error, retry, caller, callee } = proxy
  const group = groupOf(rollups, 'proxy', identity.proxyId, identity, by.minute)
  measured(group, 'added', proxy.added, error, by.sign)
  measured(group, 'overhead', proxy.overhead, error, by.sign)
  measured(group, 'requestPath', proxy.requestPath, error, by.sign)
  measured(group, 'responsePath', proxy.responsePath, error, by.sign)
  // What waiting and failed attempts cost where there was more than one attempt.
  if (retry.attempts > 1) add(group, 'retry', 'exact', retry.backoffNs + retry.wastedNs, error, by.sign)
  const flags = proxy.flags | by.flags
  cover(group, 'requests', by.sign)
  if (caller !== '') cover(group, 'layer:caller', by.sign)
  if (!(flags & Flag.singleSpanProxy)) cover(group, 'layer:upstream', by.sign)
  if (callee !== '') cover(group, 'layer:callee', by.sign)
  coverFlags(group, flags, by.sign)
}

export function foldHop(rollups: Rollups, hop: RolledHop, by: Folded): void {
  const { error, wire } = hop
  const group = groupOf(rollups, 'hop', hop.hopId, hop, by.minute)
  measured(group, 'transit', hop.transit, error, by.sign)
  const wireNs = wire.fidelity === 'exact' ? wire.ns : null
  add(group, 'wire', wireNs === null ? 'unknown' : 'exact', wireNs, error, by.sign)
  // A class that a hop has twice (two proxies, two wires) counts once, with the sum, at the level of its least certain part.
  hop.segments.forEach((segment, i) => {
    if (hop.segments.findIndex((other) => other.class === segment.class) < i) return
    let { ns, fidelity } = segment
    for (let j = i + 1; j < hop.segments.length; j++) {
      const other = hop.segments[j]!
      if (other.class !== segment.class) continue
      ns += other.ns
      if (levels.indexOf(other.fidelity) > levels.indexOf(fidelity)) fidelity = other.fidelity
    }
    add(group, segmentMetric(segment.class), fidelity, ns, error, by.sign)
  })
  cover(group, 'requests', by.sign)
  if (hop.caller?.service) cover(group, 'layer:caller', by.sign)
  if (hop.via.length > 0) cover(group, 'layer:proxy', by.sign)
  if (hop.callee?.service) cover(group, 'layer:callee', by.sign)
  if (wireNs !== null) cover(group, 'layer:wire', by.sign)
  coverFlags(group, hop.flags | by.flags, by.sign)
}

export function foldTrace(rollups: Rollups, trace: RolledTrace, by: Folded): void {
  const { error, duration, criticalPath } = trace
  const tax = duration === null ? null : trace.tax
  const group = groupOf(rollups, 'trace', routeId(trace.rootService, trace.rootName), trace, by.minute)
  add(group, 'endToEnd', duration === null ? 'unknown' : 'exact', duration, error, by.sign)
  taxed(group, 'meshTax', tax && tax.mesh, error, by.sign)
  taxed(group, 'gatewayTax', tax && tax.gateway, error, by.sign)
  const bucket = duration === null ? null : bucketKey(Math.round(duration))
  const sums = new Map<string, number>()
  for (const { class: name, ns } of criticalPath) sums.set(name, (sums.get(name) ?? 0) + Math.round(ns))
  for (const [name, ns] of sums) {
    add(group, classMetric(name), 'exact', ns, error, by.sign)
    if (bucket === null) continue
    let buckets = group.classes.get(name)
    if (!buckets) group.classes.set(name, (buckets = new Map()))
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + by.sign * ns)
  }
}

function measured(group: Group, metric: string, measure: RolledMeasure, error: boolean, sign: 1 | -1): void {
  const { fidelity, ns, hiNs } = measure
  const value = fidelity === 'bounded' ? hiNs : fidelity === 'unknown' ? null : ns
  add(group, metric, fidelity, value, error, sign)
}

/** Modelled with an estimate, exact where both bounds meet, else bounded with its upper end. */
function taxed(group: Group, metric: string, tax: RolledTax | null, error: boolean, sign: 1 | -1): void {
  if (!tax) add(group, metric, 'unknown', null, error, sign)
  else if (tax.estimateNs !== null) add(group, metric, 'modelled', tax.estimateNs, error, sign)
  else add(group, metric, tax.lowerNs === tax.upperNs ? 'exact' : 'bounded', tax.upperNs, error, sign)
}

function add(
  { cells }: Group,
  metric: string,
  fidelity: Fidelity,
  value: number | null,
  error: boolean,
  sign: 1 | -1,
): void {
  let byLevel = cells.get(metric)
  if (!byLevel) cells.set(metric, (byLevel = [undefined, undefined, undefined, undefined]))
  const level = levels.indexOf(fidelity)
  addTo((byLevel[level] ??= emptyCell()), value === null ? null : stored(value), error, sign)
}

/** As the facts hold it. */
const stored = (ns: number): number =>
  Math.min(Number.MAX_SAFE_INTEGER, Math.max(-Number.MAX_SAFE_INTEGER, Math.round(ns)))

function cover({ coverage }: Group, what: string, sign: 1 | -1): void {
  coverage.set(what, (coverage.get(what) ?? 0) + sign)
}

const flagWhats = allFlagNames.map((name) => `flag:${name}`)

function coverFlags(group: Group, flags: number, sign: 1 | -1): void {
  for (let rest = flags >>> 0; rest !== 0; rest &= rest - 1) {
    cover(group, flagWhats[31 - Math.clz32(rest & -rest)] ?? 'flag:unknown', sign)
  }
}

function groupOf({ groups, byMinute }: Rollups, kind: RollupKind, id: string, place: Place, minute: number): Group {
  let kinds = byMinute.get(minute)
  if (!kinds) byMinute.set(minute, (kinds = { proxy: new Map(), hop: new Map(), trace: new Map() }))
  let places = kinds[kind].get(id)
  if (!places) kinds[kind].set(id, (places = []))
  const { environment, cluster, namespace } = place
  for (const group of places) {
    if (group.namespace === namespace && group.cluster === cluster && group.environment === environment) return group
  }
  const group: Group = {
    ...{ kind, id: BigInt(`0x${id || '0'}`), minute, environment, cluster, namespace },
    ...{ cells: new Map(), coverage: new Map(), classes: new Map() },
  }
  places.push(group)
  groups.push(group)
  return group
}

const prefixed = (prefix: string) => {
  const known = new Map<string, string>()
  return (word: string): string => {
    let name = known.get(word)
    if (name === undefined) known.set(word, (name = prefix + word))
    return name
  }
}
const segmentMetric = prefixed('segment:')
const classMetric = prefixed('class:')
