import type { PathSegment, SegmentClass, Tax } from './types.ts'

export type ClassSums = Partial<Record<SegmentClass, number>>

/** ns per class of a critical path. */
export function sumClasses(path: readonly PathSegment[]): ClassSums {
  const sums: ClassSums = {}
  for (const segment of path) sums[segment.class] = (sums[segment.class] ?? 0) + segment.ns
  return sums
}

/**
 * D8. `wireNs`: ŵ, the calibrated wire time, null while none is known. Without one there is an estimate only where the
 * bounds meet.
 */
export function taxes(
  path: readonly PathSegment[],
  duration: number,
  wireNs: number | null,
): { mesh: Tax; gateway: Tax } {
  const sums = sumClasses(path)
  const of = (cls: SegmentClass) => sums[cls] ?? 0
  const meshUpper = of('proxy.proc') + of('proxy.in') + of('proxy.out+wire') + of('loopback')
  const gatewayUpper = of('gateway.proc') + of('gateway.out+wire')
  return {
    mesh: tax(of('proxy.proc'), meshUpper, wires(path, 'proxy.out+wire', wireNs), duration),
    gateway: tax(of('gateway.proc'), gatewayUpper, wires(path, 'gateway.out+wire', wireNs), duration),
  }
}

/** ŵ once for each span with segments of the class, as far as they reach; null without ŵ. */
function wires(path: readonly PathSegment[], cls: SegmentClass, wireNs: number | null): number | null {
  if (wireNs === null) return null
  const owners = new Map<string, number>()
  for (const segment of path)
    if (segment.class === cls) owners.set(segment.spanId, (owners.get(segment.spanId) ?? 0) + segment.ns)
  let sum = 0
  for (const ns of owners.values()) sum += Math.min(ns, wireNs)
  return sum
}

function tax(lowerNs: number, upperNs: number, wireNs: number | null, duration: number): Tax {
  const estimateNs = wireNs !== null ? Math.max(lowerNs, upperNs - wireNs) : lowerNs === upperNs ? upperNs : null
  return { lowerNs, upperNs, estimateNs, share: duration > 0 ? (estimateNs ?? upperNs) / duration : 0 }
}
