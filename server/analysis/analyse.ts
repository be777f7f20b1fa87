import { addedOf } from './added.ts'
import { exchangesOf, lateEndsOf } from './clock/exchanges.ts'
import { judgeEdges } from './edges.ts'
import { Flag } from './flags.ts'
import { hash64, hex32, mix } from './hash.ts'
import { judgeAttempts } from './attempts.ts'
import { fanOutOf } from './fan-out.ts'
import { findHops } from './hops.ts'
import { applicationOf, identityOf, serviceOf } from './identity.ts'
import { refineEmitters } from './learned/emitters.ts'
import type { WireLookup } from './learned/wires.ts'
import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { lostCalls, overheadOf, type WireOf } from './overhead.ts'
import { isError, responseFlagsOf, routeOf } from './outcome.ts'
import { criticalPath, noPath } from './path.ts'
import { boundSelfTimes } from './orphans.ts'
import { place } from './place.ts'
import { promote } from './promote.ts'
import { connectOf } from './proxy-clock.ts'
import { queueWaits } from './queues.ts'
import type { Emitter, Shape } from './recognise/emitter.ts'
import { recogniserFor } from './recognise/recognise.ts'
import { samplingOf } from './sampling.ts'
import { covered, selfTime } from './self.ts'
import { markStreams } from './streaming.ts'
import { taxes } from './tax.ts'
import type { CallAttempts, ClientAttempts } from './transit.ts'
import { findTraversals } from './traversals.ts'
import { buildTree } from './tree.ts'
import {
  SpanKind,
  type AnalysedSpan,
  type AnalysisSettings,
  type ProxyTraversal,
  type Role,
  type TraceAnalysis,
  type TraceInput,
} from './types.ts'

/** Stored with every fact; raised when the analysis of the same spans comes to other numbers. */
export const ANALYSIS_VERSION = 5

/**
 * Everything hopscope says about one trace (algorithms.md D1-D9). Pure: the same spans in any order give the same
 * answer. Never throws for what a span says; what cannot be told is `unknown` with a reason.
 */
export function analyseTrace(input: TraceInput, settings: AnalysisSettings): TraceAnalysis {
  const { tree, weight, edges, clientAttempts, clocks, wireOf } = measuredTree(input, settings)
  const { order, root, traversals } = tree
  const hops = findHops(order, traversals, clientAttempts)
  const proxies = traversals.map((traversal) => toTraversal(traversal, settings))

  const measurable = root !== null && !(root.flags & Flag.negDuration)
  const duration = measurable ? root.duration : null
  const path = measurable ? criticalPath(root) : noPath
  const tax = taxes({
    root: measurable ? root : null,
    path,
    orphaned: (tree.flags & Flag.missingParent) !== 0,
    traversals,
    wireOf,
  })
  let flags = tree.flags
  for (const node of order) flags |= node.flags
  const top = root ?? order[0]
  return {
    environment: top?.emitter.environment ?? '',
    cluster: top?.emitter.cluster ?? '',
    namespace: top?.emitter.namespace ?? '',
    traceId: input.traceId,
    baseUnixNano: input.baseUnixNano,
    start: root?.start ?? order.reduce((least, node) => Math.min(least, node.start), order[0]?.start ?? 0),
    duration,
    rootService: root?.emitter.service ?? '',
    rootName: root?.input.name ?? '',
    route: root ? routeOf(root) : '',
    flags,
    error: root ? isError(root) : order.some(isError),
    services: servicesOf(order),
    shapeId: shapeOf(order),
    weight,
    spans: order.map(toSpan),
    proxies,
    hops,
    criticalPath: path.segments,
    tax,
    queueWaits: queueWaits(order, input.traceId, clocks),
    exchanges: exchangesOf(order),
    edges,
    lateEnds: lateEndsOf(order),
  }
}

/** A placed tree with every span's own time and every traversal's in-process time: what sums and paths are told from. */
export function measuredTree(input: TraceInput, settings: AnalysisSettings) {
  const tree = placedTree(input, settings)
  const { order, traversals, baseMs } = tree
  const { weight, flags: doubt } = samplingOf(order)
  if (doubt !== 0) for (const node of order) node.flags |= doubt
  const edges = judgeEdges(order, traversals, (tree.flags & Flag.missingParent) !== 0, settings.callee, baseMs)
  const clientAttempts = findClientAttempts(order)
  for (const node of order) node.self = selfTime(node)
  const clocks = { offset: settings.offset, baseMs }
  if (tree.flags & Flag.missingParent) boundSelfTimes(order, clocks)
  const wireOf = calibrated(settings.wire, baseMs)
  const lacksCall = tree.flags & Flag.missingParent ? lostCalls(order) : undefined
  for (const traversal of traversals) {
    traversal.overhead = overheadOf(traversal, wireOf, lacksCall)
    traversal.head.flags |= traversal.overhead.flags
  }
  return { tree, weight, edges, clientAttempts, clocks, wireOf }
}

