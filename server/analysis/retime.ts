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
export function retime(root: Node, change: Change): number {
  const plan = planOf(root)
  return retimed(plan, (stretch) => change(stretch.node, stretch.leg, stretch.ns, stretch.wasted)).ns
}

/** A stretch of a span's own time. ns may be below 0 where clocks allow it. */
export interface Stretch {
  readonly node: Node
  readonly leg: Leg
  readonly ns: number
  readonly wasted: boolean
}

/** What waits for what in a trace, worked out once for all that may be asked of it. */
export interface Plan {
  readonly stretches: readonly Stretch[]
  readonly spans: readonly Planned[]
}

/** A span; those that it waits for follow each other in `spans`, the earliest start first, and come after it. */
class Planned {
  /** Of its children: the first, and how many. */
  from = 0
  count = 0
  /** The child that ended last. */
  last = -1
  /** Its own time after that one, or all of it: index of a stretch. */
  tail = -1
  /** Its parent's own time before it: index of a stretch; -1 of the root. */
  gap = -1
  /** The sibling that it waited for; -1: its parent's start. */
  before = -1
  /** When it would end from its parent's start, and how long it would take, of the last question. ns */
  end = 0
  length = 0
  /** The child that would end last. */
  now = -1
}

export interface Retimed {
  readonly ns: number
  /** Somewhere on the critical path, another child than before is the last one that is waited for. */
  readonly overtaken: boolean
}

/** Goes through a trace that nothing else changes while the plan is in use. */
export function planOf(root: Node): Plan {
  const stretches: Stretch[] = []
  const nodes: { node: Node; wasted: boolean }[] = [{ node: root, wasted: false }]
  const spans: Planned[] = [new Planned()]
  for (let i = 0; i < nodes.length; i++) {
    const { node, wasted } = nodes[i]!
    const span = spans[i]!
    const stretch = (leg: Leg, ns: number) => stretches.push({ node, leg, ns, wasted }) - 1
    const children = node.children.filter(isOnPath)
    if (children.length === 0) {
      span.tail = stretch('self', node.to - node.from)
      continue
    }
    const byEnd = children.length > 1 ? [...children].sort(criticalOrder) : children
    const slack = siblingSlack(node)
    const reach = slack + 2 * children.reduce((most, { offset }) => Math.max(most, offset?.epsilon ?? 0), 0)
    if (children.length > 1) children.sort((a, b) => a.from - b.from || criticalOrder(a, b))
    span.from = spans.length
    span.count = children.length
    const places = children.length > 1 ? new Map(children.map((child, at) => [child, span.from + at])) : undefined
    for (const child of children) {
      const before = places && predecessor(child, byEnd, slack, reach)
      const own = new Planned()
      own.before = before ? places.get(before)! : -1
      own.gap = before ? stretch('mid', child.from - before.to) : stretch('req', child.from - node.from)
      spans.push(own)
      nodes.push({ node: child, wasted: wasted || child.wasted })
    }
    span.last = places?.get(byEnd[0]!) ?? span.from
    span.tail = stretch('resp', node.to - byEnd[0]!.to)
  }
  return { stretches, spans }
}

/** @param time how long a stretch would be; asked only of those that there are. */
export function retimed({ stretches, spans }: Plan, time: (stretch: Stretch, at: number) => number): Retimed {
  const own = (at: number): number => {
    const stretch = stretches[at]!
    return stretch.ns > 0 ? time(stretch, at) : stretch.ns
  }
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i]!
    let last = 0
    if (span.count > 0) {
      last = -Infinity
      for (let at = span.from; at < span.from + span.count; at++) {
        const child = spans[at]!
        child.end = (child.before >= 0 ? spans[child.before]!.end : 0) + own(child.gap) + child.length
        if (child.end > last || (child.end === last && at === span.last)) {
          last = child.end
          span.now = at
        }
      }
    }
    span.length = last + own(span.tail)
  }
  let overtaken = false
  for (let span = spans[0]!; span.count > 0 && !overtaken; span = spans[span.last]!) overtaken = span.now !== span.last
  return { ns: spans[0]!.length, overtaken }
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
