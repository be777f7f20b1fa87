import { sameClock } from './clock/domain.ts'
import { Flag } from './flags.ts'
import { bounded } from './measure.ts'
import { tolerance, type Node } from './node.ts'
import { offsetTo, synchronous, type Clocks } from './place.ts'

/**
 * Section 6: where a subtree without its parent lies inside a span, and in no child of that span, the missing parent may have
 * been called from there. Then the self time of the span holds what its missing child did: an upper bound.
 */
export function boundSelfTimes(order: readonly Node[], clocks: Clocks): void {
  const tops = order.filter((node) => node.parent === null)
  const orphans = tops.filter((node) => (node.flags & Flag.missingParent) !== 0)
  const stack = tops.map((node) => ({ node, near: orphans.filter((orphan) => orphan !== node) }))
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node } = at
    const inside = at.near.filter((orphan) => mayHold(node, orphan, clocks))
    if (inside.length === 0) continue
    const further = new Set(inside)
    for (const child of node.children) {
      const near = inside.filter((orphan) => mayHold(child, orphan, clocks))
      if (near.length === 0) continue
      for (const orphan of near) further.delete(orphan)
      stack.push({ node: child, near })
    }
    const { self } = node
    if (further.size > 0 && self?.hiNs) node.self = bounded(0, self.hiNs, Flag.missingParent)
  }
}

/** With an offset that is not known, raw times only tell what is far off: there it is enough to fit and to overlap. */
function mayHold(node: Node, orphan: Node, clocks: Clocks): boolean {
  const slack = tolerance(node.duration)
  if (orphan.duration > node.duration + slack) return false
  const offset = sameClock(node, orphan) ? synchronous : offsetTo(orphan, node, clocks)
  if (offset === null) return orphan.start <= node.end && orphan.end >= node.start
  const start = orphan.start - offset.theta
  const doubt = slack + offset.epsilon
  return start >= node.start - doubt && start + orphan.duration <= node.end + doubt
}
