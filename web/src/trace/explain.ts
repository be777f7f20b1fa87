/**
 * "How this number was made": the definition in words, the very spans that went into it and the subtraction. The figures
 * are taken from the spans and the result from the API; what the lines do not explain is a line of its own, never hidden.
 */
import { addedParts, emitterSlack, unionLength } from './numbers.ts'
import { attemptsOf, type PieceKind, type Way } from './pieces.ts'
import { proxyName, statusOf } from './labels.ts'
import { reasonSentence } from '../format/reasons.ts'
import type { Interval, TraceIndex, TraceSpan } from './index.ts'
import type { Row } from './rows.ts'
import type { Fidelity, Measure, WireProxy } from './wire.ts'

export interface Line extends Partial<Interval> {
  readonly label: string
  readonly note?: string
  /** Signed ns of the sum. */
  readonly ns: number
  readonly spanId?: string
  readonly failed?: boolean
}

/** A part of a result: `to − from` as drawn in the bar. */
export interface Part extends Partial<Interval> {
  readonly label: string
  readonly ns: number
  readonly kind: PieceKind
  readonly way: Way
  readonly fidelity: Fidelity
  readonly spanId?: string
}

export interface Section {
  readonly title: string
  /** The definition. */
  readonly words: string
  readonly lines: readonly Line[]
  readonly result: { readonly label: string; readonly measure: Measure } | null
  /** Where the result is an estimate besides: how that one was made. */
  readonly estimate: readonly Line[]
  readonly parts: readonly Part[]
  readonly notes: readonly string[]
}

/** What the row is about comes first. */
export function explainRow(index: TraceIndex, row: Row): Section[] {
  const transit = row.hop ? [explainTransit(index, row)] : []
  if (row.kind === 'hop') return [...transit, ...row.proxies.map((each) => explainAdded(index, each, proxyName(each)))]
  const [proxy] = row.proxies
  if (proxy) return [explainAdded(index, proxy), explainOverhead(index, proxy), ...transit]
  return [explainSelf(row.span), ...transit]
}

/** The one figure a row is judged by. */
export function headlineOf(row: Row): { readonly word: string; readonly measure: Measure } {
  if (row.kind === 'hop' && row.hop) return { word: 'in transit', measure: row.hop.transit }
  const [proxy] = row.proxies
  if (proxy && row.kind !== 'hop') return { word: 'added', measure: proxy.added }
  const ns = row.span.wire.durationNs
  if (row.kind === 'app' || row.kind === 'stage') return { word: 'own time', measure: row.span.wire.self }
  return { word: 'in all', measure: { ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons: [] } }
}

function lineOf(span: TraceSpan, label: string, sign: 1 | -1): Line {
  return {
    label,
    note: statusOf(span),
    from: span.from,
    to: span.to,
    ns: sign * span.wire.durationNs,
    spanId: span.id,
    failed: span.wire.status === 'error',
  }
}

/** D4b. */
function explainAdded(index: TraceIndex, proxy: WireProxy, name?: string): Section {
  const { caller, top, below, belowNs, lostNs } = addedParts(index, proxy)
  const { added } = proxy
  const lost: Line[] = lostNs > 0 ? [{ label: 'failed attempts and back-off', ns: -lostNs }] : []
  const lines: Line[] = []
  const notes: string[] = []
  if (caller && added.hiNs !== null) {
    lines.push(lineOf(caller, `sent from ${nameOf(caller)}`, 1))
    lines.push(...belowLines(below, belowNs), ...lost)
    const slack = emitterSlack(index, proxy) ?? 0
    if (slack > 0) lines.push({ label: 'how late the callee’s SDK may end its span', ns: slack })
    lines.push(...unexplained(lines, added.hiNs))
  } else if (added.fidelity !== 'unknown') {
    notes.push('No span before the proxy shows when the request was sent to it: the bound is open above.')
  }
  const estimate: Line[] = []
  if (added.ns !== null && added.fidelity === 'modelled' && top) {
    estimate.push(lineOf(top, 'proxy span', 1), ...belowLines(below, belowNs), ...lost)
    estimate.push(...unexplained(estimate, added.ns, 'round trip assumed, clipping'))
    notes.push(
      'The estimate is the proxy’s span less what lies below it: both are on one machine (or a round trip is configured), so the callee’s wake-up stands in for the proxy’s own. Good for medians, ±0.5 ms for one request.',
    )
  }
  return {
    title: name ? `Added by ${name}` : 'Added time',
    words:
      'What the request would have been spared without this proxy: at least its in-process time, at most the span that sent the request less the span that received it. Both wires are inside the upper bound.',
    lines,
    result: { label: 'upper bound', measure: added },
    estimate,
    parts: [],
    notes: [...notes, ...proxy.added.reasons.map(reasonSentence)],
  }
}

