import { Flag } from './flags.ts'
import { blurred, unknown } from './measure.ts'
import { tolerance, type Node } from './node.ts'
import { sameClock } from './clock/domain.ts'
import { sorted } from './sorted.ts'
import type { Measure } from './types.ts'

/** Length of the union of [from, to) over spans or other intervals, `from` and `to` given by the caller. */
export function union<T>(spans: readonly T[], from: (span: T) => number, to: (span: T) => number): number {
  if (spans.length === 1) return Math.max(0, to(spans[0]!) - from(spans[0]!))
  let total = 0
  let covered = -Infinity
  for (const span of sorted(spans, (a, b) => from(a) - from(b))) {
    const end = to(span)
    if (end <= covered) continue
    total += Math.max(0, end - Math.max(covered, from(span)))
    covered = Math.max(covered, end)
  }
  return total
}

const rawStart = (node: Node) => node.start
const rawEnd = (node: Node) => node.end
const placedFrom = (node: Node) => node.from
const placedTo = (node: Node) => node.to

/**
 * Time of `parent` covered by `inner` spans: raw times while all of them share one clock, since a constant offset does
 * not change a union; placed times else. Spans of the parent's own clock are cut to it first (D1).
 */
export function covered(parent: Node, inner: readonly Node[]): number {
  const first = inner[0]
  if (first === undefined) return 0
  if (inner.length === 1) return coveredByOne(parent, first)
  for (let i = 1; i < inner.length; i++)
    if (inner[i] !== first && !sameClock(inner[i]!, first)) return union(inner, placedFrom, placedTo)
  if (!sameClock(first, parent)) return union(inner, rawStart, rawEnd)
  return coveredWithin(parent, inner)
}

const coveredWithin = (parent: Node, inner: readonly Node[]): number =>
  union(
    inner,
    (node) => Math.max(node.start, parent.start),
    (node) => Math.min(node.end, parent.end),
  )

const coveredByOne = (parent: Node, inner: Node): number =>
  sameClock(inner, parent)
    ? Math.max(0, Math.min(inner.end, parent.end) - Math.max(inner.start, parent.start))
    : inner.duration

/**
 * D1's treatment of a difference of durations: below −δ−σ it contradicts itself (NEG_GAP), from there to 0 it is 0 and CENSORED.
 * `slack` is σ of the spans subtracted, `duration` that of the span subtracted from. ns.
 */
export const contradicts = (ns: number, duration: number, slack: number): boolean =>
  ns < 0 && ns < -tolerance(duration) - slack

/** D9 flag of a difference that is told as 0 because it is a little less. */
export const censoredIf = (ns: number): number => (ns < 0 ? Flag.censored : 0)

/** By how much the durations of these may be too long: σ, and the doubt of a coarse clock. ns. */
export function maxSlack(nodes: readonly Node[]): number {
  let most = 0
  for (const { emitter } of nodes) most = Math.max(most, emitter.slack + emitter.coarse)
  return most
}

/** By how much the duration of a span without those of others may be off: each of their clocks may be coarse. ns. */
export function doubtOf({ emitter }: Node, inner: readonly Node[]): number {
  let sum = emitter.coarse
  for (const node of inner) sum += node.emitter.coarse
  return sum
}

/** D1. Raises NEG_GAP and CENSORED on the span. */
export function selfTime(node: Node): Measure {
  if (node.flags & Flag.negDuration) return unknown(Flag.negDuration)
  if (node.flags & Flag.streaming) return unknown(Flag.streaming)
  const { children } = node
  const { coarse } = node.emitter
  let awaited = children
  for (const child of children)
    if (!child.blocking || child.flags & Flag.negDuration) {
      awaited = children.filter((c) => c.blocking && !(c.flags & Flag.negDuration))
      break
    }
  const gap = node.duration - covered(node, awaited)
  if (contradicts(gap, node.duration, maxSlack(awaited) + coarse)) {
    node.flags |= Flag.negGap
    return unknown(Flag.negGap)
  }
  const censored = censoredIf(gap)
  node.flags |= censored
  return blurred(Math.max(0, gap), doubtOf(node, awaited), censored)
}
