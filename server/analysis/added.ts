import { Flag } from './flags.ts'
import { bounded, modelled, unknown } from './measure.ts'
import type { Node, Traversal } from './node.ts'
import type { Overhead } from './overhead.ts'
import { sameClock, sameMachine } from './clock/domain.ts'
import { coverageOf, overlapWith } from './coverage.ts'
import { contradicts, covered, maxSlack } from './self.ts'
import { SpanKind, type AnalysisSettings, type Measure } from './types.ts'

/** D4b: what a traversal adds to the request, from the spans on its either side. */
export function addedOf(traversal: Traversal, overhead: Overhead, settings: AnalysisSettings): Measure {
  const { head, outs, attempts } = traversal
  if (head.flags & Flag.negDuration) return unknown(Flag.negDuration)
  if (overhead.flags & Flag.negGap) return unknown(Flag.negGap)
  if (overhead.cutOff || overhead.flags & Flag.streaming) return overhead.total
  const lo = overhead.total.loNs ?? 0
  const callees = outs.some(isWastedOut) ? outs.filter((out) => !isWastedOut(out)) : outs
  if (callees.length === 0) {
    const caller = callerOf(traversal)
    const hi = overhead.localReply && caller ? Math.max(lo, caller.duration - besides(caller, head)) : null
    if (overhead.localReply) return bounded(lo, hi, Flag.localReply)
    const reason = (traversal.ups.at(-1) ?? head).unanswered || Flag.missingCallee
    return lo > 0 ? bounded(lo, null, reason) : unknown(reason)
  }
  const below = covered(head, callees)
  const lost = attempts.backoffNs + attempts.wastedNs
  const reasons = attempts.count > 1 ? Flag.retryOrHedge : 0
  const most = mostByCaller(traversal, callees)
  if (most === 'neg_gap') return unknown(Flag.negGap)
  const hi = most === null ? null : Math.max(lo, most)
  const estimate = estimateOf(head, callees, head.duration - below - lost, settings)
  if (estimate !== null) {
    const ns = Math.max(lo, hi === null ? estimate : Math.min(estimate, hi))
    return modelled(ns, lo, hi, reasons | Flag.modeled | (hi === null ? head.flags & Flag.missingParent : 0))
  }
  if (hi === null && lo === 0) return unknown(Flag.singleSpanProxy | (head.flags & Flag.missingParent))
  return bounded(lo, hi, reasons | (hi === null ? head.flags & Flag.missingParent : 0))
}

/** What the caller's clock leaves for the traversal: its span without those below and σ; null: no caller. ns. */
export function mostByCaller(traversal: Traversal, callees: readonly Node[]): number | 'neg_gap' | null {
  const { head, attempts } = traversal
  const caller = callerOf(traversal)
  if (caller === null || caller.flags & Flag.negDuration) return null
  const lost = attempts.backoffNs + attempts.wastedNs
  const gap = caller.duration - besides(caller, head) - covered(head, callees) - lost
  // The caller's own duration may be short by its clock (NGINX).
  const slack = maxSlack(callees) + caller.emitter.coarse
  return contradicts(gap, caller.duration, slack) ? 'neg_gap' : gap + slack
}

/** The client-side span that the request came from: not an application's SERVER span, whose own work it would hold. */
export function callerOf({ head, role }: Traversal): Node | null {
  const { parent } = head
  if (parent === null) return null
  if (parent.traversal === null) return parent.input.kind === SpanKind.client ? parent : null
  return parent.traversal.role === 'sidecar-inbound' && role === 'sidecar-outbound' ? null : parent
}

/** What answered an attempt that was made good for. */
const isWastedOut = ({ wasted, exit }: Node) => wasted || (exit!.wasted && exit !== exit!.traversal!.head)

/** Time that the caller spent in other attempts than `head`, where one clock tells: what its awaited children cover beside it. */
function besides(caller: Node, head: Node): number {
  if (caller.children.length === 1) return 0
  caller.coveredBy ??= new Map()
  const { domain } = head.clock
  let awaited = caller.coveredBy.get(domain)
  if (awaited === undefined) caller.coveredBy.set(domain, (awaited = coverageOf(awaitedOn(caller, head))))
  return awaited.totalNs - overlapWith(awaited, head.start, head.end)
}

const awaitedOn = (caller: Node, clock: Node): Node[] =>
  caller.children.filter((child) => child.blocking && sameClock(child, clock))

/**
 * The callee's wake-up stands in for the proxy's own, so the plain difference estimates what the proxy adds: on one
 * machine as it is, over a network less the configured round trip for each time the proxy waited.
 */
function estimateOf(head: Node, callees: readonly Node[], gap: number, settings: AnalysisSettings): number | null {
  let near = true
  for (const callee of callees) {
    if (callee.emitter.lateStart) return null
    near &&= sameMachine(callee, head)
  }
  if (near) return Math.max(0, gap)
  if (settings.networkRttNs === null) return null
  return Math.max(0, gap - settings.networkRttNs * waits(callees))
}

/** How often something was waited for: intervals that do not touch. */
function waits(nodes: readonly Node[]): number {
  if (nodes.length === 1) return 1
  let count = 0
  let end = -Infinity
  for (const node of [...nodes].sort((a, b) => a.start - b.start)) {
    if (node.start >= end) count++
    end = Math.max(end, node.end)
  }
  return count
}
