import { criticalOrder, isOnPath, siblingSlack, slackTo } from './path.ts'
import type { Node } from './node.ts'
import type { Leg } from './types.ts'

/**
 * Section 10: how long a stretch of a span's own time would be. `wasted`: part of an attempt that was made good for.
 * ns in, ns out; never asked about nothing.
 */
export type Change = (node: Node, leg: Leg, ns: number, wasted: boolean) => number

/**
 * How long the root would take if its spans' own times changed, what waits for what staying as it is: a child begins after
 * the sibling that it waited for and the parent's own time between, a parent ends after its last child and its own time.
 * ns; exactly the root's duration when nothing changes. Assumes that a gap is the parent's own work, that less time
 * does not change queues, and that timeouts are not decided anew.
 */
export const retime = (root: Node, change: Change): number => retimed(root, change).ns

export interface Retimed {
  readonly ns: number
  /** Somewhere on the critical path, another child than before is the last one that is waited for. */
  readonly overtaken: boolean
}

/** {@link retime}, and whether another branch takes over. */
export function retimed(root: Node, change: Change): Retimed {
  const order: { node: Node; wasted: boolean }[] = [{ node: root, wasted: false }]
  for (let i = 0; i < order.length; i++) {
    const { node, wasted } = order[i]!
    for (const child of node.children) if (isOnPath(child)) order.push({ node: child, wasted: wasted || child.wasted })
  }
  const lengths = new Map<Node, number>()
  const finishers = new Map<Node, Finishers>()
  for (let i = order.length - 1; i >= 0; i--) {
    const { node, wasted } = order[i]!
    const own = (leg: Leg, ns: number) => (ns > 0 ? change(node, leg, ns, wasted) : ns)
    lengths.set(node, lengthOf(node, lengths, own, finishers))
  }
  let overtaken = false
  for (let node: Node | undefined = root; node !== undefined && !overtaken;) {
    const last: Finishers | undefined = finishers.get(node)
    overtaken = last !== undefined && last.now !== last.before
    node = last ? last.before : node.children.find(isOnPath)
  }
  return { ns: lengths.get(root)!, overtaken }
}

/** Of several children of a span, the last one to end, as it was and as it would be. */
interface Finishers {
  readonly before: Node
  readonly now: Node
}

function lengthOf(
  parent: Node,
  lengths: ReadonlyMap<Node, number>,
  own: (leg: Leg, ns: number) => number,
  finishers: Map<Node, Finishers>,
): number {
  const children = parent.children.filter(isOnPath)
  if (children.length === 0) return own('self', parent.to - parent.from)
  const byEnd = children.length > 1 ? [...children].sort(criticalOrder) : children
  const slack = siblingSlack(parent)
  const reach = slack + 2 * children.reduce((most, { offset }) => Math.max(most, offset?.epsilon ?? 0), 0)
  /** From the parent's start. */
  const ends = new Map<Node, number>()
  let last = -Infinity
  let now = byEnd[0]!
  for (const child of children.sort((a, b) => a.from - b.from || criticalOrder(a, b))) {
    const before = predecessor(child, byEnd, slack, reach)
    const start = before ? ends.get(before)! + own('mid', child.from - before.to) : own('req', child.from - parent.from)
    const end = start + lengths.get(child)!
    ends.set(child, end)
    if (end > last || (end === last && child === byEnd[0])) {
      last = end
      now = child
    }
  }
  if (children.length > 1) finishers.set(parent, { before: byEnd[0]!, now })
  return last + own('resp', parent.to - byEnd[0]!.to)
}

/** The sibling that a child waited for: the one that the critical path goes on with (D7). */
function predecessor(child: Node, byEnd: readonly Node[], slack: number, reach: number): Node | undefined {
  for (let at = firstEndingBy(byEnd, child.from + reach); at < byEnd.length; at++) {
    const sibling = byEnd[at]!
    if (sibling.from < child.from && sibling.to <= child.from + slackTo(sibling, child, slack)) return sibling
  }
  return undefined
}

/** Index of the first of `byEnd` (latest end first) that ends at `time` or before. */
function firstEndingBy(byEnd: readonly Node[], time: number): number {
  let lo = 0
  let hi = byEnd.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (byEnd[middle]!.to <= time) hi = middle
    else lo = middle + 1
  }
  return lo
}
