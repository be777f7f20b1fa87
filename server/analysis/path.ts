import { sameClock } from './clock/domain.ts'
import { calleeOf } from './edges.ts'
import { Flag } from './flags.ts'
import { passing, processing } from './hops.ts'
import { tolerance, type Node } from './node.ts'
import { exitOf } from './traversals.ts'
import { sorted } from './sorted.ts'
import { compare } from './tree.ts'
import { SpanKind, type Leg, type PathSegment, type SegmentClass } from './types.ts'

interface Frame {
  readonly node: Node
  /** Blocking children by placed end descending (D7). */
  readonly children: readonly Node[]
  readonly slack: number
  index: number
  /** Time up to which the path is still to be told, going backwards. */
  cur: number
  /** The child on the path after `cur`. */
  next: Node | undefined
  readonly wasted: boolean
}

/** D7: the last finishing child, backwards. Partitions the root's interval; ascending in time. */
export function criticalPath(root: Node): PathSegment[] {
  const path: PathSegment[] = []
  const stack: Frame[] = [frame(root, root.to, false)]
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!
    const child = nextOnPath(top)
    const from = child === undefined ? top.node.from : Math.min(child.to, top.cur)
    if (from < top.cur) {
      const leg: Leg = child ? (top.next ? 'mid' : 'resp') : top.next ? 'req' : 'self'
      path.push({
        spanId: top.node.id,
        class: classOf(top.node, leg, top.wasted),
        leg,
        start: from,
        ns: top.cur - from,
      })
    }
    if (child === undefined) {
      stack.pop()
    } else {
      top.next = child
      top.cur = child.from
      stack.push(frame(child, from, top.wasted || child.wasted))
    }
  }
  return path.reverse()
}

/** Of children: latest end first, of equal ends the longest. */
export const criticalOrder = (a: Node, b: Node): number => b.to - a.to || a.from - b.from || compare(a.id, b.id)

function frame(node: Node, cur: number, wasted: boolean): Frame {
  const { children } = node
  // Children come by start: those after each other end the other way round.
  const ordered = children.length > 1 ? sorted([...children].reverse(), criticalOrder) : children
  return { node, children: ordered, slack: siblingSlack(node), index: 0, cur, next: undefined, wasted }
}

/** Waited for, and longer than nothing. */
export const isOnPath = (child: Node): boolean => child.blocking && child.from < child.to

/** δ of 1.3 between children of one clock: start grids add to it. */
export function siblingSlack({ children, duration }: Node): number {
  let slack = tolerance(duration)
  if (children.length > 1) for (const child of children) slack = Math.max(slack, child.emitter.grid)
  return slack
}

function nextOnPath(top: Frame): Node | undefined {
  while (top.index < top.children.length) {
    const child = top.children[top.index++]!
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
