import { learnPods, noClock, sameClock, sameMachine, setClock, type Pods } from './clock/domain.ts'
import type { Offset, OffsetLookup } from './clock/offsets.ts'
import { Flag } from './flags.ts'
import { isPublishable } from './legs.ts'
import { tolerance, type Node } from './node.ts'
import { SpanKind } from './types.ts'

/** What is known about clocks when a trace is placed. */
export interface Clocks {
  readonly offset: OffsetLookup | undefined
  /** Unix ms of the trace's base. */
  readonly baseMs: number
}

/** algorithms.md 1.1 (clock domains), 1.2 step 5 (blocking), step 6 (placement): one pass from the tops down. */
export function place(order: readonly Node[], clocks: Clocks): void {
  const pods = learnPods(order)
  let placed: Set<Node> | undefined
  for (const node of order) {
    if (node.clock === noClock) setClock(node, pods)
    const { parent } = node
    if (parent === null) {
      node.from = node.placed
      node.to = node.placed + node.duration
    } else if (sameClock(node, parent)) {
      node.placed = node.start + (parent.placed - parent.start)
    } else if (parent.children.length === 1) {
      node.offset = offsetTo(node, parent, clocks)
      if (node.offset === null || sameMachine(node, parent)) centre(node, parent)
      else placeBy(node, parent, node.offset)
    } else if (!placed?.has(parent)) {
      ;(placed ??= new Set()).add(parent)
      placeForeign(parent, pods, clocks)
    }
    if (parent !== null) joinParent(node, parent)
  }
}

/**
 * Offset of a span's clock to that of its parent (section 4), the grids of starts included: a start cut to the grid lies up
 * to one grid early. null: not known.
 */
export function offsetTo(node: Node, parent: Node, { offset, baseMs }: Clocks): Offset | null {
  const own = node.emitter.grid
  const above = parent.emitter.grid
  let machines: Offset | undefined
  if (sameMachine(node, parent)) machines = synchronous
  else if (offset) machines = offset(parent.clock.side.machine, node.clock.side.machine, baseMs + parent.start / 1e6)
  if (machines === undefined) return null
  return { theta: machines.theta + (above - own) / 2, epsilon: machines.epsilon + (above + own) / 2 }
}

export const synchronous: Offset = { theta: 0, epsilon: 0 }

/** With a known offset a child sits where its clock says, moved into its parent where that is not quite possible. */
function placeBy(node: Node, parent: Node, offset: Offset): void {
  const wanted = Math.round(node.start - offset.theta) + (parent.placed - parent.start)
  const room = parent.duration - node.duration
  if (startsAfter(node, parent)) node.placed = wanted
  else node.placed = room < 0 ? parent.placed : Math.min(Math.max(wanted, parent.placed), parent.placed + room)
  if (room >= 0 && !isPublishable(offset.epsilon, room)) node.flags |= Flag.skewWide
}

/** Whatever the clock error, it began when its parent had ended: nobody waited for it (1.2 step 5). */
const startsAfter = ({ start, offset }: Node, parent: Node) =>
  offset !== null && !waits(parent) && start - offset.theta - offset.epsilon > parent.end

/** A client and a proxy wait for what they called, even when it ends after them (1.2 step 5). */
const waits = ({ input, emitter }: Node) => input.kind === SpanKind.client || emitter.family !== ''

/** A lone child of another clock sits in the middle of its parent; one too long begins with it and is cut. */
function centre(node: Node, parent: Node): void {
  const room = parent.duration - node.duration
  node.placed = room < 0 ? parent.placed : parent.placed + Math.floor(room / 2)
  if (!sameMachine(node, parent)) node.flags |= Flag.skewModeled
}

/**
 * Several children of other clocks: each by its offset where that is known. Where the raw times of the others all fit into the
 * parent they are kept, for nothing speaks against them; else each clock's group is moved as one block, so that the order
 * within a clock stays.
 */
function placeForeign(parent: Node, pods: Pods, clocks: Clocks): void {
  const foreign: Node[] = []
  for (const child of parent.children) {
    setClock(child, pods)
    if (sameClock(child, parent)) continue
    child.offset = offsetTo(child, parent, clocks)
    if (child.offset === null || sameMachine(child, parent)) foreign.push(child)
    else placeBy(child, parent, child.offset)
  }
  const slack = foreign.reduce((most, { emitter }) => Math.max(most, emitter.grid), tolerance(parent.duration))
  const shift = parent.placed - parent.start
  if (foreign.every((child) => child.start >= parent.start - slack && child.end <= parent.end + slack)) {
    for (const child of foreign) {
      child.placed = child.start + shift
      if (!sameMachine(child, parent)) child.flags |= Flag.skewUnknown
    }
    return
  }
  const groups = new Map<string, Node[]>()
  for (const child of foreign) {
    const group = groups.get(child.clock.domain)
    if (group) group.push(child)
    else groups.set(child.clock.domain, [child])
  }
  for (const group of groups.values()) {
    const first = group.reduce((least, { start }) => Math.min(least, start), Infinity)
    const last = group.reduce((most, { end }) => Math.max(most, end), -Infinity)
    const room = parent.duration - (last - first)
    const at = room < 0 ? parent.placed : parent.placed + Math.floor(room / 2)
    for (const child of group) {
      child.placed = at + (child.start - first)
      if (!sameMachine(child, parent)) child.flags |= Flag.skewModeled
    }
  }
}

/** Whether the parent waits for the child, and the part of the child inside it. */
function joinParent(node: Node, parent: Node): void {
  const end = node.placed + node.duration
  const parentEnd = parent.placed + parent.duration
  const slack = Math.max(tolerance(parent.duration), node.emitter.grid, parent.emitter.grid)
  if (node.input.kind === SpanKind.consumer || node.emitter.followsFrom) {
    node.blocking = false
  } else if (startsAfter(node, parent)) {
    node.blocking = false
    node.flags |= Flag.detachedAsync
  } else if (end > parentEnd + slack) {
    if (waits(parent) || !sameClock(node, parent)) node.flags |= Flag.childOutlives
    else {
      node.blocking = false
      node.flags |= Flag.detachedAsync
    }
  }
  if (node.blocking) {
    node.from = Math.max(node.placed, parent.from)
    node.to = Math.min(end, parent.to)
  } else {
    node.from = node.placed
    node.to = end
  }
}
