import { bucketKey } from '../../statistics/histogram.ts'
import { Flag } from '../../analysis/flags.ts'
import type { Fidelity, Place } from '../../analysis/types.ts'
import { Buckets } from './buckets.ts'
import { addTo, emptyCell, type Cell } from './cell.ts'
import { cover, Seen, type Coverage } from './ledger.ts'
import { classPrefix, MetricNumbers } from './metric-numbers.ts'
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
  readonly byMinute: Map<number, GroupsOfMinute>
  /** Where the last fact was, which is where the next one is. */
  last: GroupsOfMinute | null
}

interface GroupsOfMinute {
  readonly minute: number
  readonly kinds: Record<RollupKind, Map<string, Group[]>>
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
  /** By the number of the metric in `metricsOf` times four, plus that of the level in `levels`. */
  readonly cells: (Cell | undefined)[]
  readonly coverage: Coverage
  /** Of a route, by the number of the metric of a class: end-to-end bucket -> ns on the critical path. */
  readonly classes: (Buckets | undefined)[]
}

export const levels: readonly Fidelity[] = ['exact', 'bounded', 'modelled', 'unknown']

/** Its place in `levels`. */
const levelOf = (fidelity: Fidelity): number =>
  fidelity === 'unknown' ? 3 : fidelity === 'bounded' ? 1 : fidelity === 'exact' ? 0 : 2

export const noRollups = (): Rollups => ({ groups: [], byMinute: new Map(), last: null })

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

/** Where a trace begins: Unix seconds and the ns beyond them. */
export interface TraceBase {
  readonly seconds: number
  readonly rest: number
}

export const traceBase = (baseUnixNano: bigint): TraceBase => ({
  seconds: Number(baseUnixNano / 1_000_000_000n),
  rest: Number(baseUnixNano % 1_000_000_000n),
})

/**
 * Unix seconds of the minute of a start, `startNs` after the base; null for one that a DateTime cannot hold: such a fact is in
 * no rollup.
 */
export function minuteOf({ seconds, rest }: TraceBase, startNs: number): number | null {
  const at = seconds + Math.floor((rest + Math.round(startNs)) / 1e9)
  return at >= 0 && at < endOfTime ? at - (at % 60) : null
}

/** The metrics of each kind, numbered; those of classes as the classes come. */
const hopMetrics = new MetricNumbers(['transit', 'wire'], 'segment:')
const traceMetrics = new MetricNumbers(['endToEnd', 'incomplete', 'meshTax', 'gatewayTax'], classPrefix)
const [added, overhead, requestPath, responsePath, waited] = [0, 1, 2, 3, 4]
const [inTransit, onWire] = [0, 1]
const [endToEnd, incomplete, meshTax, gatewayTax] = [0, 1, 2, 3]
export const metricsOf: Record<RollupKind, readonly string[]> = {
  proxy: ['added', 'overhead', 'requestPath', 'responsePath', 'retry'],
  hop: hopMetrics.names,
  trace: traceMetrics.names,
  service: [],
}

export function foldProxy(rollups: Rollups, proxy: RolledProxy, by: Folded): void {
  const { identity, error, retry, caller, callee } = proxy
  const flags = proxy.flags | by.flags
  const group = groupOf(rollups, 'proxy', identity.proxyId, identity, by.minute, extraOf(by.weight, flags))
  measured(group, added, proxy.added, error, by.sign)
  measured(group, overhead, proxy.overhead, error, by.sign)
  measured(group, requestPath, proxy.requestPath, error, by.sign)
  measured(group, responsePath, proxy.responsePath, error, by.sign)
  // What waiting and failed attempts cost where there was more than one attempt.
  if (retry.attempts > 1) add(group, waited, 'exact', retry.backoffNs + retry.wastedNs, error, by.sign)
  const seen =
    (caller === '' ? 0 : Seen.caller) |
    (flags & Flag.singleSpanProxy ? 0 : Seen.upstream) |
    (callee === '' ? 0 : Seen.callee)
  cover(group.coverage, seen, flags, by.sign)
}

export function foldHop(rollups: Rollups, hop: RolledHop, by: Folded): void {
  const { error, wire } = hop
  const flags = hop.flags | by.flags
  const group = groupOf(rollups, 'hop', hop.hopId, hop, by.minute, extraOf(by.weight, flags))
  measured(group, inTransit, hop.transit, error, by.sign)
  const wireNs = wire.fidelity === 'exact' ? wire.ns : null
  add(group, onWire, wireNs === null ? 'unknown' : 'exact', wireNs, error, by.sign)
  // A class that a hop has twice (two proxies, two wires) counts once, with the sum, at the level of its least certain part.
  const { segments } = hop
  for (let i = 0; i < segments.length; i++) {
    const { class: name } = segments[i]!
    if (indexOfClass(segments, name) < i) continue
    let { ns, fidelity } = segments[i]!
    for (let j = i + 1; j < segments.length; j++) {
      const other = segments[j]!
      if (other.class !== name) continue
      ns += other.ns
      if (levelOf(other.fidelity) > levelOf(fidelity)) fidelity = other.fidelity
    }
    add(group, hopMetrics.of(name), fidelity, ns, error, by.sign)
  }
  const seen =
    (hop.caller?.service ? Seen.caller : 0) |
    (hop.via.length > 0 ? Seen.proxy : 0) |
    (hop.callee?.service ? Seen.callee : 0) |
    (wireNs === null ? 0 : Seen.wire)
  cover(group.coverage, seen, flags, by.sign)
}

