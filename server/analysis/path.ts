import { sameClock } from './clock/domain.ts'
import { calleeOf } from './edges.ts'
import { Flag } from './flags.ts'
import { tolerance, type Node } from './node.ts'
import { compare } from './order.ts'
import { exitOf } from './traversals.ts'
import { sorted } from './sorted.ts'
import { passing, processing } from './transit.ts'
import { SpanKind, type Leg, type PathSegment, type SegmentClass } from './types.ts'

/** A span that the path goes through, as far as it is told already. */
interface Frame {
  node: Node
  /** Its children by `pathOrder`; those before `rest` are still to be looked at, from the last. */
  children: readonly Node[]
  rest: number
  slack: number
  /** Time up to which the path is still to be told, going backwards. */
  cur: number
  /** The child on the path after `cur`. */
  next: Node | undefined
  wasted: boolean
}

export interface CriticalPath {
  /** Ascending in time. */
  readonly segments: readonly PathSegment[]
  /** Whose each segment is. */
  readonly owners: readonly Node[]
  /** Something that is waited for runs beside something else: then not all of it is on the path. */
  readonly parallel: boolean
}

export const noPath: CriticalPath = { segments: [], owners: [], parallel: false }

/** Of earlier paths, to be filled anew: as many frames and segments as usual traces need. */
const frames: Frame[] = []
const told: PathSegment[] = []
const whose: Node[] = []
const mostKept = 1000

/** D7: the last finishing child, backwards. Partitions the root's interval. */
export function criticalPath(root: Node): CriticalPath {
  let count = 0
  let depth = 0
  let parallel = overlaps(root)
  open(depth, root, root.to, false)
  while (depth >= 0) {
    const top = frames[depth]!
    const { node, wasted, cur } = top
    const child = nextOnPath(top)
    const from = child === undefined ? node.from : Math.min(child.to, cur)
    if (from < cur) {
      const leg: Leg = child ? (top.next ? 'mid' : 'resp') : top.next ? 'req' : 'self'
      told[count] = { spanId: node.id, class: classOf(node, leg, wasted), leg, start: from, ns: cur - from }
      whose[count++] = node
    }
    if (child === undefined) {
      depth--
    } else {
      top.next = child
      top.cur = child.from
      open(++depth, child, from, wasted || child.wasted)
      parallel ||= overlaps(child)
    }
  }
  const path = { segments: firstReversed(told, count), owners: firstReversed(whose, count), parallel }
  for (const kept of [frames, told, whose]) if (kept.length > mostKept) kept.length = mostKept
  return path
}

function firstReversed<T>(items: readonly T[], count: number): T[] {
  const reversed = new Array<T>(count)
  for (let i = 0; i < count; i++) reversed[i] = items[count - 1 - i]!
  return reversed
}

/** Whether two that the span waits for run at once. */
function overlaps({ children }: Node): boolean {
  if (children.length < 2) return false
  let end = -Infinity
  for (const child of children) {
    if (!isOnPath(child)) continue
    if (child.from < end) return true
    end = child.to
  }
  return false
}

function open(depth: number, node: Node, cur: number, wasted: boolean): void {
  const children = node.children.length > 1 ? sorted(node.children, pathOrder) : node.children
  const slack = siblingSlack(node)
  const frame = frames[depth]
  if (frame === undefined) {
    frames.push({ node, children, rest: children.length, slack, cur, next: undefined, wasted })
    return
  }
  frame.node = node
  frame.children = children
  frame.rest = children.length
  frame.slack = slack
  frame.cur = cur
  frame.next = undefined
  frame.wasted = wasted
}

/** Of children: latest end first, of equal ends the longest. */
export const criticalOrder = (a: Node, b: Node): number => b.to - a.to || a.from - b.from || compare(a.id, b.id)

/** The other way round, as children after each other come already. */
const pathOrder = (a: Node, b: Node): number => criticalOrder(b, a)

/** Waited for, and longer than nothing. */
export const isOnPath = (child: Node): boolean => child.blocking && child.from < child.to

/** δ of 1.3 between children of one clock: start grids add to it. */
export function siblingSlack({ children, duration }: Node): number {
  let slack = tolerance(duration)
  if (children.length > 1) for (const child of children) slack = Math.max(slack, child.emitter.grid)
  return slack
}

function nextOnPath(top: Frame): Node | undefined {
  while (top.rest > 0) {
    const child = top.children[--top.rest]!
    if (isOnPath(child) && child.from < top.cur && child.to <= top.cur + slackTo(child, top.next, top.slack))
      return child
  }
  return undefined
}

/** δ of 1.3 between a child and the next one on the path: two clocks add their errors. `slack`: of one clock. */
export function slackTo(child: Node, next: Node | undefined, slack: number): number {
  if (next === undefined || (child.offset === null && next.offset === null) || sameClock(child, next)) return slack
  return Math.max(slack, (child.offset?.epsilon ?? 0) + (next.offset?.epsilon ?? 0))
}

/** Class of D7 for time that belongs to `node`. `wasted`: part of an attempt that was made good for. */
export function classOf(node: Node, leg: Leg, wasted: boolean): SegmentClass {
  if (wasted) return 'retry'
  const { traversal } = node
  if (traversal === null) return ofApplication(node, leg)
  const { ups, outs, attempts, role } = traversal
  // What a library did inside an upstream call is part of the call.
  const exit = node.leg === 'stage' ? exitOf(node) : node
  // What a proxy did and what it waited for in a stream of messages is not told.
  if (node.flags & Flag.streaming) return 'unknown'
  if (exit.leg === 'up') return exit.answer === null ? beyond(exit) : role === 'sidecar-inbound' ? 'loopback' : 'wire'
  if (node.leg === 'body') return 'wire'
  if (exit.leg === 'aside') return 'external'
  if (attempts.count > 1 && leg === 'mid' && node.emitter.oneCall) return 'retry'
  if (ups.length > 0) return processing(traversal)
  if (outs.length > 0) return passing(traversal)
  if (traversal.head.flags & Flag.localReply) return processing(traversal)
  const { emitter, unanswered } = traversal.head
  return emitter.terminal || unanswered === Flag.singleSpanProxy ? 'external' : 'unknown'
}

/** What nobody answers for is outside of what is traced, unless other requests show that somebody should have. */
const beyond = ({ unanswered }: Node): SegmentClass =>
  (unanswered & (Flag.missingCallee | Flag.sampledOut)) !== 0 ? 'unknown' : 'external'

function ofApplication(node: Node, leg: Leg): SegmentClass {
  if (node.input.kind !== SpanKind.client) return 'app'
  if (node.flags & Flag.streaming) return 'unknown'
  const callee = calleeOf(node)
  if (callee === undefined) return beyond(node)
  if (leg === 'mid') return 'retry'
  return callee.traversal?.role === 'sidecar-outbound' ? 'loopback' : 'wire'
}