/** D4. */
function explainOverhead(index: TraceIndex, proxy: WireProxy): Section {
  const top = index.topOf(proxy)
  const { overhead } = proxy
  const own = index.spansOf(proxy)
  const attempts = attemptsOf(index, proxy)
  const upstream = own.filter((span) => span !== top && span.wire.kind === 'client')
  const exits = attempts.length > 0 ? attempts : upstream.length > 0 ? upstream : addedParts(index, proxy).below
  const tagged = own.length === 1 && overhead.fidelity === 'exact' && !proxy.localReply
  const lines: Line[] = []
  const target = overhead.ns ?? overhead.hiNs
  if (top && target !== null && !tagged) {
    lines.push(lineOf(top, upstream.length > 0 ? 'server span' : 'proxy span', 1))
    if (attempts.length > 0) {
      attempts.forEach((span, at) => lines.push(lineOf(span, `attempt ${at + 1}`, -1)))
      if (proxy.retry.backoffNs > 0) lines.push({ label: 'back-off between attempts', ns: -proxy.retry.backoffNs })
    } else lines.push(...belowLines(exits, unionLength(clip(exits, top))))
    lines.push(...unexplained(lines, target))
  }
  return {
    title: 'of which in its own process',
    words: tagged
      ? 'The proxy measured itself: its own clock, from reading the request to sending it on, and back.'
      : upstream.length > 0
        ? 'Duration of the server span less the union of its upstream spans: the proxy’s own clock, request in to request out, and back.'
        : proxy.localReply
          ? 'The proxy answered by itself, so the whole span is its own.'
          : 'The proxy sends one span: its own work is at most that span less what it called, the wire included.',
    lines,
    result: { label: overhead.fidelity === 'bounded' ? 'upper bound' : 'in-process time', measure: overhead },
    estimate: [],
    parts: legsOf(proxy, top ?? null, exits),
    notes: [
      ...(overhead.fidelity === 'exact'
        ? [
            'One process, one clock: no clock correction enters. It is a lower bound of what the proxy costs: waking up and queueing in front of it are in no span.',
          ]
        : []),
      ...(upstream.length > 0 ? ['Waiting for a pooled connection counts as upstream time.'] : []),
      ...overhead.reasons.map(reasonSentence),
    ],
  }
}

function legsOf(proxy: WireProxy, top: TraceSpan | null, exits: readonly TraceSpan[]): Part[] {
  const parts: Part[] = []
  const kind: PieceKind = proxy.role === 'gateway' ? 'gateway.proc' : 'proxy.proc'
  const bounds = exits.length > 0 && top ? { first: exits[0]!, last: exits[exits.length - 1]! } : null
  const { requestPath, responsePath } = proxy
  if (requestPath.ns !== null) {
    const at =
      bounds && bounds.first.from - top!.from === requestPath.ns ? { from: top!.from, to: bounds.first.from } : {}
    parts.push({ label: 'request', ns: requestPath.ns, kind, way: 'request', fidelity: requestPath.fidelity, ...at })
  }
  if (proxy.retry.backoffNs > 0) {
    parts.push({
      label: 'back-off, not counted',
      ns: proxy.retry.backoffNs,
      kind: 'backoff',
      way: 'none',
      fidelity: 'exact',
    })
  }
  if (responsePath.ns !== null) {
    const at = bounds && top!.to - bounds.last.to === responsePath.ns ? { from: bounds.last.to, to: top!.to } : {}
    parts.push({
      label: 'response',
      ns: responsePath.ns,
      kind,
      way: 'response',
      fidelity: responsePath.fidelity,
      ...at,
    })
  }
  return parts
}

