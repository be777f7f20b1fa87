import { mostByCaller } from './added.ts'
import { awaitedUps } from './attempts.ts'
import { Flag } from './flags.ts'
import { blurred, bounded, exact, modelled, unknown } from './measure.ts'
import { legsAround } from './legs.ts'
import { tolerance, type Node, type Traversal } from './node.ts'
import { clockOf, upstreamTime } from './proxy-clock.ts'
import { censoredIf, contradicts, covered, doubtOf, maxSlack } from './self.ts'
import { isHeadless } from './traversals.ts'
import { SpanKind, type Measure } from './types.ts'

/** ŵ of the wire below a traversal, ns; null: not calibrated. */
export type WireOf = (traversal: Traversal) => number | null

/** D4: in-process time of a traversal and its two legs. */
export interface Overhead {
  readonly total: Measure
  readonly request: Measure
  readonly response: Measure
  readonly localReply: boolean
  /** Somebody hung up before the answer was there. */
  readonly cutOff: boolean
  readonly flags: number
}

/**
 * @param wire ŵ between the proxy and what it called, where that is calibrated; ns.
 * @param lacksCall of the trace.
 */
export function overheadOf(traversal: Traversal, wire: WireOf, lacksCall: LacksCall = lacksNothing): Overhead {
  const { head, ups, outs, asides, attempts } = traversal
  let flags = head.flags
  if (traversal.spans.length === 1) flags |= Flag.singleSpanProxy
  if (attempts.count > 1) flags |= Flag.retryOrHedge
  if (head.flags & Flag.negDuration) return none(Flag.negDuration, flags)
  if (head.flags & Flag.streaming) return none(Flag.streaming, flags)
  if (head.emitter.cutOff) return { ...none(Flag.truncated, flags), cutOff: true }
  if (ups.length === 0 && outs.length === 0 && head.emitter.localReply) {
    const own = head.duration - covered(head, asides)
    const leg = unknown(Flag.localReply)
    const total = blurred(own, doubtOf(head, asides), Flag.localReply)
    return { total, request: leg, response: leg, localReply: true, cutOff: false, flags: flags | Flag.localReply }
  }
  return (
    (ups.length > 0 && fromSpans(traversal, flags, lacksCall)) ||
    fromProxyClock(traversal, flags) ||
    fromCallee(traversal, flags, wire)
  )
}

const none = (reason: number, flags: number): Overhead => ({
  total: unknown(reason),
  request: unknown(reason),
  response: unknown(reason),
  localReply: false,
  cutOff: false,
  flags,
})

/** Level A (spans): the proxy's own upstream spans are cut out of its server-side span. */
function fromSpans(traversal: Traversal, flags: number, lacksCall: LacksCall): Overhead | undefined {
  const { head, bodies, asides, attempts } = traversal
  const ups = attempts.count === 1 ? traversal.ups : awaitedUps(traversal)
  if (head.leg === 'up') return none(Flag.missingParent, flags | Flag.missingParent)
  const read = bodies.length === 0 ? ups : [...ups, ...bodies]
  const inner = asides.length === 0 ? read : [...read, ...asides]
  for (const node of inner) if (node.flags & Flag.negDuration) return none(Flag.negDuration, flags)
  const doubt = doubtOf(head, inner)
  const told = head.duration - covered(head, inner) - attempts.backoffNs
  if (contradicts(told, head.duration, doubt)) return none(Flag.negGap, flags | Flag.negGap)
  const gap = Math.max(0, told)
  const censored = censoredIf(told)
  // Without the outermost layer, what happened before and after it is open.
  if (isHeadless(traversal))
    return {
      total: bounded(Math.max(0, gap - doubt), null),
      request: unknown(0),
      response: unknown(0),
      localReply: false,
      cutOff: false,
      flags: flags | censored,
    }
  let firstUp = Infinity
  let lastEnd = -Infinity
  for (const up of ups) firstUp = Math.min(firstUp, up.start)
  for (const node of read) lastEnd = Math.max(lastEnd, node.end)
  let before = 0
  for (const aside of asides) if (aside.end <= firstUp) before += aside.duration
  const request = Math.max(0, firstUp - head.start - before)
  if (lacksCall(head)) {
    const reasons = censored | Flag.missingParent
    const total = bounded(0, gap, reasons)
    const response = bounded(0, Math.max(0, head.end - lastEnd), reasons)
    return {
      total,
      request: bounded(0, request, reasons),
      response,
      localReply: false,
      cutOff: false,
      flags: flags | reasons,
    }
  }
  const beyond = bodyBeyond(traversal)
  if (beyond > 0)
    return {
      total: bounded(
        Math.max(0, Math.min(request, gap) - doubt),
        Math.max(request, gap - beyond) + doubt,
        Flag.childOutlives,
      ),
      request: blurred(request, doubt),
      response: unknown(Flag.childOutlives),
      localReply: false,
      cutOff: false,
      flags: flags | Flag.childOutlives,
    }
  return {
    total: blurred(gap, doubt, censored),
    request: blurred(request, doubt),
    response: blurred(Math.max(0, head.end - lastEnd), doubt),
    localReply: false,
    cutOff: false,
    flags: flags | censored | (doubt > 0 ? Flag.coarseClock : 0),
  }
}

