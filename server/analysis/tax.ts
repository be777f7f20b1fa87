import type { Node, Traversal } from './node.ts'
import type { Overhead, WireOf } from './overhead.ts'
import { calleeOf } from './edges.ts'
import { classOf, type CriticalPath } from './path.ts'
import { retime } from './retime.ts'
import { passing } from './transit.ts'
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
export function taxes(taxed: Taxed): { mesh: Tax; gateway: Tax } {
  const { segments, owners } = taxed.path
  const sums = { mesh: noSums(), gateway: noSums() }
  for (let i = 0; i < segments.length; i++) {
    const { class: cls, ns } = segments[i]!
    const owner = owners[i]!
    switch (cls) {
      case 'proxy.proc':
        sums.mesh.ownNs += ns
        break
      case 'proxy.in':
      case 'loopback':
        sums.mesh.causedNs += ns
        break
      case 'gateway.proc':
        sums.gateway.ownNs += ns
        break
      case 'proxy.out+wire':
        addWithWire(sums.mesh, owner, ns)
        break
      case 'gateway.out+wire':
        addWithWire(sums.gateway, owner, ns)
        break
    }
    if (!taxed.orphaned && cls !== 'unknown') continue
    if (!mesh.causes(cls) && mayPay(owner, cls, mesh)) sums.mesh.untoldNs += ns
    if (!gateway.causes(cls) && mayPay(owner, cls, gateway)) sums.gateway.untoldNs += ns
  }
  return { mesh: tax(taxed, sums.mesh, mesh), gateway: tax(taxed, sums.gateway, gateway) }
}

/** What a payer has on the critical path, ns by kind. */
interface Sums {
  ownNs: number
  /** Its work and a wire in one difference, and whether all of it is of outermost spans: only for these ŵ is known. */
  withWireNs: number
  ofHeads: boolean
  causedNs: number
  /** What may be its. */
  untoldNs: number
}

const noSums = (): Sums => ({ ownNs: 0, withWireNs: 0, ofHeads: true, causedNs: 0, untoldNs: 0 })

function addWithWire(sums: Sums, owner: Node, ns: number): void {
  sums.withWireNs += ns
  const { traversal } = owner
  if (traversal?.head === owner) traversal.onPathNs += ns
  else sums.ofHeads = false
}

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
  /** Class of its work with a wire in the same difference. */
  readonly withWire: SegmentClass
  /** Its work, and what else it causes. */
  readonly causes: (cls: SegmentClass) => boolean
  readonly pays: (role: Role) => boolean
}

const mesh: Payer = {
  withWire: 'proxy.out+wire',
  causes: (cls) => cls === 'proxy.proc' || cls === 'proxy.out+wire' || cls === 'proxy.in' || cls === 'loopback',
  pays: (role) => role === 'sidecar-inbound' || role === 'sidecar-outbound' || role === 'waypoint',
}
const gateway: Payer = {
  withWire: 'gateway.out+wire',
  causes: (cls) => cls === 'gateway.proc' || cls === 'gateway.out+wire',
  pays: (role) => role === 'gateway',
}

function tax({ root, path, traversals, wireOf }: Taxed, sums: Sums, payer: Payer): Tax {
  const lowerNs = sums.ownNs
  const upperNs = sums.ownNs + sums.withWireNs + sums.causedNs + sums.untoldNs
  const estimateNs = lowerNs === upperNs ? upperNs : estimateOf(upperNs, sums, payer, traversals, wireOf)
  const duration = root?.duration ?? 0
  let workNs = 0
  for (const { role, overhead } of traversals) if (payer.pays(role)) workNs += workOf(overhead)
  return {
    lowerNs,
    upperNs,
    estimateNs,
    share: duration > 0 ? (estimateNs ?? upperNs) / duration : 0,
    removableNs: root && upperNs > 0 && path.parallel ? removable(root, upperNs, payer) : upperNs,
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

/**
 * Without ŵ of each proxy whose wire is inside, once and as far as its segments reach; null where one is not calibrated, or
 * where no wire is inside: then there is nothing to estimate.
 */
function estimateOf(
  upperNs: number,
  { ownNs, withWireNs, ofHeads, untoldNs }: Sums,
  payer: Payer,
  traversals: readonly Traversal[],
  wireOf: WireOf,
): number | null {
  if (untoldNs > 0 || withWireNs === 0 || !ofHeads) return null
  let wires = 0
  for (const traversal of traversals) {
    if (traversal.onPathNs === 0 || passing(traversal) !== payer.withWire) continue
    const wireNs = wireOf(traversal)
    if (wireNs === null) return null
    wires += Math.min(traversal.onPathNs, wireNs)
  }
  return Math.max(ownNs, upperNs - wires)
}