/** D3. */
function explainTransit(index: TraceIndex, row: Row): Section {
  const hop = row.hop!
  const caller = index.spans.get(hop.caller?.spanId ?? hop.via[0] ?? '')
  const callee = index.spans.get(hop.callee?.spanId ?? '')
  const lines: Line[] = []
  const target = hop.transit.ns ?? hop.transit.hiNs
  if (target !== null && caller && callee) {
    lines.push(lineOf(caller, hop.caller ? `${nameOf(caller)}, client span` : nameOf(caller), 1))
    lines.push(lineOf(callee, nameOf(callee), -1))
    lines.push(...unexplained(lines, target))
  }
  return {
    title: `The whole hop${hop.callee ? ` to ${hop.callee.service}` : ''}`,
    words:
      'Transit is the caller’s span less the callee’s: everything between the two applications. It compares durations only, so no clock enters.',
    lines,
    result: { label: 'transit', measure: hop.transit },
    estimate: [],
    parts: hop.segments.map((segment) => ({
      label: segmentLabel(index, segment.class, segment.ownerSpanId),
      ns: segment.ns,
      kind: segment.class,
      way: 'none',
      fidelity: segment.fidelity,
      spanId: segment.ownerSpanId,
    })),
    notes: hop.transit.reasons.map(reasonSentence),
  }
}

/** D1. */
function explainSelf(span: TraceSpan): Section {
  const { self } = span.wire
  const awaited = span.children.filter((child) => !child.wire.flags.includes('detached_async'))
  const lines: Line[] = []
  const target = self.ns ?? self.hiNs
  if (target !== null) {
    lines.push(lineOf(span, 'this span', 1))
    lines.push(...belowLines(awaited, unionLength(clip(awaited, span))))
    lines.push(...unexplained(lines, target))
  }
  return {
    title: 'Own time',
    words: 'Duration of the span less the union of the spans it waited for.',
    lines,
    result: { label: 'own time', measure: self },
    estimate: [],
    parts: [],
    notes: self.reasons.map(reasonSentence),
  }
}

const mostLines = 8

/** The spans subtracted, one by one as long as they follow each other; as one line when they overlap or are many. */
function belowLines(below: readonly TraceSpan[], unionNs: number): Line[] {
  const sumNs = below.reduce((ns, span) => ns + span.wire.durationNs, 0)
  if (below.length <= mostLines && sumNs === unionNs) return below.map((span) => lineOf(span, nameOf(span), -1))
  if (below.length === 0) return []
  const label = below.length === 1 ? `${nameOf(below[0]!)}, the part inside` : `${below.length} spans, overlaps once`
  return [{ label, from: below[0]!.from, to: Math.max(...below.map((span) => span.to)), ns: -unionNs }]
}

function unexplained(lines: readonly Line[], target: number, label = 'clipping and tolerance'): Line[] {
  const rest = target - lines.reduce((ns, line) => ns + line.ns, 0)
  return rest === 0 ? [] : [{ label, ns: rest }]
}

function clip(spans: readonly TraceSpan[], to: Interval): Interval[] {
  return spans
    .map((span) => ({ from: Math.max(span.from, to.from), to: Math.min(span.to, to.to) }))
    .filter((interval) => interval.to > interval.from)
}

export function nameOf({ proxy, wire }: TraceSpan): string {
  if (!proxy) return wire.service
  return proxy.spanId === wire.spanId ? proxyName(proxy) : `${proxyName(proxy)}, upstream`
}

function segmentLabel(index: TraceIndex, segmentClass: string, owner: string): string {
  const span = index.spans.get(owner)
  const who = span ? nameOf(span) : 'unknown'
  switch (segmentClass) {
    case 'wire':
      return `wire after ${who}`
    case 'loopback':
      return `loopback after ${who}`
    case 'proxy.out+wire':
    case 'gateway.out+wire':
      return `${who} or wire`
    case 'proxy.in':
      return `${who}, loopback included`
    case 'retry':
      return `failed attempts, ${who}`
    default:
      return who
  }
}
