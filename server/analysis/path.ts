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
  readonly node: Node
  /** The span on the path around it. */
  readonly outer: Frame | undefined
  /** Its children by `pathOrder`; those before `rest` are still to be looked at, from the last. */
  readonly children: readonly Node[]
  rest: number
  /** Of `siblingSlack`, worked out when it is first asked for: mostly nothing overlaps. */
  slack: number | undefined
  /** Time up to which the path is still to be told, going backwards. */
  cur: number
  /** The child on the path after `cur`. */
  next: Node | undefined
  readonly wasted: boolean
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

/** D7: the last finishing child, backwards. Partitions the root's interval. */
export function criticalPath(root: Node): CriticalPath {
  const segments: PathSegment[] = []
  const owners: Node[] = []
  let parallel = overlaps(root)
  let top: Frame | undefined = frameOf(root, undefined, root.to, false)
  while (top !== undefined) {
    const { node, wasted, cur }: Frame = top
    const child = nextOnPath(top)
    const from = child === undefined ? node.from : Math.min(child.to, cur)
    if (from < cur) {
      const leg: Leg = child ? (top.next ? 'mid' : 'resp') : top.next ? 'req' : 'self'
      segments.push({ spanId: node.id, class: classOf(node, leg, wasted), leg, start: from, ns: cur - from })
      owners.push(node)
    }
    if (child === undefined) {
      top = top.outer
    } else {
      top.next = child
      top.cur = child.from
      if (child.children.length === 0) {
        // Nothing below: its whole part is its own.
        if (child.from < from) {
          const ns = from - child.from
          const cls = classOf(child, 'self', wasted || child.wasted)
          segments.push({ spanId: child.id, class: cls, leg: 'self', start: child.from, ns })
          owners.push(child)
        }
        continue
      }
      top = frameOf(child, top, from, wasted || child.wasted)
      parallel ||= overlaps(child)
    }
  }
  return { segments: segments.reverse(), owners: owners.reverse(), parallel }
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

function frameOf(node: Node, outer: Frame | undefined, cur: number, wasted: boolean): Frame {
  const { children } = node
  const inOrder = children.length > 1 ? sorted(children, pathOrder) : children
  return { node, outer, children: inOrder, rest: children.length, slack: undefined, cur, next: undefined, wasted }
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
    if (isOnPath(child) && child.from < top.cur && (child.to <= top.cur || barelyOverlaps(child, top))) return child
  }
  return undefined
}

/** It ends after the next one on the path began, but within the tolerance. */
const barelyOverlaps = (child: Node, top: Frame): boolean =>
  child.to <= top.cur + slackTo(child, top.next, (top.slack ??= siblingSlack(top.node)))

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
