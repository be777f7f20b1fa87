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
  /** Minute -> kind -> id -> one group a place and sampling weight: nearly always one. */
  readonly byMinute: Map<number, Record<RollupKind, Map<string, Group[]>>>
}

export type RollupKind = 'proxy' | 'hop' | 'trace' | 'service'

/** All cells of one proxy, hop or route in one minute and of one sampling weight; or the ledgers of all services. */
export interface Group extends Place {
  readonly kind: RollupKind
  readonly id: bigint
  /** Unix seconds. */
  readonly minute: number
  /** Sampling weight - 1; -1: not known. */
  readonly extra: number
  /** Metric -> one cell a level, in the order of `levels`. */
  readonly cells: Map<string, (Cell | undefined)[]>
  /** The coverage ledger: by service ('' but for kind service), bits of `Seen`, then D9 flags -> requests; `ledgerOf` has the words. */
  readonly coverage: Map<string, Map<number, Map<number, number>>>
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
  /** Sampling weight of the trace. */
  readonly weight: number
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
  const flags = proxy.flags | by.flags
  const group = groupOf(rollups, 'proxy', identity.proxyId, identity, by.minute, extraOf(by.weight, flags))
  measured(group, 'added', proxy.added, error, by.sign)
  measured(group, 'overhead', proxy.overhead, error, by.sign)
  measured(group, 'requestPath', proxy.requestPath, error, by.sign)
  measured(group, 'responsePath', proxy.responsePath, error, by.sign)
  // What waiting and failed attempts cost where there was more than one attempt.
  if (retry.attempts > 1) add(group, 'retry', 'exact', retry.backoffNs + retry.wastedNs, error, by.sign)
  const seen =
    (caller === '' ? 0 : Seen.caller) |
    (flags & Flag.singleSpanProxy ? 0 : Seen.upstream) |
    (callee === '' ? 0 : Seen.callee)
  cover(group, seen, flags, by.sign)
}

export function foldHop(rollups: Rollups, hop: RolledHop, by: Folded): void {
  const { error, wire } = hop
  const flags = hop.flags | by.flags
  const group = groupOf(rollups, 'hop', hop.hopId, hop, by.minute, extraOf(by.weight, flags))
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
  const seen =
    (hop.caller?.service ? Seen.caller : 0) |
    (hop.via.length > 0 ? Seen.proxy : 0) |
    (hop.callee?.service ? Seen.callee : 0) |
    (wireNs === null ? 0 : Seen.wire)
  cover(group, seen, flags, by.sign)
}

export function foldTrace(rollups: Rollups, trace: RolledTrace, by: Folded): void {
  const { error, duration, criticalPath } = trace
  const tax = duration === null ? null : trace.tax
  const flags = trace.flags | by.flags
  const extra = extraOf(by.weight, flags)
  const group = groupOf(rollups, 'trace', routeId(trace.rootService, trace.rootName), trace, by.minute, extra)
  add(group, 'endToEnd', duration === null ? 'unknown' : 'exact', duration, error, by.sign)
  const isWhole = (flags & missingFlags) === 0
  if (duration !== null && !isWhole) add(group, 'incomplete', 'exact', duration, error, by.sign)
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
  const seen =
    (duration === null ? 0 : Seen.root) |
    (trace.proxies.length > 0 ? Seen.proxy : 0) |
    (duration !== null && isWhole ? Seen.complete : 0)
  cover(group, seen, flags, by.sign)
  const services = groupOf(rollups, 'service', '', trace, by.minute, extra)
  for (const service of trace.services) cover(services, error ? Seen.errors : 0, flags & lossFlags, by.sign, service)
}

/** By these flags something of a whole request is missing. */
const missingFlags = Flag.missingParent | Flag.missingCallee | Flag.truncated | Flag.sampledOut

/** What a service is told of the traces that it has a span in. */
const lossFlags = missingFlags | Flag.noRoot | Flag.multiRoot | Flag.lateRevision | Flag.weightUnknown

/**
 * Weight - 1 to 11 significant bits, within 0.05 %: a sampler that adapts must not make a row of every request. 0 where nothing was
 * sampled; -1 where the weight is not known.
 */
export function extraOf(weight: number, flags: number): number {
  if (flags & Flag.weightUnknown) return -1
  const extra = weight - 1
  if (!(extra > 0)) return 0
  const unit = 2 ** (Math.floor(Math.log2(extra)) - 10)
  return Math.round(extra / unit) * unit
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

/** What the ledger counts beside the flags of D9. */
const Seen = { caller: 1, proxy: 2, upstream: 4, callee: 8, wire: 16, root: 32, complete: 64, errors: 128 } as const
const seenWords = ['layer:caller', 'layer:proxy', 'layer:upstream', 'layer:callee', 'layer:wire', 'layer:root'].concat([
  'complete',
  'errors',
])
const flagWords = allFlagNames.map((name) => `flag:${name}`)

/** One request; its bits are told apart when all are counted, of which few differ. */
function cover({ coverage }: Group, seen: number, flags: number, sign: 1 | -1, service = ''): void {
  let bySeen = coverage.get(service)
  if (!bySeen) coverage.set(service, (bySeen = new Map()))
  let byFlags = bySeen.get(seen)
  if (!byFlags) bySeen.set(seen, (byFlags = new Map()))
  byFlags.set(flags, (byFlags.get(flags) ?? 0) + sign)
}

/** What was seen or lost, in the words of the ledger -> requests. */
export function ledgerOf(counted: ReadonlyMap<number, ReadonlyMap<number, number>>): Map<string, number> {
  const ledger = new Map<string, number>()
  const add = (word: string, n: number) => ledger.set(word, (ledger.get(word) ?? 0) + n)
  const addBits = (words: readonly string[], bits: number, n: number) => {
    for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) {
      add(words[31 - Math.clz32(rest & -rest)] ?? 'flag:unknown', n)
    }
  }
  for (const [seen, byFlags] of counted)
    for (const [flags, n] of byFlags) {
      add('requests', n)
      addBits(seenWords, seen, n)
      addBits(flagWords, flags, n)
    }
  return ledger
}

/** @param extra see Group: sampling differs rarely, so that a place has one group nearly always. */
function groupOf(
  { groups, byMinute }: Rollups,
  kind: RollupKind,
  id: string,
  place: Place,
  minute: number,
  extra: number,
): Group {
  let kinds = byMinute.get(minute)
  if (!kinds) {
    byMinute.set(minute, (kinds = { proxy: new Map(), hop: new Map(), trace: new Map(), service: new Map() }))
  }
  let places = kinds[kind].get(id)
  if (!places) kinds[kind].set(id, (places = []))
  const { environment, cluster, namespace } = place
  for (const group of places) {
    if (
      group.extra === extra &&
      group.namespace === namespace &&
      group.cluster === cluster &&
      group.environment === environment
    ) {
      return group
    }
  }
  const group: Group = {
    ...{ kind, id: BigInt(`0x${id || '0'}`), minute, extra, environment, cluster, namespace },
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
