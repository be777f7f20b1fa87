import type { PathSegment, SegmentClass, Tax } from './types.ts'

export type ClassSums = Partial<Record<SegmentClass, number>>

/** ns per class of a critical path. */
export function sumClasses(path: readonly PathSegment[]): ClassSums {
  const sums: ClassSums = {}
  for (const segment of path) sums[segment.class] = (sums[segment.class] ?? 0) + segment.ns
  return sums
}

/** ŵ of the wire below the only span of a proxy, ns; null: not calibrated. */
export type WireBelow = (spanId: string) => number | null

/** D8. There is an estimate where every wire inside a segment is calibrated, or the bounds meet. */
export function taxes(
  path: readonly PathSegment[],
  duration: number,
  wireBelow: WireBelow,
): { mesh: Tax; gateway: Tax } {
  const sums = sumClasses(path)
  const of = (cls: SegmentClass) => sums[cls] ?? 0
  const meshUpper = of('proxy.proc') + of('proxy.in') + of('proxy.out+wire') + of('loopback')
  const gatewayUpper = of('gateway.proc') + of('gateway.out+wire')
  return {
    mesh: tax(of('proxy.proc'), meshUpper, wires(path, 'proxy.out+wire', wireBelow), duration),
    gateway: tax(of('gateway.proc'), gatewayUpper, wires(path, 'gateway.out+wire', wireBelow), duration),
  }
}

/**
 * ŵ once for each span with segments of the class, as far as they reach; null where one is not calibrated, or where no wire
 * is inside: then there is nothing to estimate.
 */
function wires(path: readonly PathSegment[], cls: SegmentClass, wireBelow: WireBelow): number | null {
  const owners = new Map<string, number>()
  for (const segment of path)
    if (segment.class === cls) owners.set(segment.spanId, (owners.get(segment.spanId) ?? 0) + segment.ns)
  let sum: number | null = null
  for (const [spanId, ns] of owners) {
    const wireNs = wireBelow(spanId)
    if (wireNs === null) return null
    sum = (sum ?? 0) + Math.min(ns, wireNs)
  }
  return sum
}

function tax(lowerNs: number, upperNs: number, wireNs: number | null, duration: number): Tax {
  const estimateNs = lowerNs === upperNs ? upperNs : wireNs !== null ? Math.max(lowerNs, upperNs - wireNs) : null
  return { lowerNs, upperNs, estimateNs, share: duration > 0 ? (estimateNs ?? upperNs) / duration : 0 }
}