/** Whether a proxy may lack the span of a call that it made. */
export type LacksCall = (head: Node) => boolean

const lacksNothing: LacksCall = () => false

/**
 * An orphan may be what a proxy of several calls called, the span of that call being lost: then its time is in what looks like
 * the proxy's own, which is an upper bound only (section 6). The clocks need not be known, so the length decides.
 */
export function lostCalls(order: readonly Node[]): LacksCall {
  const orphans = order.filter(
    ({ parent, parentId, leg, input }) =>
      parent === null && parentId !== '' && leg !== 'up' && (leg !== 'app' || input.kind === SpanKind.server),
  )
  if (orphans.length === 0) return lacksNothing
  const [first, second] = orphans.sort((a, b) => a.duration - b.duration)
  const tops = new Map<Node, Node>()
  for (const node of order) tops.set(node, node.parent === null ? node : tops.get(node.parent)!)
  return (head) => {
    const shortest = tops.get(head) === first ? second : first
    return !head.emitter.oneCall && shortest !== undefined && shortest.duration <= head.duration
  }
}

/**
 * How much longer than an upstream span that ends with the headers its callee was at work: then the proxy was receiving
 * the body, which no span of it tells from its own work. ns.
 */
function bodyBeyond({ head, outs, bodies }: Traversal): number {
  if (!head.emitter.endsAtHeaders || bodies.length > 0) return 0
  let beyond = 0
  for (const out of outs) {
    if (out.exit === null || out.exit.leg !== 'up') continue
    const excess = out.duration - out.exit.duration
    if (excess > tolerance(out.exit.duration) + out.emitter.slack) beyond = Math.max(beyond, excess)
  }
  return beyond
}

/**
 * Level A (tags, events): what the proxy's own clock recorded inside a single span. With retries the times are those of
 * different attempts, so they do not add up to anything.
 */
function fromProxyClock({ head, attempts }: Traversal, flags: number): Overhead | undefined {
  if (attempts.count > 1) return undefined
  const legs = clockOf(head)
  if (legs) {
    const { request, response } = legs
    const { coarse } = head.emitter
    return {
      total: blurred(request + response, coarse),
      request: blurred(request, coarse),
      response: blurred(response, coarse),
      localReply: false,
      cutOff: false,
      flags,
    }
  }
  const upstream = upstreamTime(head)
  if (upstream === undefined) return undefined
  const own = head.duration - upstream
  const { coarse } = head.emitter
  const reasons = coarse > 0 ? Flag.coarseClock : 0
  return {
    total: coarse > 0 ? bounded(Math.max(0, own - coarse), own + coarse, reasons) : exact(own),
    request: unknown(Flag.singleSpanProxy),
    response: unknown(Flag.singleSpanProxy),
    localReply: false,
    cutOff: false,
    flags: flags | reasons,
  }
}

/** Level B: one span, so the difference to what follows also holds the way there. */
function fromCallee(traversal: Traversal, flags: number, wire: WireOf): Overhead {
  const { head, role, outs, attempts } = traversal
  if (outs.length === 0) {
    const reason = head.emitter.terminal ? Flag.singleSpanProxy : head.unanswered || Flag.missingCallee
    return none(reason, flags | reason)
  }
  let toApps = true
  for (const out of outs) {
    if (out.flags & Flag.negDuration) return none(Flag.negDuration, flags)
    toApps &&= out.leg === 'app'
  }
  const { coarse } = head.emitter
  const told = head.duration - covered(head, outs) - attempts.backoffNs
  if (contradicts(told, head.duration, maxSlack(outs) + coarse)) return none(Flag.negGap, flags | Flag.negGap)
  const gap = Math.max(0, told)
  const tight = role === 'sidecar-inbound' && toApps
  const reasons =
    Flag.singleSpanProxy | censoredIf(told) | (tight ? Flag.tightUpper : 0) | (coarse > 0 ? Flag.coarseClock : 0)
  const legs = attempts.count === 1 ? legsAround(head, outs, gap) : Flag.retryOrHedge
  // Only where one wire and nothing else lies beside the proxy's own work in the difference.
  const wireNs = outs.length === 1 && !tight ? wire(traversal) : null
  return {
    total: wireNs === null ? bounded(0, gap + coarse, reasons) : lessWire(traversal, gap, wireNs, reasons),
    request: typeof legs === 'number' ? unknown(legs) : bounded(0, legs.request.up, reasons),
    response: typeof legs === 'number' ? unknown(legs) : bounded(0, legs.response.up, reasons),
    localReply: false,
    cutOff: false,
    flags: flags | reasons,
  }
}

/** What a calibrated wire leaves of the gap to the only callee. */
function lessWire(traversal: Traversal, gap: number, wireNs: number, reasons: number): Measure {
  const hi = gap + traversal.head.emitter.coarse
  // Nor did it take longer in its process than its caller waited for it.
  const most = mostByCaller(traversal, traversal.outs)
  const allowed = typeof most === 'number' ? most : hi
  return modelled(Math.max(0, Math.min(gap - wireNs, allowed)), 0, hi, reasons | Flag.modeled)
}
