import { Flag } from './flags.ts'
import { hopWords, serviceOf } from './identity.ts'
import { pairKeys } from './learned/pair-keys.ts'
import { oneAttempt, type Node, type Traversal } from './node.ts'
import { isError, routeOf } from './outcome.ts'
import { transitOf, unknownTransit, type ClientAttempts, type Transit, type Way } from './transit.ts'
import { SpanKind, type Hop, type HopEnd } from './types.ts'

/** D3: a hop for every server span that something called, and one for every proxy that no callee answers. */
export function findHops(order: readonly Node[], traversals: readonly Traversal[], clients: ClientAttempts): Hop[] {
  const hops: Hop[] = []
  for (const node of order) {
    const { parent } = node
    if (node.leg !== 'app' || parent === null) continue
    if (parent.traversal !== null) {
      if (node.exit !== null) hops.push(toHop(node, wayTo(node), clients))
    } else if (node.input.kind === SpanKind.server) {
      const called = parent.input.kind === SpanKind.client || parent.emitter.service !== node.emitter.service
      if (called) hops.push(toHop(node, { exits: noExits, caller: parent }, clients))
    }
  }
  for (const traversal of traversals)
    for (const exit of openEnds(traversal)) hops.push(exitHop(traversal, exit, clients))
  return hops
}

const noExits: readonly Node[] = []

/** Spans of the traversal whose exchange nobody below answers for. A local reply goes nowhere, a message to a broker. */
function openEnds({ head, ups, outs }: Traversal): readonly Node[] {
  if (head.flags & Flag.localReply || head.input.kind === SpanKind.producer) return noExits
  if (head.emitter.oneCall || ups.length === 0) return outs.length === 0 ? [ups.at(-1) ?? head] : noExits
  return ups.some(isOpen) ? ups.filter(isOpen) : noExits
}

const isOpen = ({ answer }: Node): boolean => answer === null

/** Of the request that came to `from`, and on through the span `last` of the traversal that it heads. */
function wayTo(from: Node, last?: Node): Way {
  let depth = last === undefined ? 0 : 1
  let top = from
  while (goesOn(top)) {
    top = top.exit!.traversal!.head
    depth++
  }
  const exits = new Array<Node>(depth)
  if (last !== undefined) exits[--depth] = last
  for (let node = from; depth > 0; node = node.exit!.traversal!.head) exits[--depth] = node.exit!
  return { exits, caller: callerOf(top) }
}

/** The request came through a proxy; not by a call that a proxy makes for itself (ext_authz): no part of the way of the request that it serves. */
const goesOn = ({ parent, exit }: Node): boolean =>
  parent !== null && parent.traversal !== null && exit !== null && exit.leg !== 'aside'

function callerOf({ parent, exit }: Node): Node | null {
  if (parent === null || parent.traversal === null) return parent
  // Without an exit, an application without spans stands between: the way begins after it.
  return exit
}

function toHop(callee: Node, way: Way, clients: ClientAttempts): Hop {
  const top = way.caller ?? way.exits[0]!.traversal!.head
  return describe(way, callee, transitOf(callee, way, top, clients), clients)
}

const exitHop = ({ head }: Traversal, exit: Node, clients: ClientAttempts): Hop =>
  describe(wayTo(head, exit), null, unknownTransit(exit.unanswered || Flag.missingCallee), clients)

function describe({ exits, caller }: Way, callee: Node | null, measured: Transit, clients: ClientAttempts): Hop {
  const first = caller ?? exits[0]!.traversal!.head
  const last = callee ?? exits[exits.length - 1]!
  const receiver = callee ?? last.traversal!.head
  const { environment, cluster, namespace } = receiver.emitter
  const kind = callee === null ? 'exit' : caller === null ? 'entry' : 'internal'
  const words = hopWords(receiver.emitter, kind, caller?.emitter.service ?? '', callee?.emitter.service ?? '', exits)
  const own = (caller && clients.get(caller)) ?? oneAttempt
  let attempts = own.count
  let backoffNs = own.backoffNs
  let wastedNs = own.wastedNs
  let flags = measured.flags | first.flags | last.flags
  for (const exit of exits) {
    const traversal = exit.traversal!
    attempts = Math.max(attempts, traversal.attempts.count)
    backoffNs += traversal.attempts.backoffNs
    wastedNs += traversal.attempts.wastedNs
    flags |= traversal.head.flags
  }
  return {
    environment,
    cluster,
    namespace,
    hopId: words.hopId,
    kind,
    caller: endOf(caller),
    callee: endOf(callee),
    via: exits.map(headId),
    viaProxyIds: words.via,
    start: first.start,
    transit: measured.transit,
    segments: measured.segments,
    wire: measured.wire,
    route: routeOf(receiver),
    dataPlane: dataPlane(exits),
    callerNode: first.emitter.node,
    calleeNode: last.emitter.node,
    zonePair:
      first.emitter.zone === '' || last.emitter.zone === '' ? '' : zonePair(first.emitter.zone, last.emitter.zone),
    calleeVersion: callee?.emitter.version ?? '',
    attempts,
    backoffNs,
    wastedNs,
    error: isError(last),
    status: last.status,
    flags,
  }
}

const zonePair = pairKeys('>')
const headId = (exit: Node): string => exit.traversal!.head.id
const endOf = (node: Node | null): HopEnd | null => node && { service: serviceOf(node), spanId: node.id }

function dataPlane(exits: readonly Node[]): Hop['dataPlane'] {
  let sidecar = false
  let waypoint = false
  let gateway = false
  for (const exit of exits) {
    const { role } = exit.traversal!
    if (role === 'waypoint') waypoint = true
    else if (role === 'gateway') gateway = true
    else sidecar = true
  }
  if (sidecar && waypoint) return 'both'
  return sidecar ? 'sidecar' : waypoint ? 'waypoint' : gateway ? 'gateway' : 'none'
}
