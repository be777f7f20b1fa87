import type { Node, Traversal } from './node.ts'
import type { Overhead } from './overhead.ts'
import { calleeOf } from './edges.ts'
import { classOf, isOnPath } from './path.ts'
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

/** ŵ of the wire below the only span of a proxy, ns; null: not calibrated. */
export type WireBelow = (spanId: string) => number | null

/** What the taxes of a trace are told from; `root` null where it has no end-to-end time. */
export interface Taxed {
  readonly root: Node | null
  readonly path: readonly PathSegment[]
  /** It has spans whose parent is missing. */
  readonly orphaned: boolean
  readonly traversals: readonly Traversal[]
  readonly wireBelow: WireBelow
}

/** D8. There is an estimate where every wire inside a segment is calibrated, or the bounds meet. */
export function taxes(taxed: Taxed): { mesh: Tax; gateway: Tax } {
  const sums = sumClasses(taxed.path)
  const parallel = taxed.root !== null && runsInParallel(taxed.root)
  const owners = sums.unknown === undefined && !taxed.orphaned ? none : ownersOf(taxed.root)
  return { mesh: tax(taxed, sums, parallel, mesh, owners), gateway: tax(taxed, sums, parallel, gateway, owners) }
}

/** Spans by id; empty where no time on the path is doubtful. */
type Owners = ReadonlyMap<string, Node>
const none: Owners = new Map()

function ownersOf(root: Node | null): Owners {
  const owners = new Map<string, Node>()
  const stack = root === null ? [] : [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    owners.set(node.id, node)
    for (const child of node.children) stack.push(child)
  }
  return owners
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
  /** Classes of its work: alone, with a wire in the same difference, and what else it causes. */
  readonly own: SegmentClass
  readonly withWire: SegmentClass
  readonly caused: readonly SegmentClass[]
  readonly pays: (role: Role) => boolean
}

const mesh: Payer = {
  own: 'proxy.proc',
  withWire: 'proxy.out+wire',
  caused: ['proxy.in', 'loopback'],
  pays: (role) => role === 'sidecar-inbound' || role === 'sidecar-outbound' || role === 'waypoint',
}
const gateway: Payer = {
  own: 'gateway.proc',
  withWire: 'gateway.out+wire',
  caused: [],
  pays: (role) => role === 'gateway',
}

function tax(
  { root, path, traversals, wireBelow }: Taxed,
  sums: ClassSums,
  parallel: boolean,
  payer: Payer,
  owners: Owners,
): Tax {
  const classes = [payer.own, payer.withWire, ...payer.caused]
  const lowerNs = sums[payer.own] ?? 0
  const untoldNs = path.reduce((sum, { class: cls, spanId, ns }) => {
    const owner = owners.get(spanId)
    return owner && !classes.includes(cls) && mayPay(owner, cls, payer) ? sum + ns : sum
  }, 0)
  const upperNs = classes.reduce((sum, cls) => sum + (sums[cls] ?? 0), untoldNs)
  const wireNs = lowerNs === upperNs || untoldNs > 0 ? null : wires(path, payer.withWire, wireBelow)
  const estimateNs = lowerNs === upperNs ? upperNs : wireNs === null ? null : Math.max(lowerNs, upperNs - wireNs)
  const duration = root?.duration ?? 0
  return {
    lowerNs,
    upperNs,
    estimateNs,
    share: duration > 0 ? (estimateNs ?? upperNs) / duration : 0,
    removableNs: root && parallel && upperNs > 0 ? removable(root, upperNs, classes, payer) : upperNs,
    workNs: traversals.reduce((sum, { role, overhead }) => sum + (payer.pays(role) ? workOf(overhead) : 0), 0),
  }
}

/** In-process time, or its upper bound; unknown ones do not count. */
const workOf = (overhead: Overhead | null): number => overhead?.total.ns ?? overhead?.total.hiNs ?? 0

/**
 * What would be saved if work of these classes took no time: less than is attributed where another branch takes over. Where
 * siblings overlap within the tolerance, the overlap counts to one of them only, and the saving never exceeds the attributed.
 */
function removable(root: Node, upperNs: number, classes: readonly SegmentClass[], payer: Payer): number {
  const without = retime(root, (node, leg, ns, wasted) => {
    const cls = classOf(node, leg, wasted)
    return classes.includes(cls) || mayPay(node, cls, payer) ? 0 : ns
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
