/** The three figures of a row: how long it took, what the hop added in transit, what its proxies added. */
import { isFailedAttempt } from './pieces.ts'
import type { TraceIndex, TraceSpan } from './index.ts'
import type { Row } from './rows.ts'
import type { Measure, WireProxy } from './wire.ts'

export interface RowNumbers {
  readonly totalNs: number
  /** algorithms.md D1, of the row's one span; a hop is nobody's work. */
  readonly self: Measure | null
  readonly transit: Measure | null
  /** algorithms.md D4b; of several proxies together on a hop. */
  readonly added: Measure | null
}

export function numbersOf(index: TraceIndex, row: Row): RowNumbers {
  return {
    totalNs: row.span.wire.durationNs,
    self: row.kind === 'hop' || row.kind === 'stages' ? null : row.span.wire.self,
    transit: row.hop?.transit ?? null,
    added: row.kind === 'hop' || row.kind === 'proxy' || row.kind === 'gateway' ? addedOf(index, row) : null,
  }
}

/**
 * Added time of all proxies of a row. Estimates add up only when every proxy has one; otherwise the sum is a bound.
 * Upper bounds of neighbours hold the same wire twice, so the sum is also held against the transit of the whole hop,
 * which contains all of them (less what failed attempts and back-off took, which is no proxy's added time).
 */
function addedOf(index: TraceIndex, row: Row): Measure | null {
  const [first, ...more] = row.proxies
  if (!first) return null
  if (more.length === 0) return first.added
  const all = row.proxies.map((proxy) => proxy.added)
  const reasons = [...new Set(all.flatMap((measure) => measure.reasons))]
  if (all.some((measure) => measure.fidelity === 'unknown')) {
    return { ns: null, loNs: null, hiNs: null, fidelity: 'unknown', reasons }
  }
  const loNs = sum(all.map((measure) => measure.loNs)) ?? 0
  const hiNs = least(sum(all.map((measure) => measure.hiNs)), transitCap(index, row))
  const ns = sum(all.map((measure) => measure.ns))
  if (all.every((measure) => measure.fidelity === 'exact'))
    return { ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons }
  if (ns === null) return { ns, loNs, hiNs, fidelity: 'bounded', reasons }
  return { ns: Math.max(loNs, least(ns, hiNs) ?? ns), loNs, hiNs, fidelity: 'modelled', reasons }
}

function transitCap(index: TraceIndex, row: Row): number | null {
  const transit = row.hop?.transit.hiNs ?? null
  if (transit === null || !row.hop?.callee) return null
  const last = row.proxies[row.proxies.length - 1]!
  const slack = emitterSlack(index, last)
  if (slack === null) return null
  const lost = row.proxies.reduce((ns, { retry }) => ns + retry.wastedNs + retry.backoffNs, 0)
  return Math.max(0, transit - lost) + slack
}

/** σ of algorithms.md 1.3 as the server used it: what its upper bound holds beyond the durations. ns, null if unknown. */
export function emitterSlack(index: TraceIndex, proxy: WireProxy): number | null {
  const parts = addedParts(index, proxy)
  if (proxy.added.hiNs === null || !parts.caller) return null
  return Math.max(0, proxy.added.hiNs - (parts.caller.wire.durationNs - parts.belowNs - parts.lostNs))
}

export interface AddedParts {
  /** The client-side span the request came from; null when nobody sent one. */
  readonly caller: TraceSpan | null
  readonly top: TraceSpan | null
  /** The next spans below the proxy's useful attempt. */
  readonly below: readonly TraceSpan[]
  /** Length of their union. */
  readonly belowNs: number
  /** Failed attempts and back-off. */
  readonly lostNs: number
}

export function addedParts(index: TraceIndex, proxy: WireProxy): AddedParts {
  const top = index.topOf(proxy) ?? null
  const own = new Set(index.spansOf(proxy))
  const below: TraceSpan[] = []
  for (const span of own) {
    if (isFailedAttempt(index, span)) continue
    below.push(...span.children.filter((child) => !own.has(child) && !isFailedAttempt(index, child)))
  }
  return {
    caller: top?.parent ?? null,
    top,
    below: below.sort((a, b) => a.from - b.from),
    belowNs: unionLength(below),
    lostNs: proxy.retry.wastedNs + proxy.retry.backoffNs,
  }
}

export function unionLength(spans: readonly { from: number; to: number }[]): number {
  let ns = 0
  let end = -Infinity
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    ns += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return ns
}

function sum(values: readonly (number | null)[]): number | null {
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0 as number | null)
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
