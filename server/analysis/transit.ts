import { Flag } from './flags.ts'
import { blurred, exact, unknown } from './measure.ts'
import type { Attempts, Node, Traversal } from './node.ts'
import { censoredIf, contradicts, covered } from './self.ts'
import { SpanKind, type Fidelity, type HopSegment, type Measure, type SegmentClass } from './types.ts'

/** D6 of applications' CLIENT spans with several attempts below, and how much of the span its children cover, ns. */
export interface CallAttempts extends Attempts {
  readonly coveredNs: number
}
export type ClientAttempts = ReadonlyMap<Node, CallAttempts>

/** The way of one request through proxies. */
export interface Way {
  /** Of each traversal on it, from the caller on, the span that what follows hangs under. */
  readonly exits: readonly Node[]
  /** The first span above that is not a proxy's, or the call aside of a proxy; null for an entry. */
  readonly caller: Node | null
}

export interface Transit {
  readonly transit: Measure
  readonly segments: readonly HopSegment[]
  readonly wire: Measure
  readonly flags: number
}

const noSegments: readonly HopSegment[] = []

export const unknownTransit = (flag: number): Transit => ({
  transit: unknown(flag),
  segments: noSegments,
  wire: unknown(flag),
  flags: flag,
})

/** D3: what the way to `callee` took. `top`: its first span. */
export function transitOf(callee: Node, { exits, caller }: Way, top: Node, clients: ClientAttempts): Transit {
  if (caller !== null && caller.input.kind !== SpanKind.client) return unknownTransit(Flag.missingParent)
  if (callee.wasted || exits.some(isWasted)) return unknownTransit(Flag.retryOrHedge)
  const spoilt = top.flags | callee.flags
  if (spoilt & Flag.negDuration) return unknownTransit(Flag.negDuration)
  if (spoilt & Flag.streaming) return unknownTransit(Flag.streaming)
  const doubt = top.emitter.coarse + callee.emitter.coarse
  const gap = top.duration - callee.duration
  if (contradicts(gap, top.duration, callee.emitter.slack + doubt)) return unknownTransit(Flag.negGap)
  const segments: HopSegment[] = []
  if (caller !== null) callTo(segments, caller, exits[0]?.traversal!.head ?? callee, clients.get(caller))
  for (let i = 0; i < exits.length; i++) through(segments, exits[i]!, exits[i + 1]?.traversal!.head ?? callee)
  const ns = Math.max(0, gap)
  const flags = censoredIf(gap)
  if (ns === 0 || segments.some(isNegative)) settle(segments, ns)
  return { transit: blurred(ns, doubt, flags), segments, wire: wireOf(segments), flags }
}

const isWasted = (exit: Node): boolean => exit.wasted || exit.traversal!.head.wasted

function add(to: HopSegment[], owner: Node, cls: SegmentClass, ns: number): void {
  to.push({ class: cls, ownerSpanId: owner.id, ns, fidelity: fidelityOf(cls) })
}

/** Between an application's CLIENT span and the head of what it called. */
function callTo(to: HopSegment[], caller: Node, below: Node, attempts: CallAttempts | undefined): void {
  const total = caller.duration - below.duration
  const own = attempts && attempts.count > 1 ? caller.duration - attempts.coveredNs - attempts.backoffNs : total
  add(to, caller, below.traversal?.role === 'sidecar-outbound' ? 'loopback' : 'wire', own)
  if (own !== total) add(to, caller, 'retry', total - own)
}

/** Between the head of a traversal and that of what is called through its span `exit`. */
function through(to: HopSegment[], exit: Node, below: Node): void {
  const traversal = exit.traversal!
  const { head, role, outs, attempts } = traversal
  if (exit.leg === 'up' && exit !== head) {
    inside(to, traversal, exit)
    add(to, exit, role === 'sidecar-inbound' ? 'loopback' : 'wire', exit.duration - below.duration)
    return
  }
  const total = head.duration - below.duration
  const own = outs.length > 1 ? head.duration - (traversal.outsNs ??= covered(head, outs)) - attempts.backoffNs : total
  add(to, head, passing(traversal), own)
  if (own !== total) add(to, head, others(head), total - own)
}

/** Class of what a proxy did for other calls of the same request. */
const others = ({ emitter }: Node): SegmentClass => (emitter.oneCall ? 'retry' : 'external')

/** Between the head of a traversal and its upstream span `exit`. */
function inside(to: HopSegment[], traversal: Traversal, exit: Node): void {
  const { head, ups, bodies, asides } = traversal
  const total = head.duration - exit.duration
  const alone = ups.length === 1 && bodies.length === 0 && asides.length === 0
  const told = traversal.overhead?.total
  const own = alone ? total : (told?.ns ?? told?.hiNs ?? told?.loNs ?? total)
  add(to, head, processing(traversal), own)
  let rest = total - own
  if (rest === 0 && alone) return
  const aside = Math.min(rest, (traversal.asidesNs ??= covered(head, asides)))
  if (aside !== 0) add(to, head, 'external', aside)
  rest -= aside
  const body = bodyOf(traversal, exit)
  const reading = body === undefined ? 0 : ups.length === 1 ? rest : Math.min(rest, covered(head, [body]))
  if (reading !== 0) add(to, body!, 'wire', reading)
  rest -= reading
  if (rest !== 0) add(to, head, others(head), rest)
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

const isNegative = ({ ns }: HopSegment): boolean => ns < 0

/**
 * A pair whose inner span is the longer one (an emitter that ends late, or with the headers) gives a negative segment: it
 * becomes 0 and its deficit is taken from others, first those nearer to the callee, so that all still add up to the
 * transit. What a proxy's own clock tells gives last. What was changed is not exact any more.
 */
function settle(segments: HopSegment[], total: number): void {
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
  let ns = 0
  let wires = 0
  let settled = false
  for (const segment of segments) {
    if (holdsWire(segment.class)) return unknown(Flag.singleSpanProxy)
    if (segment.class !== 'wire') continue
    wires++
    ns += segment.ns
    settled ||= segment.fidelity !== 'exact'
  }
  return wires === 0 ? unknown(Flag.singleSpanProxy) : exact(ns, settled ? Flag.censored : 0)
}
