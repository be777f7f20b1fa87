import type { Node, Traversal } from './node.ts'
import type { Overhead, WireOf } from './overhead.ts'
import { calleeOf } from './edges.ts'
import { classOf, isOnPath, type CriticalPath } from './path.ts'
import { retime } from './retime.ts'
import { exitOf } from './traversals.ts'
import type { PathSegment, Role, SegmentClass, Tax } from './types.ts'

export type ClassSums = Partial<Record<SegmentClass, number>>

/** ns per class of a critical path. */
export function sumClasses(path: readonly PathSegment[]): ClassSums {
  const sums: ClassSums = {}
  for (const segment of path) sums[segment.class] = (sums[segment.class] ?? 0) + segment.ns
  return sums
}

/** What the taxes of a trace are told from; `root` null where it has no end-to-end time. */
export interface Taxed {
  readonly root: Node | null
  readonly path: CriticalPath
  /** It has spans whose parent is missing. */
  readonly orphaned: boolean
  readonly traversals: readonly Traversal[]
  /** ŵ below a traversal, ns; null: not calibrated. */
  readonly wireOf: WireOf
}

/** D8. There is an estimate where every wire inside a segment is calibrated, or the bounds meet. */
export const taxes = (taxed: Taxed): { mesh: Tax; gateway: Tax } => ({ mesh: tax(taxed, mesh), gateway: tax(taxed, gateway) })

/**
 * Whether time of a span that is of no class of the payer's may be the payer's all the same: of class `unknown` it is one
 * difference of what a proxy did and what it waited for; and where a parent is missing, proxies may have stood (section 6).
 */
function mayPay(node: Node, cls: SegmentClass, payer: Payer): boolean {
  // Orphans make self time an upper bound; nothing else does.
  if (node.self?.fidelity === 'bounded') return true
  if (cls !== 'unknown') return false
  const { traversal } = node
  if (traversal === null)
    return payer.pays('sidecar-outbound') && calleeOf(node)?.traversal?.role === 'sidecar-outbound'
  if (!payer.pays(traversal.role)) return false
  return exitOf(node).leg !== 'up' || traversal.role === 'sidecar-inbound'
}

interface Payer {
  /** Classes of its work: alone, and with a wire in the same difference. */
  readonly own: SegmentClass
  readonly withWire: SegmentClass
  /** One of these, or of what else it causes. */
  readonly causes: (cls: SegmentClass) => boolean
  readonly pays: (role: Role) => boolean
}

const mesh: Payer = {
  own: 'proxy.proc',
  withWire: 'proxy.out+wire',
  causes: (cls) => cls === 'proxy.proc' || cls === 'proxy.out+wire' || cls === 'proxy.in' || cls === 'loopback',
  pays: (role) => role === 'sidecar-inbound' || role === 'sidecar-outbound' || role === 'waypoint',
}
const gateway: Payer = {
  own: 'gateway.proc',
  withWire: 'gateway.out+wire',
  causes: (cls) => cls === 'gateway.proc' || cls === 'gateway.out+wire',
  pays: (role) => role === 'gateway',
}

function tax({ root, path, orphaned, traversals, wireOf }: Taxed, payer: Payer): Tax {
  const { segments, owners } = path
  let lowerNs = 0
  let upperNs = 0
  let untoldNs = 0
  for (let i = 0; i < segments.length; i++) {
    const { class: cls, ns } = segments[i]!
    if (payer.causes(cls)) {
      upperNs += ns
      if (cls === payer.own) lowerNs += ns
    } else if ((orphaned || cls === 'unknown') && mayPay(owners[i]!, cls, payer)) untoldNs += ns
  }
  upperNs += untoldNs
  const wireNs = lowerNs === upperNs || untoldNs > 0 ? null : wires(path, payer.withWire, wireOf)
  const estimateNs = lowerNs === upperNs ? upperNs : wireNs === null ? null : Math.max(lowerNs, upperNs - wireNs)
  const duration = root?.duration ?? 0
  let workNs = 0
  for (const { role, overhead } of traversals) if (payer.pays(role)) workNs += workOf(overhead)
  return {
    lowerNs,
    upperNs,
    estimateNs,
    share: duration > 0 ? (estimateNs ?? upperNs) / duration : 0,
    removableNs: root && upperNs > 0 && runsInParallel(root) ? removable(root, upperNs, payer) : upperNs,
    workNs,
  }
}

/** In-process time, or its upper bound; unknown ones do not count. */
const workOf = (overhead: Overhead | null): number => overhead?.total.ns ?? overhead?.total.hiNs ?? 0

/**
 * What would be saved if work of these classes took no time: less than is attributed where another branch takes over. Where
 * siblings overlap within the tolerance, the overlap counts to one of them only, and the saving never exceeds the attributed.
 */
function removable(root: Node, upperNs: number, payer: Payer): number {
  const without = retime(root, (node, leg, ns, wasted) => {
    const cls = classOf(node, leg, wasted)
    return payer.causes(cls) || mayPay(node, cls, payer) ? 0 : ns
  })
  return Math.max(0, Math.min(upperNs, root.to - root.from - without))
}

/** Where nothing runs beside anything else, all work is on the path. */
function runsInParallel(root: Node): boolean {
  const stack = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    let end = -Infinity
    for (const child of node.children) {
      if (!isOnPath(child)) continue
      if (child.from < end) return true
      end = child.to
      stack.push(child)
    }
  }
  return false
}

/**
 * ŵ once for each proxy with segments of the class, as far as they reach; null where one is not calibrated, or where no wire
 * is inside: then there is nothing to estimate.
 */
function wires({ segments, owners }: CriticalPath, cls: SegmentClass, wireOf: WireOf): number | null {
  let spent: Map<Node, number> | undefined
  for (let i = 0; i < segments.length; i++)
    if (segments[i]!.class === cls) {
      spent ??= new Map()
      spent.set(owners[i]!, (spent.get(owners[i]!) ?? 0) + segments[i]!.ns)
    }
  if (spent === undefined) return null
  let sum = 0
  for (const [owner, ns] of spent) {
    const wireNs = owner.traversal?.head === owner ? wireOf(owner.traversal) : null
    if (wireNs === null) return null
    sum += Math.min(ns, wireNs)
  }
  return sum
}