export function foldTrace(rollups: Rollups, trace: RolledTrace, by: Folded): void {
  const { error, duration, criticalPath } = trace
  const tax = duration === null ? null : trace.tax
  const flags = trace.flags | by.flags
  const extra = extraOf(by.weight, flags)
  const group = groupOf(rollups, 'trace', routeId(trace.rootService, trace.rootName), trace, by.minute, extra)
  add(group, endToEnd, duration === null ? 'unknown' : 'exact', duration, error, by.sign)
  const isWhole = (flags & missingFlags) === 0
  if (duration !== null && !isWhole) add(group, incomplete, 'exact', duration, error, by.sign)
  taxed(group, meshTax, tax && tax.mesh, error, by.sign)
  taxed(group, gatewayTax, tax && tax.gateway, error, by.sign)
  const bucket = duration === null ? null : bucketKey(Math.round(duration))
  // Counted, not emptied: an array without a length loses its place and grows anew.
  let classes = 0
  for (const { class: name, ns } of criticalPath) {
    const metric = traceMetrics.of(name)
    if (classSums[metric] === undefined) onPath[classes++] = metric
    classSums[metric] = (classSums[metric] ?? 0) + Math.round(ns)
  }
  for (let i = 0; i < classes; i++) {
    const metric = onPath[i]!
    const ns = classSums[metric]!
    classSums[metric] = undefined
    add(group, metric, 'exact', ns, error, by.sign)
    if (bucket !== null) (group.classes[metric] ??= new Buckets()).add(bucket, by.sign * ns)
  }
  const seen =
    (duration === null ? 0 : Seen.root) |
    (trace.proxies.length > 0 ? Seen.proxy : 0) |
    (duration !== null && isWhole ? Seen.complete : 0)
  cover(group.coverage, seen, flags, by.sign)
  const services = groupOf(rollups, 'service', '', trace, by.minute, extra)
  for (const service of trace.services)
    cover(services.coverage, error ? Seen.errors : 0, flags & lossFlags, by.sign, service)
}

/** Of the trace that is being folded: metrics of its classes, and the ns of each. */
const onPath: number[] = []
const classSums: (number | undefined)[] = []

function indexOfClass(segments: RolledHop['segments'], name: string): number {
  let i = 0
  while (segments[i]!.class !== name) i++
  return i
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

function measured(group: Group, metric: number, measure: RolledMeasure, error: boolean, sign: 1 | -1): void {
  const { fidelity, ns, hiNs } = measure
  const value = fidelity === 'bounded' ? hiNs : fidelity === 'unknown' ? null : ns
  add(group, metric, fidelity, value, error, sign)
}

/** Modelled with an estimate, exact where both bounds meet, else bounded with its upper end. */
function taxed(group: Group, metric: number, tax: RolledTax | null, error: boolean, sign: 1 | -1): void {
  if (!tax) add(group, metric, 'unknown', null, error, sign)
  else if (tax.estimateNs !== null) add(group, metric, 'modelled', tax.estimateNs, error, sign)
  else add(group, metric, tax.lowerNs === tax.upperNs ? 'exact' : 'bounded', tax.upperNs, error, sign)
}

function add(
  { cells }: Group,
  metric: number,
  fidelity: Fidelity,
  value: number | null,
  error: boolean,
  sign: 1 | -1,
): void {
  const at = 4 * metric + levelOf(fidelity)
  while (cells.length <= at) cells.push(undefined)
  addTo((cells[at] ??= emptyCell()), value === null ? null : stored(value), error, sign)
}

/** As the facts hold it. */
const stored = (ns: number): number =>
  Math.min(Number.MAX_SAFE_INTEGER, Math.max(-Number.MAX_SAFE_INTEGER, Math.round(ns)))

/** Each by its name: a field whose name comes as a value is looked for each time. */
function idsOf({ kinds }: GroupsOfMinute, kind: RollupKind): Map<string, Group[]> {
  if (kind === 'proxy') return kinds.proxy
  if (kind === 'hop') return kinds.hop
  return kind === 'trace' ? kinds.trace : kinds.service
}

/** @param extra see Group: sampling differs rarely, so that a place has one group nearly always. */
function groupOf(rollups: Rollups, kind: RollupKind, id: string, place: Place, minute: number, extra: number): Group {
  const { groups, byMinute } = rollups
  let of = rollups.last?.minute === minute ? rollups.last : byMinute.get(minute)
  if (!of) {
    const kinds = { proxy: new Map(), hop: new Map(), trace: new Map(), service: new Map() }
    byMinute.set(minute, (of = { minute, kinds }))
  }
  rollups.last = of
  const ids = idsOf(of, kind)
  let places = ids.get(id)
  if (!places) ids.set(id, (places = []))
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
    kind,
    id: BigInt(`0x${id || '0'}`),
    minute,
    extra,
    environment,
    cluster,
    namespace,
    cells: [],
    coverage: new Map(),
    classes: [],
  }
  places.push(group)
  groups.push(group)
  return group
}
