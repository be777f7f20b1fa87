import { Flag } from '../flags.ts'
import type { Node } from '../node.ts'
import { bodyEndOf } from '../traversals.ts'
import { SpanKind, StatusCode, type Exchange, type LateEnd } from '../types.ts'
import { isLasting, sameMachine } from './domain.ts'

/** Spans of proxies carry whole microseconds. */
const resolution = 1000
const noExchanges: readonly Exchange[] = []

/**
 * Exchanges of one request and its response between two processes that many traces together teach from: the offset of their
 * clocks (section 4) and how long the wire takes (D5). Streaming and failed ones are left out.
 */
export function exchangesOf(order: readonly Node[]): readonly Exchange[] {
  let found: Exchange[] | undefined
  for (const node of order) {
    const { parent } = node
    if (parent === null || !isServerSide(node)) continue
    const separable = isSeparable(node, parent)
    const apart = !sameMachine(node, parent)
    if ((!apart && !separable) || !waitsFor(parent) || !isLasting(node) || !isLasting(parent)) continue
    if (failed(node) || failed(parent)) continue
    const bodyEnd = answeredAt(parent)
    const end = Math.max(parent.end, bodyEnd ?? 0)
    const wireNs = separable ? end - parent.start - node.duration : -1
    ;(found ??= []).push({
      from: parent.clock.side,
      to: node.clock.side,
      at: parent.start,
      lateEnd: node.leg === 'app',
      offset: apart && bodyEnd !== undefined ? offsetWithin(node, parent, end) : null,
      wireNs: wireNs < 0 ? null : wireNs,
    })
  }
  return found ?? noExchanges
}

const noLateEnds: readonly LateEnd[] = []

const mostSlack = 1_000_000

/** What SERVER spans of SDKs whose emitter slack is not known outlast the proxy span around them by, on one machine (1.3). */
export function lateEndsOf(order: readonly Node[]): readonly LateEnd[] {
  let found: LateEnd[] | undefined
  for (const node of order) {
    const { parent, emitter, input } = node
    if (node.leg !== 'app' || emitter.slack === 0 || emitter.slack >= mostSlack || emitter.lateStart) continue
    if (!parent?.traversal || parent.children.length !== 1 || !sameMachine(node, parent)) continue
    if (failed(node) || failed(parent)) continue
    ;(found ??= []).push({ service: emitter.service, scope: input.scope.name, ns: node.duration - parent.duration })
  }
  return found ?? noLateEnds
}

/** Causality: nothing is received before it was sent. null where the inner span is the longer one. */
function offsetWithin(node: Node, parent: Node, end: number): Exchange['offset'] {
  const lo = node.end - end - parent.emitter.grid - node.emitter.slack - resolution
  const up = node.start - parent.start + node.emitter.grid + resolution
  return lo <= up ? { lo, up } : null
}

/** Begins when a request has been received, and ends before its answer is. */
const isServerSide = ({ leg, input }: Node) => leg === 'down' || (leg === 'app' && input.kind === SpanKind.server)

/** Begins before a request is sent, and ends after the answer to this one. */
const waitsFor = ({ input, emitter, children, traversal }: Node) =>
  (input.kind === SpanKind.client || emitter.family !== '') &&
  (traversal === null ? children.length === 1 : traversal.attempts.count === 1)

/** D5: nothing but wire and wake-ups lies between the two: no loopback, no work of a proxy in the same span. */
function isSeparable(node: Node, parent: Node): boolean {
  if (node.role === 'sidecar-outbound' || parent.role === 'sidecar-inbound') return false
  if (parent.emitter.pod !== '' && parent.emitter.pod === node.emitter.pod) return false
  return parent.leg === 'up' || (parent.leg === 'app' && parent.input.kind === SpanKind.client)
}

/**
 * When the whole answer was there. Some spans end with its headers (proxy-spans.md section 1), and spans of the reading of
 * the body tell the rest: undefined without.
 */
function answeredAt(parent: Node): number | undefined {
  if (parent.leg !== 'up' || !parent.emitter.endsAtHeaders) return parent.end
  return bodyEndOf(parent, parent.traversal!)
}

const spoilt = Flag.negDuration | Flag.streaming | Flag.detachedAsync | Flag.dupSpanId

const failed = ({ input, status, flags, wasted, emitter }: Node): boolean =>
  wasted || (flags & spoilt) !== 0 || status >= 500 || input.status === StatusCode.error || emitter.error
