/** Which links of a graph run back, so that without them it has no circles. */
import type { Wire } from './layout.ts'

/**
 * In each strongly connected part the links that lead nearer to the sources, or within one distance against `rank`. What lies in no
 * circle is never taken for one.
 * @param ids all nodes. @param rank of each node, all different.
 */
export function backLinks(
  ids: readonly string[],
  ahead: ReadonlyMap<string, readonly Wire[]>,
  rank: ReadonlyMap<string, number>,
): Set<string> {
  const part = partsOf(ids, ahead)
  const depth = depthsOf(ids, ahead)
  const back = new Set<string>()
  for (const wires of ahead.values())
    for (const { id, from, to } of wires) {
      if (part.get(from) !== part.get(to)) continue
      const nearer = depth.get(to)! - depth.get(from)! || rank.get(to)! - rank.get(from)!
      if (nearer < 0) back.add(id)
    }
  return back
}

/** Fewest links from what nothing calls; where a circle has no such node, from the first of its nodes. */
function depthsOf(ids: readonly string[], ahead: ReadonlyMap<string, readonly Wire[]>): Map<string, number> {
  const called = new Set([...ahead.values()].flatMap((wires) => wires.map(({ to }) => to)))
  const depths = new Map<string, number>()
  const spread = (roots: readonly string[]) => {
    const queue = [...roots]
    for (const id of queue) depths.set(id, 0)
    for (let i = 0; i < queue.length; i++)
      for (const { to } of ahead.get(queue[i]!)!) {
        if (depths.has(to)) continue
        depths.set(to, depths.get(queue[i]!)! + 1)
        queue.push(to)
      }
  }
  spread(ids.filter((id) => !called.has(id)))
  for (const id of ids) if (!depths.has(id)) spread([id])
  return depths
}

/** Strongly connected parts (Tarjan), without recursion: chains may be long. */
function partsOf(ids: readonly string[], ahead: ReadonlyMap<string, readonly Wire[]>): Map<string, number> {
  const [met, low, part] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  const open: string[] = []
  for (const root of ids) {
    if (met.has(root)) continue
    const stack = [{ id: root, next: 0 }]
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { id } = top
      if (top.next === 0) {
        met.set(id, met.size)
        low.set(id, met.get(id)!)
        open.push(id)
      }
      const wire = ahead.get(id)![top.next++]
      if (wire) {
        if (!met.has(wire.to)) stack.push({ id: wire.to, next: 0 })
        else if (!part.has(wire.to)) low.set(id, Math.min(low.get(id)!, met.get(wire.to)!))
        continue
      }
      stack.pop()
      const above = stack.at(-1)
      if (above) low.set(above.id, Math.min(low.get(above.id)!, low.get(id)!))
      if (low.get(id) !== met.get(id)) continue
      for (let member = ''; member !== id;) {
        member = open.pop()!
        part.set(member, met.get(id)!)
      }
    }
  }
  return part
}
