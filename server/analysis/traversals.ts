import { attemptsOf } from './attempts.ts'
import { append, noNodes, oneAttempt, type Node, type Traversal } from './node.ts'
import { play } from './promote.ts'
import { recast } from './recognise/recognise.ts'
import { isEgress, roleOf } from './roles.ts'
import { SpanKind } from './types.ts'

/** proxy-spans.md 2.3: groups proxy spans into traversals and settles what the neighbours decide. */
export function findTraversals(order: readonly Node[]): Traversal[] {
  const traversals: Traversal[] = []
  for (const node of order) {
    const above = node.parent?.traversal ?? null
    if (node.leg === 'app') {
      if (above === null || !above.head.emitter.inProcess || !isOwnStage(node, above)) continue
      absorb(node, above)
    } else if (above !== null && joins(node, above)) {
      enter(node, above)
    } else if (!turnsApp(node)) {
      traversals.push(begin(node))
    }
  }
  for (const node of order) {
    const above = node.parent?.traversal
    if (!above || node.traversal === above || !isCallee(node, above)) continue
    node.exit = exitOf(node.parent!)
    if (node.exit.leg === 'aside') continue
    above.outs = append(above.outs, node)
    node.exit.answer ??= node
  }
  for (const traversal of traversals) traversal.attempts = attemptsOf(traversal)
  findNeighbours(traversals)
  return traversals
}

function begin(node: Node): Traversal {
  const role = roleOf(node)
  node.role = role
  const traversal: Traversal = {
    head: node,
    family: node.emitter.family,
    role,
    egress: isEgress(node),
    ups: node.leg === 'up' ? [node] : noNodes,
    bodies: noNodes,
    asides: noNodes,
    spans: [node],
    outs: noNodes,
    caller: '',
    callee: '',
    outsNs: undefined,
    wireNs: undefined,
    onPathNs: 0,
    asidesNs: undefined,
    awaitedUps: undefined,
    bodyOf: undefined,
    bodyEnds: undefined,
    attempts: oneAttempt,
    overhead: null,
  }
  node.traversal = traversal
  node.outlet = node
  if (node.leg === 'stage' || node.leg === 'aside') node.role = 'middleware-stage'
  return traversal
}

function enter(node: Node, above: Traversal): void {
  node.traversal = above
  above.spans.push(node)
  if (node.leg === 'down') node.leg = 'stage'
  if (node.leg === 'up') above.ups = append(above.ups, node)
  else if (node.leg === 'body') above.bodies = append(above.bodies, node)
  else if (node.leg === 'aside') above.asides = append(above.asides, node)
  node.role = node.leg === 'stage' || node.leg === 'aside' ? 'middleware-stage' : above.role
  node.outlet = node.leg === 'up' || node.leg === 'aside' ? node : node.parent!.outlet
}

/** Inner spans belong to the traversal around them; one below an upstream call is of another request to the proxy. */
function joins(node: Node, above: Traversal): boolean {
  const { head } = above
  if (node.emitter.family !== above.family || !sameProcess(node, head)) return false
  const outward = exitOf(node.parent!).leg === 'up'
  if (node.leg === 'down') return !outward && isNested(node, head)
  return !outward || node.leg === 'aside' || node.leg === 'body'
}

/** An inner span names its process less fully than the outer one. */
function sameProcess({ emitter, input }: Node, head: Node): boolean {
  if (input.resource === head.input.resource) return true
  if (emitter.service !== head.emitter.service) return false
  const named = emitter.instance !== emitter.service && head.emitter.instance !== head.emitter.service
  return !named || emitter.family === 'envoy' || emitter.instance === head.emitter.instance
}

const hasIsRemote = 0x100
const isRemote = 0x200

/** A second SERVER span of one request in one process, not a request that the proxy sent to itself. */
function isNested({ emitter, input }: Node, head: Node): boolean {
  if (emitter.role !== 'gateway' || emitter.family === 'envoy') return false
  if (input.flags & hasIsRemote) return (input.flags & isRemote) === 0
  return emitter.instance !== emitter.service && emitter.instance === head.emitter.instance
}

/** A span that a library of the proxy's own process made. */
function isOwnStage({ input, parent }: Node, above: Traversal): boolean {
  if (input.resource !== above.head.input.resource || exitOf(parent!).leg === 'aside') return false
  if (input.kind === SpanKind.server) return exitOf(parent!).leg !== 'up' && (input.flags & isRemote) === 0
  return input.kind === SpanKind.internal || input.kind === SpanKind.client
}

function absorb(node: Node, above: Traversal): void {
  const isCall = node.input.kind === SpanKind.client && exitOf(node.parent!).leg !== 'up'
  play(node, above.head.emitter, isCall ? 'aside' : 'stage')
  enter(node, above)
}

/** Settles what a span is that only a span above would have shown to be of the proxy. @returns whether an application's. */
function turnsApp(node: Node): boolean {
  const { alone } = node.emitter
  if (alone !== null) node.leg = alone
  if (alone !== 'app') return false
  node.emitter = recast(node.emitter, 'app', { family: '', product: '', rule: '', leg: 'app', role: 'app' })
  node.role = 'app'
  return true
}

/** From a span of a traversal outwards: its upstream call, its call aside, or its outermost span. */
export const exitOf = (node: Node): Node => node.outlet!

/** From each traversal to the next, whose own neighbour is known by then: proxies may stand in a long row. */
function findNeighbours(traversals: readonly Traversal[]): void {
  for (const traversal of traversals) {
    const { parent } = traversal.head
    if (parent !== null) traversal.caller = parent.leg === 'app' ? parent.emitter.service : parent.traversal!.caller
  }
  for (let i = traversals.length - 1; i >= 0; i--) {
    const out = traversals[i]!.outs[0]
    if (out) traversals[i]!.callee = out.leg === 'app' ? out.emitter.service : out.traversal!.callee
  }
}

/**
 * What answers the proxy: another proxy or a server. The outbound sidecar right below an inbound one, or an
 * application's CLIENT span, stands below an application that left no span of its own (proxy-spans.md 2.3, 5).
 */
function isCallee(node: Node, above: Traversal): boolean {
  const { kind } = node.input
  if (node.traversal !== null) return !(above.role === 'sidecar-inbound' && node.role === 'sidecar-outbound')
  return kind !== SpanKind.client && kind !== SpanKind.producer && kind !== SpanKind.consumer
}

/** When the body of an upstream call's response had been read; undefined: no span tells. */
export function bodyEndOf(call: Node, traversal: Traversal): number | undefined {
  if (traversal.bodies.length === 0) return undefined
  if (traversal.bodyEnds === undefined) {
    const ends = new Map<string, number>()
    for (const { input, end } of traversal.bodies)
      ends.set(input.parentId, Math.max(end, ends.get(input.parentId) ?? end))
    traversal.bodyEnds = ends
  }
  return traversal.bodyEnds.get(call.input.spanId)
}

/** Its server-side span is missing, or the proxy is told not to make one (KrakenD's global layer off). */
export const isHeadless = (traversal: Traversal): boolean => traversal.head.leg !== 'down'
