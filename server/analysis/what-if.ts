import { measuredTree } from './analyse.ts'
import { calleeOf } from './edges.ts'
import { Flag } from './flags.ts'
import { hash64 } from './hash.ts'
import { findHops } from './hops.ts'
import type { Node, Traversal } from './node.ts'
import { classOf } from './path.ts'
import { planOf, retimed, type Plan } from './retime.ts'
import { SpanKind, type AnalysisSettings, type SegmentClass, type TraceInput } from './types.ts'

/** What would be different (algorithms.md section 10). */
export interface WhatIf {
  /** Proxies that it is about. */
  readonly concerns?: (traversal: Traversal) => boolean
  /** Only as far as they are on the way of this hop (16 hex digits). */
  readonly hopId?: string | undefined
  /** In-process time of such a proxy, as it would be; ns in, ns out. null: nothing tells. */
  readonly work?: (ns: number, own: OwnWork) => number | null
  /** They are not there at all: what they cause beside their own work goes with them (the way to them within a pod). */
  readonly removed?: boolean
  /** Nothing is tried again: attempts that were made good for take no time. */
  readonly withoutRetries?: boolean
  /** Share of the calls to this service that are not made, 0..1. Which ones, their span ids decide. */
  readonly cached?: { readonly service: string; readonly share: number }
}

/** Whose in-process time it is. The ids are for chance that is the same again. */
export interface OwnWork {
  readonly traceId: string
  readonly spanId: string
  /** As it is told, whatever bound is asked for: the value, or the upper bound where there is none. ns. */
  readonly told: number
  /** For which of the answers. */
  readonly bound: keyof Shares
}

/** Of one trace: as it was, and as it would be. ns. */
export interface Outcome {
  readonly before: number
  /**
   * What can be saved lies between: where only one span tells of a proxy, its work and a wire are one difference. `lower` and
   * `upper` are what is saved at least and at most, so `lower` gives the longer duration.
   */
  readonly lower: number
  readonly upper: number
  /** By in-process times that are exact or modelled; null where one of them is neither. */
  readonly estimate: number | null
  /** Another branch would be waited for. */
  readonly overtaken: boolean
  /** Something of what it is about is in this trace. */
  readonly concerned: boolean
}

/** null: without a root nothing is known of its end. */
export const outcomeOf = (input: TraceInput, settings: AnalysisSettings, whatIf: WhatIf): Outcome | null =>
  outcomesOf(input, settings, [whatIf])?.[0] ?? null

/** {@link outcomeOf} of several, for the price of one tree. */
export function outcomesOf(
  input: TraceInput,
  settings: AnalysisSettings,
  whatIfs: readonly WhatIf[],
): Outcome[] | null {
  const measured = measuredTree(input, settings)
  const { root } = measured.tree
  if (root === null || root.flags & Flag.negDuration) return null
  const plan = planOf(root)
  const classes = plan.stretches.map(({ node, leg, wasted }) => classOf(node, leg, wasted))
  const planned = { root, plan, classes, traceId: input.traceId }
  return whatIfs.map((whatIf) => outcomeIn(planned, measured, whatIf))
}

/** In-process times of the proxies that it is about, as they are told (ns); not of those of which nothing is. */
export function toldWork(input: TraceInput, settings: AnalysisSettings, whatIf: WhatIf): number[] {
  const measured = measuredTree(input, settings)
  return concernedOf(measured, whatIf).flatMap(({ overhead }) => toldOf(overhead!.total) ?? [])
}

type Measured = ReturnType<typeof measuredTree>
type InProcess = NonNullable<Traversal['overhead']>['total']

const toldOf = ({ ns, hiNs }: InProcess): number | null => ns ?? hiNs

function concernedOf({ tree: { order, traversals }, clientAttempts }: Measured, whatIf: WhatIf): Traversal[] {
  const { concerns, hopId } = whatIf
  if (concerns === undefined) return []
  if (hopId === undefined) return traversals.filter(concerns)
  const hops = findHops(order, traversals, clientAttempts).filter((hop) => hop.hopId === hopId)
  const heads = new Set(hops.flatMap(({ via }) => via))
  return traversals.filter((traversal) => heads.has(traversal.head.id) && concerns(traversal))
}

interface OfTrace {
  readonly root: Node
  readonly plan: Plan
  /** Of its stretches. */
  readonly classes: readonly SegmentClass[]
  readonly traceId: string
}

