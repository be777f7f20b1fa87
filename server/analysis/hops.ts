import { Flag } from './flags.ts'
import { hopIdOf, identityOf, serviceOf } from './identity.ts'
import { blurred, exact, unknown } from './measure.ts'
import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { attribute } from './recognise/pattern.ts'
import { censoredIf, contradicts, covered } from './self.ts'
import { failed } from './attempts.ts'
import {
  SpanKind,
  StatusCode,
  type Fidelity,
  type Hop,
  type HopEnd,
  type HopSegment,
  type Measure,
  type SegmentClass,
} from './types.ts'

/** D6 of applications' CLIENT spans with several attempts below, and how much of the span its children cover, ns. */
export interface CallAttempts extends Attempts {
  readonly coveredNs: number
}
export type ClientAttempts = ReadonlyMap<Node, CallAttempts>

/** One traversal on the way, and the span of it that what follows hangs under. */
interface Passage {
  readonly traversal: Traversal
  readonly exit: Node
}

/** D3: a hop for every server span that something called, and one for every proxy that no callee answers. */
export function findHops(order: readonly Node[], traversals: readonly Traversal[], clients: ClientAttempts): Hop[] {
  const hops: Hop[] = []
  for (const node of order) {
    const { parent } = node
    if (node.leg !== 'app' || parent === null) continue
    if (parent.traversal !== null) {
      if (node.exit !== null) hops.push(toHop(node, climb(node), clients))
    } else if (node.input.kind === SpanKind.server) {
      const called = parent.input.kind === SpanKind.client || parent.emitter.service !== node.emitter.service
      if (called) hops.push(toHop(node, { via: [], caller: parent }, clients))
    }
  }
  for (const traversal of traversals)
    for (const exit of openEnds(traversal)) hops.push(exitHop(traversal, exit, clients))
  return hops
}

/** Spans of the traversal whose exchange nobody below answers for. A local reply goes nowhere, a message to a broker. */
function openEnds({ head, ups, outs }: Traversal): Node[] {
  if (head.flags & Flag.localReply || head.input.kind === SpanKind.producer) return []
  if (head.emitter.oneCall || ups.length === 0) return outs.length === 0 ? [ups.at(-1) ?? head] : []
  return ups.filter((up) => up.answer === null)
}

interface Way {
  readonly via: readonly Passage[]
  /** The first span above that is not a proxy's, or the call aside of a proxy; null for an entry. */
  readonly caller: Node | null
}

function climb(from: Node): Way {
  const via: Passage[] = []
  let node = from
  for (;;) {
    const { parent, exit } = node
    if (parent === null) return { via, caller: null }
    if (parent.traversal === null) return { via, caller: parent }
    // An application without spans stands between: the way begins after it.
    if (exit === null) return { via, caller: null }
    // A call that the proxy makes for itself (ext_authz): no part of the way of the request that it serves.
    if (exit.leg === 'aside') return { via, caller: exit }
    const traversal = exit.traversal!
    via.unshift({ traversal, exit })
    node = traversal.head
  }
}

function toHop(callee: Node, { via, caller }: Way, clients: ClientAttempts): Hop {
  const top = caller ?? via[0]!.traversal.head
  const measured = transit(callee, via, caller, top, clients)
  return describe(via, caller, callee, measured, clients)
}

function exitHop(traversal: Traversal, exit: Node, clients: ClientAttempts): Hop {
  const { via, caller } = climb(traversal.head)
  const measured = unknownTransit(exit.unanswered || Flag.missingCallee)
  return describe([...via, { traversal, exit }], caller, null, measured, clients)
}

interface Transit {
  readonly transit: Measure
  readonly segments: HopSegment[]
  readonly wire: Measure
  readonly flags: number
}

const unknownTransit = (flag: number): Transit => ({
  transit: unknown(flag),
  segments: [],
  wire: unknown(flag),
  flags: flag,
})

