import { settleDuplicates } from './duplicates.ts'
import { Flag } from './flags.ts'
import { noClock } from './clock/domain.ts'
import { append, noNodes, type Node } from './node.ts'
import { byStart, inOrder } from './order.ts'
import type { Emitter } from './recognise/emitter.ts'
import { recast, type Recognise } from './recognise/recognise.ts'
import type { SpanInput } from './types.ts'

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
  for (const span of inOrder(spans)) nodes.push(toNode(span, recognise(span)))
  if (nodes.length <= fewNodes) return hasTwins(nodes) ? link(...settleDuplicates(nodes)) : link(nodes, null)
  const byId = new Map<string, Node>()
  for (const node of nodes) byId.set(node.id, node)
  return byId.size === nodes.length ? link(nodes, byId) : link(...settleDuplicates(nodes))
}

/** To compare the ids of so few costs less than to put them into a Map: each is a string that was never hashed. */
const fewNodes = 16

function hasTwins(nodes: readonly Node[]): boolean {
  for (let i = 1; i < nodes.length; i++) {
    const { id } = nodes[i]!
    for (let j = 0; j < i; j++) if (nodes[j]!.id === id) return true
  }
  return false
}

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
    children: noNodes,
    clock: noClock,
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

/** @param byId null: few enough to be looked through. */
function link(nodes: readonly Node[], byId: ReadonlyMap<string, Node> | null): Tree {
  const tops: Node[] = []
  let root: Node | null = null
  let before: Node | null = null
  let parentless = 0
  let flags = 0
  for (const node of nodes) {
    const { parentId } = node
    const parent = parentId === '' ? undefined : parentOf(node, before, nodes, byId)
    before = node
    if (parent && parent !== node) {
      node.parent = parent
      parent.children = append(parent.children, node)
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
  const order: Node[] = []
  addPreorder(order, tops)
  if (order.length < nodes.length) {
    flags |= Flag.cycle
    cutCycles(nodes, order)
  }
  adoptBodies(order)
  return { order, root, flags }
}

/** Mostly the span that started just before, or its parent: to compare ids costs less than to look one up. */
function parentOf(
  { parentId }: Node,
  before: Node | null,
  nodes: readonly Node[],
  byId: ReadonlyMap<string, Node> | null,
): Node | undefined {
  if (before !== null && before.id === parentId) return before
  if (before !== null && before.parent !== null && before.parent.id === parentId) return before.parent
  if (byId !== null) return byId.get(parentId)
  for (const node of nodes) if (node.id === parentId) return node
  return undefined
}

/** Parents before children, siblings by start. Iterative: a chain may be 10,000 deep. */
function addPreorder(order: Node[], tops: readonly Node[]): void {
  const stack: Node[] = []
  for (let i = tops.length - 1; i >= 0; i--) stack.push(tops[i]!)
  while (stack.length > 0) {
    const node = stack.pop()!
    order.push(node)
    const { children } = node
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!)
  }
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
    const from = order.length
    addPreorder(order, [earliest])
    for (let i = from; i < order.length; i++) reached.add(order[i]!)
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
