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
  readonly id: string
  readonly wire: WireSpan
  /** Placed times (algorithms.md 1.2 step 6), ns since the start of the trace. */
  readonly from: number
  readonly to: number
  /** The start as the emitter's clock showed it. */
  readonly rawFrom: number
  readonly parent: TraceSpan | null
  /** By placed start, then longer first. */
  readonly children: TraceSpan[]
  readonly proxy: WireProxy | null
}

export interface PathSegment extends Interval {
  readonly spanId: string
  readonly class: SegmentClass
}

export interface TraceIndex {
  readonly trace: WireTrace
  readonly base: bigint
  /** From the earliest to the latest instant drawn, raw clocks apart. */
  readonly extent: Interval
  readonly spans: ReadonlyMap<string, TraceSpan>
  /** Primary root first, then the tops of what is not connected to it. */
  readonly tops: readonly TraceSpan[]
  /** By owner of the segment that starts there; the class of a span's own time in its hop. */
  readonly classes: ReadonlyMap<string, SegmentClass>
  readonly hopsFrom: ReadonlyMap<string, readonly WireHop[]>
  /** In time order. */
  readonly path: readonly PathSegment[]
}

export function indexTrace(trace: WireTrace): TraceIndex {
  const base = BigInt(trace.startUnixNano)
  const since = (unixNano: string) => Number(BigInt(unixNano) - base)
  const proxies = new Map(trace.proxies.flatMap((proxy) => proxy.spanIds.map((id) => [id, proxy] as const)))

  const spans = new Map<string, Mutable<TraceSpan>>()
  for (const wire of trace.spans) {
    const from = since(wire.placedStartUnixNano)
    spans.set(wire.spanId, {
      id: wire.spanId,
      wire,
      from,
      to: from + wire.durationNs,
      rawFrom: since(wire.startUnixNano),
      parent: null,
      children: [],
      proxy: proxies.get(wire.spanId) ?? null,
    })
  }
  const tops = connect(spans)
  const path = trace.criticalPath.map((segment) => {
    const from = since(segment.startUnixNano)
    return { spanId: segment.spanId, class: segment.class, from, to: from + segment.ns }
  })
  path.sort((a, b) => a.from - b.from || a.to - b.to)
  return {
    trace,
    base,
    extent: extentOf(spans, trace.durationNs),
    spans,
    tops,
    classes: classesOf(trace),
    hopsFrom: hopsByFirstSpan(trace.hops),
    path,
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Sets parents and children; returns the tops. A cycle the analysis left in the ids is cut at its earliest member. */
function connect(spans: ReadonlyMap<string, Mutable<TraceSpan>>): TraceSpan[] {
  const ordered = [...spans.values()].sort(byStart)
  const tops: TraceSpan[] = []
  for (const span of ordered) {
    const parent = spans.get(span.wire.parentSpanId)
    if (parent && parent !== span) {
      span.parent = parent
      parent.children.push(span)
    } else tops.push(span)
  }
  const reached = new Set<TraceSpan>()
  const reach = (top: TraceSpan) => {
    const stack = [top]
    for (let span = stack.pop(); span; span = stack.pop()) {
      if (reached.has(span)) continue
      reached.add(span)
      for (const child of span.children) stack.push(child)
    }
  }
  tops.forEach(reach)
  for (const span of ordered) {
    if (reached.has(span)) continue
    if (span.parent) span.parent.children.splice(span.parent.children.indexOf(span), 1)
    span.parent = null
    tops.push(span)
    reach(span)
  }
  // A root in the true sense is a span that names no parent; orphans follow it whenever they start.
  return tops.sort((a, b) => Number(a.wire.parentSpanId !== '') - Number(b.wire.parentSpanId !== '') || byStart(a, b))
}

function byStart(a: TraceSpan, b: TraceSpan): number {
  return a.from - b.from || b.to - a.to || (a.id < b.id ? -1 : 1)
}

function extentOf(spans: ReadonlyMap<string, TraceSpan>, durationNs: number | null): Interval {
  let from = 0
  let to = durationNs ?? 0
  for (const span of spans.values()) {
    from = Math.min(from, span.from)
    to = Math.max(to, span.to)
  }
  return { from, to: Math.max(to, from + 1) }
}

/** Retry time belongs to attempts, not to the owner's own work, so it says nothing about the class of the rest. */
function classesOf(trace: WireTrace): Map<string, SegmentClass> {
  const classes = new Map<string, SegmentClass>()
  const learn = (spanId: string, segmentClass: SegmentClass) => {
    if (segmentClass !== 'retry' && !classes.has(spanId)) classes.set(spanId, segmentClass)
  }
  for (const hop of trace.hops) for (const segment of hop.segments) learn(segment.ownerSpanId, segment.class)
  for (const segment of trace.criticalPath) learn(segment.spanId, segment.class)
  return classes
}

/** A hop is found by its caller's span and by its first proxy: either may be the top of what is drawn as the hop. */
function hopsByFirstSpan(hops: readonly WireHop[]): Map<string, WireHop[]> {
  const first = new Map<string, WireHop[]>()
  for (const hop of hops) {
    for (const id of new Set([hop.caller?.spanId, hop.via[0]])) {
      if (id !== undefined) first.set(id, [...(first.get(id) ?? []), hop])
    }
  }
  return first
}