function transit(
  callee: Node,
  via: readonly Passage[],
  caller: Node | null,
  top: Node,
  clients: ClientAttempts,
): Transit {
  if (caller !== null && caller.input.kind !== SpanKind.client) return unknownTransit(Flag.missingParent)
  if (callee.wasted || via.some(({ traversal, exit }) => exit.wasted || traversal.head.wasted))
    return unknownTransit(Flag.retryOrHedge)
  if ((top.flags | callee.flags) & Flag.negDuration) return unknownTransit(Flag.negDuration)
  if ((top.flags | callee.flags) & Flag.streaming) return unknownTransit(Flag.streaming)
  const doubt = top.emitter.coarse + callee.emitter.coarse
  const gap = top.duration - callee.duration
  if (contradicts(gap, top.duration, callee.emitter.slack + doubt)) return unknownTransit(Flag.negGap)
  const segments: HopSegment[] = []
  const add = (owner: Node, cls: SegmentClass, ns: number) =>
    segments.push({ class: cls, ownerSpanId: owner.id, ns, fidelity: fidelityOf(cls) })
  const next = (index: number) => via[index]?.traversal.head ?? callee
  if (caller !== null) {
    const cls = via[0]?.traversal.role === 'sidecar-outbound' ? 'loopback' : 'wire'
    const total = caller.duration - next(0).duration
    const attempts = clients.get(caller)
    const own = attempts && attempts.count > 1 ? caller.duration - attempts.coveredNs - attempts.backoffNs : total
    add(caller, cls, own)
    if (own !== total) add(caller, 'retry', total - own)
  }
  via.forEach(({ traversal, exit }, index) => {
    const { head, role, ups, outs, attempts } = traversal
    const below = next(index + 1)
    const others = head.emitter.oneCall ? 'retry' : 'external'
    if (exit.leg === 'up' && exit !== head) {
      const total = head.duration - exit.duration
      const alone = ups.length === 1 && traversal.bodies.length === 0 && traversal.asides.length === 0
      const told = traversal.overhead?.total
      const own = alone ? total : (told?.ns ?? told?.hiNs ?? told?.loNs ?? total)
      add(head, processing(traversal), own)
      let rest = total - own
      const part = (owner: Node, cls: SegmentClass, ns: number) => {
        if (ns !== 0) add(owner, cls, ns)
        rest -= ns
      }
      const body = bodyOf(traversal, exit)
      part(head, 'external', Math.min(rest, (traversal.asidesNs ??= covered(head, traversal.asides))))
      if (body) part(body, 'wire', ups.length === 1 ? rest : Math.min(rest, covered(head, [body])))
      part(head, others, rest)
      add(exit, role === 'sidecar-inbound' ? 'loopback' : 'wire', exit.duration - below.duration)
    } else {
      const total = head.duration - below.duration
      const own =
        outs.length > 1 ? head.duration - (traversal.outsNs ??= covered(head, outs)) - attempts.backoffNs : total
      add(head, passing(traversal), own)
      if (own !== total) add(head, others, total - own)
    }
  })
  const ns = Math.max(0, gap)
  const censored = censoredIf(gap)
  settle(segments, ns)
  return { transit: blurred(ns, doubt, censored), segments, wire: wireOf(segments), flags: censored }
}

/** The reading of an upstream call's response after its span. */
function bodyOf(traversal: Traversal, call: Node): Node | undefined {
  if (traversal.bodies.length === 0) return undefined
  // Backwards, so that the first of several stays.
  traversal.bodyOf ??= new Map(traversal.bodies.map((body) => [body.parentId, body] as const).reverse())
  return traversal.bodyOf.get(call.id)
}

/**
 * Class of time inside a proxy that tells its own time from its waiting, unless what looks like its own may have been spent on
 * a response's body or on a call that was lost (D7).
 */
export function processing(traversal: Traversal): SegmentClass {
  const total = traversal.overhead?.total
  if (total?.fidelity === 'bounded' && total.hiNs !== null) return passing(traversal)
  return traversal.role === 'gateway' ? 'gateway.proc' : 'proxy.proc'
}

/** Class of time in the only span of a proxy: its work and the way to what follows are one difference (D7). */
export const passing = ({ role }: Traversal): SegmentClass =>
  role === 'sidecar-inbound' ? 'proxy.in' : role === 'gateway' ? 'gateway.out+wire' : 'proxy.out+wire'

/** Its work and the wire behind it are one difference. */
const holdsWire = (cls: SegmentClass) => cls === 'proxy.out+wire' || cls === 'gateway.out+wire'

const fidelityOf = (cls: SegmentClass): Fidelity => (cls === 'proxy.in' || holdsWire(cls) ? 'bounded' : 'exact')

/**
 * A pair whose inner span is the longer one (an emitter that ends late, or with the headers) gives a negative segment: it
 * becomes 0 and its deficit is taken from others, first those nearer to the callee, so that all still add up to the
 * transit. What a proxy's own clock tells gives last. What was changed is not exact any more.
 */
