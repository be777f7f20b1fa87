import { addedOf } from './added.ts'
import { Flag } from './flags.ts'
import { hash64, hex32, mix } from './hash.ts'
import { findHops, isError, routeOf, type HopContext } from './hops.ts'
import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { overheadOf, type Overhead } from './overhead.ts'
import { criticalPath } from './path.ts'
import { place } from './place.ts'
import { attribute } from './recognise/emitter.ts'
import { selfTime } from './self.ts'
import { taxes } from './tax.ts'
import { findTraversals, httpStatus, judgeAttempts } from './traversals.ts'
import { buildTree } from './tree.ts'
import {
  SpanKind,
  type AnalysedSpan,
  type AnalysisSettings,
  type ProxyIdentity,
  type ProxyTraversal,
  type TraceAnalysis,
  type TraceInput,
} from './types.ts'

/** Stored with every fact; raised when the analysis of the same spans comes to other numbers. */
export const ANALYSIS_VERSION = 1

/**
 * Everything hopscope says about one trace (algorithms.md D1-D9). Pure: the same spans in any order give the same
 * answer. Never throws for what a span says; what cannot be told is `unknown` with a reason.
 */
export function analyseTrace(input: TraceInput, settings: AnalysisSettings): TraceAnalysis {
  const tree = buildTree(input.spans)
  const { order, root } = tree
  place(order)
  const traversals = findTraversals(order)
  const clientAttempts = findClientAttempts(order)
  for (const node of order) node.self = selfTime(node)

  const overheads = new Map<Traversal, Overhead>()
  const identities = new Map<Traversal, ProxyIdentity>()
  for (const traversal of traversals) {
    const overhead = overheadOf(traversal)
    traversal.head.flags |= overhead.flags
    overheads.set(traversal, overhead)
    identities.set(traversal, identityOf(traversal))
  }
  const context: HopContext = {
    identityOf: (traversal) => identities.get(traversal)!,
    inProcess: (traversal) => overheads.get(traversal)!.total.loNs,
    clientAttempts: (client) => clientAttempts?.get(client) ?? oneAttempt,
  }
  const hops = findHops(order, traversals, context)
  const proxies = traversals.map((traversal) =>
    toTraversal(traversal, identities.get(traversal)!, overheads.get(traversal)!, settings),
  )

  const measurable = root !== null && !(root.flags & Flag.negDuration)
  const duration = measurable ? root.duration : null
  const path = measurable ? criticalPath(root) : []
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
    services: [...new Set(order.map((node) => serviceOf(node)))],
    shapeId: shapeOf(order),
    weight: 1,
    spans: order.map(toSpan),
    proxies,
    hops,
    criticalPath: path,
    tax: taxes(path, duration ?? 0, settings.wireNs ?? null),
  }
}

/** D6 for an application's CLIENT span below which several servers answered. */
function findClientAttempts(order: readonly Node[]): Map<Node, Attempts> | undefined {
  let found: Map<Node, Attempts> | undefined
  for (const node of order) {
    if (node.traversal !== null || node.input.kind !== SpanKind.client || node.children.length < 2) continue
    const tries = node.children.filter((child) => child.traversal !== null || child.input.kind === SpanKind.server)
    if (tries.length > 1) (found ??= new Map()).set(node, judgeAttempts(tries))
  }
  return found
}

/** A waypoint is called by its own name: some Istio versions give it that of the service behind it. */
function serviceOf({ emitter, role }: Node): string {
  return role === 'waypoint' && emitter.workload !== ''
    ? `${emitter.workload}${emitter.namespace && `.${emitter.namespace}`}`
    : emitter.service
}

const proxyIds = new Map<string, string>()

/** api.md "Identity": never pod or version. */
function identityOf({ head, family, role }: Traversal): ProxyIdentity {
  const { environment, cluster, namespace, workload } = head.emitter
  const key = `${environment}\n${cluster}\n${family}\n${namespace}\n${workload}\n${role}`
  let proxyId = proxyIds.get(key)
  if (proxyId === undefined) {
    proxyId = hash64([environment, cluster, family, namespace, workload, role])
    if (proxyIds.size < 100_000) proxyIds.set(key, proxyId)
  }
  const name = role === 'waypoint' ? serviceOf(head) : workload
  return { environment, cluster, namespace, proxyId, family, workload, role, name }
}

function toTraversal(
  traversal: Traversal,
  identity: ProxyIdentity,
  overhead: Overhead,
  settings: AnalysisSettings,
): ProxyTraversal {
  const { head, spans, attempts } = traversal
  const { emitter } = head
  return {
    identity,
    spanId: head.id,
    spanIds: spans.map((span) => span.id),
    instance: emitter.instance,
    version: emitter.version,
    node: emitter.node,
    zone: emitter.zone,
    start: head.start,
    duration: head.duration,
    overhead: overhead.total,
    requestPath: overhead.request,
    responsePath: overhead.response,
    added: addedOf(traversal, overhead, settings),
    retry: { attempts: attempts.count, backoffNs: attempts.backoffNs, wastedNs: attempts.wastedNs },
    localReply: overhead.localReply,
    error: isError(head),
    status: httpStatus(head),
    route: routeOf(head),
    caller: neighbour(head, (node) => node.parent),
    callee:
      traversal.outs.length === 0 ? '' : neighbour(traversal.outs[0]!, (node) => node.traversal?.outs[0] ?? null, true),
    responseFlags: attribute(head.input, 'response_flags') ?? '',
    flags: head.flags,
  }
}

/** Service of the next application on the way that `next` goes; '' when there is none. */
function neighbour(from: Node, next: (node: Node) => Node | null, self = false): string {
  let node = self ? from : next(from)
  while (node !== null && node.leg !== 'app') node = next(node)
  return node?.emitter.service ?? ''
}

function toSpan(node: Node): AnalysedSpan {
  return {
    spanId: node.id,
    parentId: node.parentId,
    input: node.input,
    service: serviceOf(node),
    role: node.role,
    proxyFamily: node.emitter.family,
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
    let h = emitter.shapes.get(input.name)
    if (h === undefined) {
      h = parseInt(hash64([emitter.service, input.name, role]).slice(0, 8), 16)
      if (emitter.shapes.size < 1000) emitter.shapes.set(input.name, h)
    }
    a = Math.imul(a ^ h, 0x01000193)
    b = mix((b + h) ^ a)
  }
  return hex32(mix(a)) + hex32(b)
}
