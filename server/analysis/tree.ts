import { Flag } from './flags.ts'
import { hash64 } from './hash.ts'
import { noChildren, type Node } from './node.ts'
import type { Emitter } from './recognise/emitter.ts'
import { recast, type Recognise } from './recognise/recognise.ts'
import { SpanKind, type Attributes, type SpanInput } from './types.ts'

/** A trace as trees. `order` holds every span once, parents before children. */
export interface Tree {
  readonly order: readonly Node[]
  /** The primary root (1.2 step 4). */
  readonly root: Node | null
  /** Trace-wide D9 bits. */
  readonly flags: number
}

/** algorithms.md 1.2 steps 1-4: one node a span, inverted intervals mended, parents resolved, cycles cut. */
export function buildTree(spans: readonly SpanInput[], recognise: Recognise): Tree {
  const nodes: Node[] = []
  const byId = new Map<string, Node>()
  /** SERVER halves of shared Zipkin ids, by the id they shared. */
  let serverHalves: Map<string, Node> | undefined
  for (const span of inOrder(spans)) {
    const sameId = byId.get(span.spanId)
    const twin = sameId && span.kind === SpanKind.server ? (serverHalves?.get(span.spanId) ?? sameId) : sameId
    const node = toNode(span, recognise(span))
    if (!twin) {
      byId.set(node.id, node)
      nodes.push(node)
    } else if (isSharedPair(twin.input, span) && !serverHalves?.has(span.spanId)) {
      serverHalves ??= new Map()
      const server = span.kind === SpanKind.server ? node : twin
      const client = server === node ? twin : node
      serverHalves.set(span.spanId, server)
      byId.set(span.spanId, client)
      nodes.push(node)
    } else if (byContent(twin.input, span) !== 0) {
      const kept = node.duration > twin.duration ? node : twin
      kept.flags |= twin.flags | Flag.dupSpanId
      if (kept === node) {
        nodes[nodes.indexOf(twin)] = node
        if (serverHalves?.get(span.spanId) === twin) serverHalves.set(span.spanId, node)
        else byId.set(node.id, node)
      }
    }
  }
  if (serverHalves) {
    for (const [shared, server] of serverHalves) {
      server.id = hash64([shared, 'server'])
      server.parentId = shared
    }
    for (const node of nodes) {
      const server = serverHalves.get(node.parentId)
      if (server && server !== node) node.parentId = server.id
    }
    for (const server of serverHalves.values()) byId.set(server.id, server)
    nodes.sort(byStart)
  }
  return link(nodes, byId)
}

const byStart = (a: Node, b: Node) => a.start - b.start || compare(a.id, b.id)
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By start, then id, then longest, then whatever tells them apart: what the analysis says must not hang on the order of arrival. */
function inOrder(spans: readonly SpanInput[]): readonly SpanInput[] {
  for (let i = 1; i < spans.length; i++) {
    const a = spans[i - 1]!
    const b = spans[i]!
    if (a.start > b.start || (a.start === b.start && a.spanId >= b.spanId)) return [...spans].sort(byContent)
  }
  return spans
}

const byContent = (a: SpanInput, b: SpanInput): number =>
  a.start - b.start ||
  compare(a.spanId, b.spanId) ||
  b.duration - a.duration ||
  a.kind - b.kind ||
  compare(a.parentId, b.parentId) ||
  compare(a.name, b.name) ||
  a.status - b.status ||
  (a === b ? 0 : compare(contentOf(a), contentOf(b)))

function contentOf(span: SpanInput): string {
  const { attributes, attributeSet, resource, scope, events, links, flags, traceState } = span
  const inOrder = (map: Attributes) => [...map].sort(([x], [y]) => compare(x, y))
  const maps = [attributes, attributeSet, resource.attributes].map(inOrder)
  const said = events.map((event) => [event.name, event.time, inOrder(event.attributes)])
  return JSON.stringify([maps, scope.name, scope.version, scope.tailSampled, said, links, flags, traceState])
}

const isSharedPair = (a: SpanInput, b: SpanInput) =>
  a.kind + b.kind === SpanKind.server + SpanKind.client && a.kind !== b.kind

