import { placedTree } from './analyse.ts'
import type { Node } from './node.ts'
import { criticalPath, isOnPath } from './path.ts'
import type { AnalysisSettings, PathSegment, TraceInput } from './types.ts'

/** What a trace's critical path breaks of D7's invariants I1-I3; empty when it holds them, as it must. */
export function auditTrace(input: TraceInput, settings: AnalysisSettings): string[] {
  const { order, root } = placedTree(input, settings)
  return root === null ? [] : pathViolations(root, order, criticalPath(root).segments)
}

export function pathViolations(root: Node, order: readonly Node[], path: readonly PathSegment[]): string[] {
  const violations: string[] = []
  const nodes = new Map(order.map((node) => [node.id, node]))
  const known = new Map<Node, Float64Array>()
  const endsOf = (node: Node): Float64Array => {
    const ends = known.get(node) ?? Float64Array.from(node.children.filter(isOnPath), ({ to }) => to).sort()
    known.set(node, ends)
    return ends
  }
  let at = root.from
  for (const { spanId, start, ns } of path) {
    const owner = nodes.get(spanId)
    const end = start + ns
    if (start !== at || !(ns > 0) || !Number.isInteger(ns))
      violations.push(`I1: ${spanId} at ${start} for ${ns}, not ${at}`)
    at = end
    if (!owner || start < owner.from || end > owner.to)
      violations.push(`I2: ${spanId} does not run from ${start} to ${end}`)
    // Backwards from its end the owner was the last to finish: nothing that it waited for ended in between.
    else if (endsBetween(endsOf(owner), start, end)) violations.push(`I3: ${spanId} waited between ${start} and ${end}`)
  }
  if (at !== root.to) violations.push(`I1: the path ends at ${at}, the root at ${root.to}`)
  return violations
}

/** Whether one of the ascending `ends` lies between the two. */
function endsBetween(ends: Float64Array, start: number, end: number): boolean {
  let lo = 0
  let hi = ends.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (ends[middle]! > start) hi = middle
    else lo = middle + 1
  }
  return lo < ends.length && ends[lo]! < end
}
