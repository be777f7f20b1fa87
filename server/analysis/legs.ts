import { sameClock } from './clock/domain.ts'
import type { Interval } from './clock/intersection.ts'
import type { Offset } from './clock/offsets.ts'
import { Flag } from './flags.ts'
import type { Node } from './node.ts'

/** D2: how long a request was on its way before what it waited for began, and after that had ended. ns. */
export interface Legs {
  readonly request: Interval
  readonly response: Interval
}

/** D2: a leg is told when the clocks leave no more doubt than a fifth of the gap, or 50 µs. ns. */
export const isPublishable = (halfWidth: number, gap: number): boolean => halfWidth <= Math.max(0.2 * gap, 50_000)

interface Side {
  /** As the clocks show it, the offset taken out. */
  readonly ns: number
  readonly epsilon: number
  /** By how much it may seem shorter than it is although one clock told: a late end, a resolution. */
  readonly slack?: number
}

/**
 * Both legs of a gap of D2, each no more than the gap; null where the clocks leave too much doubt, or cannot be right: then
 * the interval of a leg and [0, gap] have nothing in common.
 */
export const legsOf = (gap: number, request: Side, response: Side): Legs | null =>
  legsWithin(
    legOf(gap, request.ns, request.epsilon, request.slack ?? 0),
    legOf(gap, response.ns, response.epsilon, response.slack ?? 0),
  )

const legsWithin = (request: Interval | null, response: Interval | null): Legs | null =>
  request && response && { request, response }

function legOf(gap: number, ns: number, epsilon: number, slack: number): Interval | null {
  if (epsilon > 0 && (ns + epsilon + slack < 0 || ns - epsilon - slack > gap)) return null
  const lo = Math.min(gap, Math.max(0, ns - epsilon))
  const up = Math.max(0, Math.min(gap, ns + epsilon))
  return isPublishable((up - lo) / 2, gap) ? { lo, up } : null
}

/** Proxies tell whole microseconds. */
const resolution = 1000

const none: Offset = { theta: 0, epsilon: 0 }

/**
 * D2 of a span and what it waited for, `gap` being what they leave of it.
 * @returns the D9 flag that says why where the legs are not told.
 */
export function legsAround(outer: Node, inner: readonly Node[], gap: number): Legs | number {
  if (inner.length === 0) return Flag.missingCallee
  // The first that began and the last that ended, each with its doubt.
  let request = Infinity
  let requestEpsilon = 0
  let requestSlack = 0
  let response = Infinity
  let responseEpsilon = 0
  let responseSlack = 0
  for (const node of inner) {
    const offset = sameClock(node, outer) ? none : node.offset
    if (offset === null) return Flag.skewUnknown
    const { theta, epsilon } = offset
    const slack = Math.max(node.emitter.slack, resolution) + outer.emitter.coarse
    const before = node.start - theta - outer.start
    const after = outer.end - (node.end - theta)
    if (before < request) {
      request = before
      requestEpsilon = epsilon
      requestSlack = slack
    }
    if (after < response) {
      response = after
      responseEpsilon = epsilon
      responseSlack = slack
    }
  }
  return (
    legsWithin(
      legOf(gap, request, requestEpsilon, requestSlack),
      legOf(gap, response, responseEpsilon, responseSlack),
    ) ?? Flag.skewWide
  )
}