/** Beyond 104 days from the base (a clock that was never set) a double holds instants to the nearest 1024 ns at worst. */
const farthest = 2 ** 53
const blurred = { coarse: 1024 }

function toNode(span: SpanInput, recognised: Emitter): Node {
  const isFar = Math.abs(span.start) >= farthest && recognised.coarse === 0
  const emitter = isFar ? recast(recognised, 'far', blurred) : recognised
  const duration = span.duration < 0 ? 0 : span.duration
  return {
    input: span,
    id: span.spanId,
    parentId: span.parentId,
    emitter,
    leg: emitter.leg,
    role: emitter.role,
    start: span.start,
    end: span.start + duration,
    duration,
    flags: (span.duration < 0 ? Flag.negDuration : 0) | (emitter.coarse > 0 ? Flag.coarseClock : 0),
    parent: null,
    children: noChildren,
    domain: '',
    offset: null,
    placed: span.start,
    from: 0,
    to: 0,
    blocking: true,
    self: null,
    // Stages of KrakenD say 0 for success and 500 for whatever went wrong.
    status: emitter.leg === 'stage' ? 0 : emitter.status,
    traversal: null,
    outlet: null,
    exit: null,
    answer: null,
    coveredBy: undefined,
    wasted: false,
    unanswered: 0,
  }
}

function link(nodes: readonly Node[], byId: ReadonlyMap<string, Node>): Tree {
  const tops: Node[] = []
  let root: Node | null = null
  let parentless = 0
  let flags = 0
  for (const node of nodes) {
    const { parentId } = node
    const parent = parentId === '' ? undefined : byId.get(parentId)
    if (parent && parent !== node) {
      node.parent = parent
      if (parent.children === noChildren) parent.children = [node]
      else parent.children.push(node)
      continue
    }
    tops.push(node)
    if (parentId === '') {
      parentless++
      root ??= node // nodes come by start
    } else if (parent === node) {
      node.flags |= Flag.cycle
      flags |= Flag.cycle
    } else {
      node.flags |= Flag.missingParent
      flags |= Flag.missingParent
    }
  }
  if (parentless === 0) flags |= Flag.noRoot
  if (parentless > 1) flags |= Flag.multiRoot
  const order = preorder(tops, nodes.length)
  if (order.length < nodes.length) {
    flags |= Flag.cycle
    cutCycles(nodes, order)
  }
  adoptBodies(order)
  return { order, root, flags }
}

/** Parents before children, siblings by start. Iterative: a chain may be 10,000 deep. */
function preorder(tops: readonly Node[], size: number): Node[] {
  const order: Node[] = new Array<Node>(0)
  const stack: Node[] = []
  for (let i = tops.length - 1; i >= 0; i--) stack.push(tops[i]!)
  while (stack.length > 0 && order.length < size) {
    const node = stack.pop()!
    order.push(node)
    const { children } = node
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!)
  }
  return order
}

/** 1.2 step 3: a ring of parents is cut at its earliest member, which then heads an orphan tree. */
function cutCycles(nodes: readonly Node[], order: Node[]): void {
  const reached = new Set(order)
  for (const start of nodes) {
    if (reached.has(start)) continue
    const onWay = new Set<Node>()
    let node = start
    while (!onWay.has(node)) {
      onWay.add(node)
      node = node.parent!
    }
    let earliest = node
    for (let member = node.parent!; member !== node; member = member.parent!)
      if (byStart(member, earliest) < 0) earliest = member
    const parent = earliest.parent!
    parent.children = parent.children.filter((child) => child !== earliest)
    earliest.parent = null
    earliest.flags |= Flag.cycle
    for (const found of preorder([earliest], nodes.length)) {
      reached.add(found)
      order.push(found)
    }
  }
}

/**
 * KrakenD reads an upstream's body after the CLIENT span has ended, in a child of that span
 * (proxy-spans.md K4): in time it stands beside it.
 */
function adoptBodies(order: readonly Node[]): void {
  for (const node of order) {
    if (node.leg !== 'body' || !node.parent?.parent || node.parent.leg !== 'up') continue
    const from = node.parent
    const to = from.parent!
    from.children = from.children.filter((child) => child !== node)
    node.parent = to
    to.children = [...to.children, node].sort(byStart)
  }
}
