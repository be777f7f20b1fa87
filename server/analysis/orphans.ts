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
  if (orphans.length > mostOrphans) {
    for (const node of order) bound(node)
    return
  }
  const stack = tops.map((node) => ({ node, near: orphans }))
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
    if (further.size > 0) bound(node)
  }
}

/** With more than these it is not worth asking where they belong: any span may have called them. */
const mostOrphans = 64

function bound(node: Node): void {
  if (node.self?.hiNs) node.self = bounded(0, node.self.hiNs, Flag.missingParent)
}

/** With an offset that is not known, raw times only tell what is far off: there it is enough to fit and to overlap. */
function mayHold(node: Node, orphan: Node, clocks: Clocks): boolean {
  const slack = tolerance(node.duration)
  if (orphan === node || orphan.duration > node.duration + slack) return false
  const offset = sameClock(node, orphan) ? synchronous : offsetTo(orphan, node, clocks)
  if (offset === null) return orphan.start <= node.end && orphan.end >= node.start
  const start = orphan.start - offset.theta
  const doubt = slack + offset.epsilon
  return start >= node.start - doubt && start + orphan.duration <= node.end + doubt
}