function settle(segments: HopSegment[], total: number): void {
  if (total > 0 && segments.every((segment) => segment.ns >= 0)) return
  const values = segments.map((segment) => Math.max(0, segment.ns))
  let excess = values.reduce((sum, ns) => sum + ns, 0) - total
  const take = (own: boolean) => {
    for (let i = values.length - 1; i >= 0 && excess > 0; i--) {
      if (segments[i]!.class.endsWith('.proc') !== own) continue
      const taken = Math.min(values[i]!, excess)
      values[i] = values[i]! - taken
      excess -= taken
    }
  }
  take(false)
  take(true)
  segments.forEach((segment, i) => {
    if (segment.ns !== values[i]) segments[i] = { ...segment, ns: values[i]!, fidelity: 'bounded' }
  })
}

/** D5: known where every way on the hop lies between a client-side and a server-side span. */
function wireOf(segments: readonly HopSegment[]): Measure {
  if (segments.some((s) => holdsWire(s.class))) return unknown(Flag.singleSpanProxy)
  const wires = segments.filter((s) => s.class === 'wire')
  if (wires.length === 0) return unknown(Flag.singleSpanProxy)
  const settled = wires.some((s) => s.fidelity !== 'exact')
  return exact(
    wires.reduce((sum, s) => sum + s.ns, 0),
    settled ? Flag.censored : 0,
  )
}

function describe(
  via: readonly Passage[],
  caller: Node | null,
  callee: Node | null,
  measured: Transit,
  clients: ClientAttempts,
): Hop {
  const first = caller ?? via[0]!.traversal.head
  const last = callee ?? via.at(-1)!.exit
  const place = (callee ?? via.at(-1)!.traversal.head).emitter
  const identities = via.map(({ traversal }) => identityOf(traversal))
  const viaProxyIds = identities.map((identity) => identity.proxyId)
  const kind = callee === null ? 'exit' : caller === null ? 'entry' : 'internal'
  const { environment, cluster, namespace } = place
  const attempts = attemptsOn(via, caller, clients)
  const zones = [first.emitter.zone, last.emitter.zone]
  let flags = measured.flags | first.flags | last.flags
  for (const { traversal } of via) flags |= traversal.head.flags
  return {
    environment,
    cluster,
    namespace,
    hopId: hopIdOf(place, kind, caller?.emitter.service ?? '', callee?.emitter.service ?? '', viaProxyIds),
    kind,
    caller: endOf(caller),
    callee: endOf(callee),
    via: via.map(({ traversal }) => traversal.head.id),
    viaProxyIds,
    start: first.start,
    transit: measured.transit,
    segments: measured.segments,
    wire: measured.wire,
    route: routeOf(callee ?? via.at(-1)!.traversal.head),
    dataPlane: dataPlane(via),
    callerNode: first.emitter.node,
    calleeNode: last.emitter.node,
    zonePair: zones[0] === '' || zones[1] === '' ? '' : zones.join('>'),
    calleeVersion: callee?.emitter.version ?? '',
    attempts: attempts.count,
    backoffNs: attempts.backoffNs,
    wastedNs: attempts.wastedNs,
    error: isError(last),
    status: last.status,
    flags,
  }
}

const endOf = (node: Node | null): HopEnd | null => node && { service: serviceOf(node), spanId: node.id }

function attemptsOn(via: readonly Passage[], caller: Node | null, clients: ClientAttempts): Attempts {
  const all = via.map(({ traversal }) => traversal.attempts)
  if (caller !== null) all.push(clients.get(caller) ?? oneAttempt)
  return all.reduce(
    (sum, one) => ({
      count: Math.max(sum.count, one.count),
      backoffNs: sum.backoffNs + one.backoffNs,
      wastedNs: sum.wastedNs + one.wastedNs,
    }),
    oneAttempt,
  )
}

function dataPlane(via: readonly Passage[]): Hop['dataPlane'] {
  let sidecar = false
  let waypoint = false
  let gateway = false
  for (const { traversal } of via) {
    if (traversal.role === 'waypoint') waypoint = true
    else if (traversal.role === 'gateway') gateway = true
    else sidecar = true
  }
  if (sidecar && waypoint) return 'both'
  return sidecar ? 'sidecar' : waypoint ? 'waypoint' : gateway ? 'gateway' : 'none'
}

/** The low-cardinality word for what was asked for: http.route, else the span's name. */
export const routeOf = (node: Node): string => attribute(node.input, 'http.route') ?? node.input.name

/** proxy-spans.md section 3, "OTel status UNSET on a failed Envoy span". */
export function isError(node: Node): boolean {
  return node.input.status === StatusCode.error || node.emitter.error || failed(node)
}