function outcomeIn({ root, plan, classes, traceId }: OfTrace, measured: Measured, whatIf: WhatIf): Outcome {
  const { tree, wireOf } = measured
  const shares = new Map<Traversal, Shares>()
  for (const traversal of concernedOf(measured, whatIf))
    shares.set(traversal, sharesOf(traversal, whatIf, traceId, wireOf(traversal)))
  const spared = whatIf.cached ? answeredFromCache(tree.order, whatIf.cached) : nobody
  let untold = false
  const at = (bound: keyof Shares) =>
    retimed(plan, ({ node, ns }, i) => {
      const cls = classes[i]!
      if (spared.has(node) || (whatIf.withoutRetries && cls === 'retry')) return 0
      const share = shareOf(node, cls, bound)
      if (share === null) untold = true
      return ns * (share ?? 1)
    })
  /** How much of a stretch stays. */
  const shareOf = (node: Node, cls: SegmentClass, bound: keyof Shares): number | null => {
    if (cls === 'retry' || cls === 'external' || cls === 'wire' || cls === 'app') return 1
    const own = node.traversal && shares.get(node.traversal)
    // Between a proxy and its application there is a way only because there is a proxy.
    if (cls === 'loopback') {
      const callee = own ? node.traversal : (calleeOf(node)?.traversal ?? null)
      return whatIf.removed && callee && shares.has(callee) && bound !== 'lower' ? 0 : 1
    }
    if (!own) return 1
    return own[bound]
  }
  const lower = at('lower')
  // The way to a proxy that is gone differs by bound, too.
  const isOne = shares.size === 0 || (!whatIf.removed && [...shares.values()].every((one) => one.lower === one.upper))
  const upper = isOne ? lower : at('upper')
  untold = false
  const estimate = isOne ? lower : at('estimate')
  return {
    before: root.duration,
    lower: lower.ns,
    upper: upper.ns,
    estimate: untold && lower.ns !== upper.ns ? null : estimate.ns,
    overtaken: upper.overtaken,
    concerned: shares.size > 0 || spared.size > 0 || upper.ns !== root.duration,
  }
}

const nobody: ReadonlySet<Node> = new Set()

/** By how much a proxy's own stretches shrink or grow, as factors; null: nothing tells. */
interface Shares {
  readonly lower: number
  readonly estimate: number | null
  readonly upper: number
}

/** @param wireNs of the way below it, where that is calibrated. */
function sharesOf(
  { head, ups, overhead, role }: Traversal,
  { work = nothing, removed = false }: WhatIf,
  traceId: string,
  wireNs: number | null,
): Shares {
  const total = overhead!.total
  const own = head.self?.hiNs ?? head.self?.ns ?? head.duration
  // Its own time without wires where its upstream calls are spans; else one difference holds both.
  const whole = ups.length > 0 ? (total.hiNs ?? own) : own
  if (whole <= 0) return { lower: 1, estimate: 1, upper: 1 }
  const told = toldOf(total) ?? whole
  const share = (ns: number, bound: keyof Shares): number | null => {
    const after = removed ? 0 : work(ns, { traceId, spanId: head.id, told, bound })
    return after === null ? null : Math.max(0, whole - ns + Math.max(0, after)) / whole
  }
  const [lo, hi] = [total.loNs ?? 0, Math.min(whole, total.hiNs ?? whole)]
  // Gone altogether, all of its own time is gone but the wire behind it; behind an inbound sidecar there was none.
  const stays = ups.length > 0 ? null : role === 'sidecar-inbound' ? 0 : wireNs
  const gone = removed && stays !== null ? Math.min(whole, stays) / whole : null
  const [lower, upper] = [share(lo, 'lower') ?? 1, share(hi, 'upper') ?? 1]
  const estimate = total.ns === null ? null : share(total.ns, 'estimate')
  return { lower, estimate: gone ?? estimate ?? (lower === upper ? lower : null), upper }
}

const nothing = (ns: number) => ns

/** All that is below calls to a service that its callers' caches would answer, and the calls themselves. */
function answeredFromCache(order: readonly Node[], cached: { service: string; share: number }): Set<Node> {
  const spared = new Set<Node>()
  for (const node of order) {
    if (node.parent !== null && spared.has(node.parent)) spared.add(node)
    else if (node.input.kind === SpanKind.client && node.traversal === null && serves(node, cached.service))
      if (parseInt(hash64([node.id]).slice(0, 8), 16) / 2 ** 32 < cached.share) spared.add(node)
  }
  return spared
}

/** A call that this service answers, behind whatever proxies. */
function serves(call: Node, service: string): boolean {
  let node: Node | undefined = calleeOf(call)
  while (node?.traversal) node = node.traversal.outs[0]
  return node?.emitter.service === service
}
