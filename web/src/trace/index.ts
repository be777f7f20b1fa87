/**
 * A trace prepared for drawing: times as ns since its start, children in order, and who belongs to which proxy and hop.
 * Everything else of the waterfall is computed from this. Built once a trace, O(n log n).
 */
import type { SegmentClass, WireHop, WireProxy, WireSpan, WireTrace } from './wire.ts'

export interface Interval {
  /** ns since the start of the trace. */
  from: number
  to: number
}

export interface TraceSpan {
  /** Its place in the answer: arrays by span are indexed by it. */
  readonly at: number
  readonly id: string
  readonly wire: WireSpan
  /** Placed times (algorithms.md 1.2 step 6), ns since the start of the trace. */
  readonly from: number
  readonly to: number
  /** The start as the emitter's clock showed it. */
  readonly rawFrom: number
  readonly parent: TraceSpan | null
  /** By placed start, then longer first. */
  readonly children: readonly TraceSpan[]
  readonly proxy: WireProxy | null
  /** Class of its own time in its hop or on the critical path; null where it is in neither. */
  readonly class: SegmentClass | null
}

export interface PathSegment extends Interval {
  readonly span: TraceSpan
  readonly class: SegmentClass
}

export interface TraceIndex {
  readonly trace: WireTrace
  readonly base: bigint
  /** From the earliest to the latest instant drawn. */
  readonly extent: Interval
  /** The same by the emitters' own clocks. */
  readonly rawExtent: Interval
  readonly spans: ReadonlyMap<string, TraceSpan>
  /** Primary root first, then the tops of what is not connected to it. */
  readonly tops: readonly TraceSpan[]
  readonly hopsFrom: ReadonlyMap<string, readonly WireHop[]>
  /** In time order. */
  readonly path: readonly PathSegment[]
}

export function indexTrace(trace: WireTrace): TraceIndex {
  const base = BigInt(trace.startUnixNano)
  const since = sinceOf(trace.startUnixNano)
  const proxies = new Map<string, WireProxy>()
  for (const proxy of trace.proxies) for (const id of proxy.spanIds) proxies.set(id, proxy)

  const spans = new Map<string, Draft>()
  for (const wire of trace.spans) {
    const from = wire.fromNs ?? since(wire.placedStartUnixNano)
    spans.set(wire.spanId, {
      at: spans.size,
      id: wire.spanId,
      wire,
      from,
      to: from + wire.durationNs,
      rawFrom: wire.rawFromNs ?? since(wire.startUnixNano),
      parent: null,
      children: noSpans,
      proxy: proxies.get(wire.spanId) ?? null,
      class: null,
    })
  }
  const tops = connect(spans)
  const path: { span: Draft; class: SegmentClass; from: number; to: number }[] = []
  for (const segment of trace.criticalPath) {
    const span = spans.get(segment.spanId)
    const from = segment.fromNs ?? since(segment.startUnixNano)
    if (span) path.push({ span, class: segment.class, from, to: from + segment.ns })
  }
  path.sort((a, b) => a.from - b.from || a.to - b.to)
  classify(trace, spans, path)
  return {
    trace,
    base,
    extent: extentOf(spans, trace.durationNs, ({ from }) => from),
    rawExtent: extentOf(spans, trace.durationNs, ({ rawFrom }) => rawFrom),
    spans,
    tops,
    hopsFrom: hopsByFirstSpan(trace.hops),
    path,
  }
}

/** The span names a parent that is not among the spans; one whose circle of parents was cut is no orphan. */
export function isOrphan({ spans }: TraceIndex, { wire }: TraceSpan): boolean {
  return wire.parentSpanId !== '' && !spans.has(wire.parentSpanId)
}

/** While the tree is built. */
type Draft = { -readonly [K in keyof TraceSpan]: TraceSpan[K] } & { parent: Draft | null; children: Draft[] }

/** Of every leaf, so that 100,000 of them need no array each. */
const noSpans: Draft[] = []

