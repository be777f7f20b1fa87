import { Flag } from './flags.ts'
import { bounded, exact, unknown } from './measure.ts'
import type { Node, Traversal } from './node.ts'
import { legsAround, type Legs } from './legs.ts'
import { attribute } from './recognise/emitter.ts'
import { isCutOff, isLocalReply } from './recognise/envoy.ts'
import { covered, difference, maxSlack } from './self.ts'
import { isHeadless } from './traversals.ts'
import type { Measure } from './types.ts'

/** D4: in-process time of a traversal and its two legs. */
export interface Overhead {
  readonly total: Measure
  readonly request: Measure
  readonly response: Measure
  readonly localReply: boolean
  readonly flags: number
}

export function overheadOf(traversal: Traversal): Overhead {
  const { head, ups, outs, asides, attempts } = traversal
  let flags = head.flags
  if (traversal.spans.length === 1) flags |= Flag.singleSpanProxy
  if (attempts.count > 1) flags |= Flag.retryOrHedge
  if (head.flags & Flag.negDuration) return none(Flag.negDuration, flags)
  const responseFlags = attribute(head.input, 'response_flags') ?? ''
  if (isCutOff(responseFlags)) return none(Flag.truncated, flags)
  if (ups.length === 0 && outs.length === 0 && isLocalReply(responseFlags)) {
    const own = head.duration - covered(head, asides)
    const leg = unknown(Flag.localReply)
    const total = exact(own, Flag.localReply)
    return { total, request: leg, response: leg, localReply: true, flags: flags | Flag.localReply }
  }
  return (
    (ups.length > 0 && fromSpans(traversal, flags)) || fromProxyClock(traversal, flags) || fromCallee(traversal, flags)
  )
}

const none = (reason: number, flags: number): Overhead => ({
  total: unknown(reason),
  request: unknown(reason),
  response: unknown(reason),
  localReply: false,
  flags,
})

/** Level A (spans): the proxy's own upstream spans are cut out of its server-side span. */
function fromSpans(traversal: Traversal, flags: number): Overhead | undefined {
  const { head, ups, bodies, asides, attempts } = traversal
  if (head.leg === 'up') return none(Flag.missingParent, flags | Flag.missingParent)
  const inner = [...ups, ...bodies, ...asides]
  if (inner.some((node) => node.flags & Flag.negDuration)) return none(Flag.negDuration, flags)
  const gap = difference(head.duration - covered(head, inner) - attempts.backoffNs, head.duration, 0)
  if (gap === null) return none(Flag.negGap, flags | Flag.negGap)
  // Without the outermost layer, what happened before and after it is open.
  if (isHeadless(traversal))
    return {
      total: bounded(gap.ns, null),
      request: unknown(0),
      response: unknown(0),
      localReply: false,
      flags: flags | gap.flags,
    }
  const firstUp = ups.reduce((first, up) => Math.min(first, up.start), Infinity)
  const lastEnd = [...ups, ...bodies].reduce((last, node) => Math.max(last, node.end), -Infinity)
  const before = asides.filter((aside) => aside.end <= firstUp).reduce((sum, aside) => sum + aside.duration, 0)
  return {
    total: exact(gap.ns, gap.flags),
    request: exact(Math.max(0, firstUp - head.start - before)),
    response: exact(Math.max(0, head.end - lastEnd)),
    localReply: false,
    flags: flags | gap.flags,
  }
}

/**
 * Level A (tags, events): what Envoy's own clock recorded inside a single span. With retries the times are those of
 * different attempts, so they do not add up to anything.
 */
function fromProxyClock({ head, attempts }: Traversal, flags: number): Overhead | undefined {
  if (attempts.count > 1) return undefined
  const legs = tagLegs(head) ?? eventLegs(head)
  if (!legs) return undefined
  const { request, response } = legs
  return {
    total: exact(request + response),
    request: exact(request),
    response: exact(response),
    localReply: false,
    flags,
  }
}

/** Envoy custom tags `hopscope.req_us` (%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%) and `hopscope.resp_us` (US_RX_BEG:DS_TX_BEG). */
function tagLegs(head: Node): { request: number; response: number } | undefined {
  const request = Number(attribute(head.input, 'hopscope.req_us') ?? NaN)
  const response = Number(attribute(head.input, 'hopscope.resp_us') ?? NaN)
  if (!(request >= 0) || !(response >= 0) || (request + response) * 1000 > head.duration) return undefined
  return { request: Math.round(request * 1000), response: Math.round(response * 1000) }
}

/** Envoy's stream events (`tracing.verbose`). */
function eventLegs(head: Node): { request: number; response: number } | undefined {
  if (head.emitter.family !== 'envoy' || head.input.events.length < 3) return undefined
  const at = (name: string) => head.input.events.find((event) => event.name === name)?.time
  const sent = at('first_upstream_tx_byte_sent')
  const received = at('first_upstream_rx_byte_received')
  const answered = at('first_downstream_tx_byte_sent')
  if (sent === undefined || received === undefined || answered === undefined) return undefined
  if (sent < head.start || received < sent || answered < received) return undefined
  return { request: sent - head.start, response: answered - received }
}

/** Level B: one span, so the difference to what follows also holds the way there. */
function fromCallee({ head, role, outs, attempts }: Traversal, flags: number): Overhead {
  if (outs.length === 0) return none(Flag.missingCallee, flags | Flag.missingCallee)
  if (outs.some((out) => out.flags & Flag.negDuration)) return none(Flag.negDuration, flags)
  const gap = difference(head.duration - covered(head, outs) - attempts.backoffNs, head.duration, maxSlack(outs))
  if (gap === null) return none(Flag.negGap, flags | Flag.negGap)
  const tight = role === 'sidecar-inbound' && outs.every((out) => out.leg === 'app')
  const reasons = Flag.singleSpanProxy | gap.flags | (tight ? Flag.tightUpper : 0)
  const legs = attempts.count === 1 ? legsAround(head, outs, gap.ns) : Flag.retryOrHedge
  const leg = (of: keyof Legs) => (typeof legs === 'number' ? unknown(legs) : bounded(0, legs[of].up, reasons))
  return {
    total: bounded(0, gap.ns, reasons),
    request: leg('request'),
    response: leg('response'),
    localReply: false,
    flags: flags | reasons,
  }
}