/** The spans of a trace as trees, recognised, placed in time and grouped into traversals: what every number starts from. */
export function placedTree(input: TraceInput, settings: AnalysisSettings) {
  const { order, root, flags } = buildTree(input.spans, recogniserFor(settings.rules))
  promote(order)
  const baseMs = Number(input.baseUnixNano / 1_000_000n)
  if (settings.emitter) refineEmitters(order, settings.emitter, baseMs)
  place(order, { offset: settings.offset, baseMs })
  const traversals = findTraversals(order)
  markStreams(order)
  return { order, root, flags, traversals, baseMs }
}

const notCalibrated: WireOf = () => null

/** ŵ between a traversal and the one span it called, on a wire and not within one pod. */
function calibrated(wire: WireLookup | undefined, baseMs: number): WireOf {
  if (wire === undefined) return notCalibrated
  const wireBelow = ({ head, outs }: Traversal) => {
    const out = outs[0]
    if (out === undefined || outs.length > 1 || (head.emitter.pod !== '' && head.emitter.pod === out.emitter.pod))
      return null
    return wire(head.clock.side, out.clock.side, baseMs + head.start / 1e6)
  }
  return (traversal) => {
    if (traversal.wireNs === undefined) traversal.wireNs = wireBelow(traversal)
    return traversal.wireNs
  }
}

/** D6 for an application's CLIENT span below which several servers answered. */
const noClients: ClientAttempts = new Map()

function findClientAttempts(order: readonly Node[]): ClientAttempts {
  let found: Map<Node, CallAttempts> | undefined
  for (const node of order) {
    if (node.traversal !== null || node.input.kind !== SpanKind.client || node.children.length < 2) continue
    const tries = node.children.filter((child) => child.traversal !== null || child.input.kind === SpanKind.server)
    if (tries.length > 1)
      (found ??= new Map()).set(node, { ...judgeAttempts(tries), coveredNs: covered(node, node.children) })
  }
  return found ?? noClients
}

const retryOf = ({ count, backoffNs, wastedNs }: Attempts) => ({ attempts: count, backoffNs, wastedNs })
const noRetry = retryOf(oneAttempt)

function toTraversal(traversal: Traversal, settings: AnalysisSettings): ProxyTraversal {
  const { head, spans, attempts } = traversal
  const overhead = traversal.overhead!
  const { emitter } = head
  const paired = applicationOf(traversal)
  return {
    identity: identityOf(traversal),
    spanId: head.id,
    spanIds: spans.length === 1 ? [head.id] : spans.map((span) => span.id),
    instance: emitter.instance,
    version: emitter.version,
    node: emitter.node || (paired?.emitter.node ?? ''),
    zone: emitter.zone || (paired?.emitter.zone ?? ''),
    egress: traversal.egress,
    connectNs: connectOf(traversal),
    start: head.start,
    duration: head.duration,
    overhead: overhead.total,
    requestPath: overhead.request,
    responsePath: overhead.response,
    added: addedOf(traversal, overhead, settings),
    retry: attempts === oneAttempt ? noRetry : retryOf(attempts),
    fanOut: fanOutOf(traversal),
    localReply: overhead.localReply,
    error: isError(head),
    status: head.status,
    route: routeOf(head),
    caller: traversal.caller,
    callee: traversal.callee,
    responseFlags: responseFlagsOf(head),
    flags: head.flags,
  }
}

function servicesOf(order: readonly Node[]): string[] {
  const services: string[] = []
  let many: Set<string> | undefined
  let last = ''
  for (const node of order) {
    const service = serviceOf(node)
    if (services.length > 0 && service === last) continue
    last = service
    if (many ? many.has(service) : services.includes(service)) continue
    services.push(service)
    if (services.length > 16) (many ??= new Set(services)).add(service)
  }
  return services
}

function toSpan(node: Node): AnalysedSpan {
  return {
    spanId: node.id,
    parentId: node.parentId,
    input: node.input,
    service: serviceOf(node),
    role: node.role,
    leg: node.leg,
    proxyFamily: node.emitter.family,
    // Inner spans of Envoy do not say whose it is.
    proxyProduct: (node.traversal?.head ?? node).emitter.product,
    rule: node.emitter.rule,
    start: node.start,
    duration: node.duration,
    placedStart: node.placed,
    self: node.self!,
    flags: node.flags,
    error: isError(node),
  }
}

/** Section 3: hash of the pre-order list of (service, operation, role). */
function shapeOf(order: readonly Node[]): string {
  let a = 0x811c9dc5
  let b = order.length
  for (const { emitter, input, role } of order) {
    const { memo } = emitter
    // Mostly the operation that the emitter was last seen with.
    const shape =
      memo.shape?.role === role && memo.shape.name === input.name ? memo.shape : shapeWithin(emitter, input.name, role)
    const h = shape.hash
    a = Math.imul(a ^ h, 0x01000193)
    b = mix((b + h) ^ a)
  }
  return hex32(mix(a)) + hex32(b)
}

function shapeWithin({ memo, service }: Emitter, name: string, role: Role): Shape {
  let ofRole = memo.shapes.get(role)
  if (ofRole === undefined) memo.shapes.set(role, (ofRole = new Map()))
  let shape = ofRole.get(name)
  if (shape === undefined) {
    shape = { role, name, hash: parseInt(hash64([service, name, role]).slice(0, 8), 16) }
    if (ofRole.size < 1000) ofRole.set(name, shape)
  }
  memo.shape = shape
  return shape
}