/** Seconds and the rest apart, both exact as numbers: a bigint for each of 400,000 instants would be felt. */
function sinceOf(startUnixNano: string): (unixNano: string) => number {
  const base = BigInt(startUnixNano)
  const { length } = startUnixNano
  const slow = (unixNano: string) => Number(BigInt(unixNano) - base)
  if (length < 10 || startUnixNano.startsWith('-')) return slow
  const seconds = digits(startUnixNano, 0, length - 9)
  const rest = digits(startUnixNano, length - 9, length)
  return (unixNano) =>
    unixNano.length === length
      ? (digits(unixNano, 0, length - 9) - seconds) * 1e9 + (digits(unixNano, length - 9, length) - rest)
      : slow(unixNano)
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48
  return value
}

/** Sets parents and children; returns the tops. A cycle the analysis left in the ids is cut at its earliest member. */
function connect(spans: ReadonlyMap<string, Draft>): TraceSpan[] {
  const tops: TraceSpan[] = []
  for (const span of spans.values()) {
    const parent = spans.get(span.wire.parentSpanId)
    if (parent && parent !== span) {
      span.parent = parent
      if (parent.children === noSpans) parent.children = [span]
      else parent.children.push(span)
    } else tops.push(span)
  }
  for (const { children } of spans.values()) if (children.length > 1) children.sort(byStart)
  if (reachable(tops).length < spans.size) cutCycles(spans, tops)
  // A root in the true sense is a span that names no parent; orphans follow it whenever they start.
  return tops.sort((a, b) => Number(a.wire.parentSpanId !== '') - Number(b.wire.parentSpanId !== '') || byStart(a, b))
}

/** Every span has one parent, so that none is met twice. */
function reachable(tops: readonly TraceSpan[]): TraceSpan[] {
  const found = [...tops]
  for (let i = 0; i < found.length; i++) for (const child of found[i]!.children) found.push(child)
  return found
}

function cutCycles(spans: ReadonlyMap<string, Draft>, tops: TraceSpan[]): void {
  const reached = new Set<TraceSpan>(reachable(tops))
  for (const span of [...spans.values()].sort(byStart)) {
    if (reached.has(span)) continue
    if (span.parent) span.parent.children.splice(span.parent.children.indexOf(span), 1)
    span.parent = null
    tops.push(span)
    for (const below of reachable([span])) reached.add(below)
  }
}

function byStart(a: TraceSpan, b: TraceSpan): number {
  return a.from - b.from || b.to - a.to || (a.id < b.id ? -1 : 1)
}

function extentOf(
  spans: ReadonlyMap<string, TraceSpan>,
  durationNs: number | null,
  startOf: (span: TraceSpan) => number,
): Interval {
  let from = 0
  let to = durationNs ?? 0
  for (const span of spans.values()) {
    const start = startOf(span)
    from = Math.min(from, start)
    to = Math.max(to, start + span.wire.durationNs)
  }
  return { from, to: Math.max(to, from + 1) }
}

/** Retry time belongs to attempts, not to the owner's own work, so it says nothing about the class of the rest. */
function classify(
  trace: WireTrace,
  spans: ReadonlyMap<string, Draft>,
  path: readonly { span: Draft; class: SegmentClass }[],
): void {
  const learn = (span: Draft | undefined, segmentClass: SegmentClass) => {
    if (span && segmentClass !== 'retry') span.class ??= segmentClass
  }
  for (const hop of trace.hops) {
    for (const segment of hop.segments) learn(spans.get(segment.ownerSpanId), segment.class)
  }
  for (const segment of path) learn(segment.span, segment.class)
}

/** A hop is found by its caller's span and by its first proxy: either may be the top of what is drawn as the hop. */
function hopsByFirstSpan(hops: readonly WireHop[]): Map<string, WireHop[]> {
  const first = new Map<string, WireHop[]>()
  const add = (id: string, hop: WireHop) => {
    const others = first.get(id)
    if (others) others.push(hop)
    else first.set(id, [hop])
  }
  for (const hop of hops) {
    const [caller, proxy] = [hop.caller?.spanId, hop.via[0]]
    if (caller !== undefined) add(caller, hop)
    if (proxy !== undefined && proxy !== caller) add(proxy, hop)
  }
  return first
}
