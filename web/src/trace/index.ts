/**
 * A trace prepared for drawing: times as ns since its start, children in order, and who belongs to which proxy and hop.
 * Everything else of the waterfall is computed from this. Built once a trace, O(n log n).
 */
import { shapeOfTrace, type ClassAt, type TraceShape } from './shape.ts'
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

/** Segments in time order, as there may be 200,000: `span` by place. */
export interface PathSegments {
  readonly length: number
  readonly span: Int32Array
  readonly from: Float64Array
  readonly to: Float64Array
  readonly class: ClassAt
}

export interface TraceIndex {
  readonly trace: WireTrace
  readonly base: bigint
  /** From the earliest to the latest instant drawn. */
  readonly extent: Interval
  /** The same by the emitters' own clocks. */
  readonly rawExtent: Interval
  readonly spans: SpanTable
  /** Primary root first, then the tops of what is not connected to it. */
  readonly tops: readonly TraceSpan[]
  /** Hops whose caller or first proxy a span is. */
  readonly hopsFrom: (span: TraceSpan) => readonly WireHop[]
  /** The span that stands for a proxy, and all of its spans; those that are not among the spans are left out. */
  readonly topOf: (proxy: WireProxy) => TraceSpan | undefined
  readonly spansOf: (proxy: WireProxy) => TraceSpan[]
  /** Places of the spans that stand for the proxies of the trace, in their order; -1: it is not among them. */
  readonly proxySpan: ArrayLike<number>
  readonly path: PathSegments
}

/** By place, and by id: ids are looked up when somebody first asks, which a drawing does not. */
export class SpanTable {
  readonly list: readonly TraceSpan[]
  private byId: ReadonlyMap<string, TraceSpan> | undefined

  constructor(list: readonly TraceSpan[]) {
    this.list = list
  }
  get size(): number {
    return this.list.length
  }
  values(): readonly TraceSpan[] {
    return this.list
  }
  get(id: string): TraceSpan | undefined {
    this.byId ??= new Map(this.list.map((span) => [span.id, span]))
    return this.byId.get(id)
  }
}

export function indexTrace(trace: WireTrace): TraceIndex {
  const shape = trace.shape?.() ?? shapeOfTrace(trace)
  const path = pathOf(shape)
  const shared = { trace, shape, classes: classesOf(shape, path) }
  const spans = trace.spans.map((_, at) => new Draft(shared, at))
  let places: ReadonlyMap<WireProxy, number> | undefined
  const placeOf = (proxy: WireProxy): number => {
    places ??= new Map(trace.proxies.map((each, at) => [each, at]))
    return places.get(proxy) ?? -1
  }
  return {
    trace,
    base: BigInt(trace.startUnixNano),
    extent: extentOf(shape, trace.durationNs, shape.from),
    rawExtent: extentOf(shape, trace.durationNs, shape.rawFrom),
    spans: new SpanTable(spans),
    tops: connect(spans, shape),
    hopsFrom: hopsByFirstSpan(trace.hops, shape),
    topOf: (proxy) => spans[shape.proxySpan[placeOf(proxy)]!],
    spansOf(proxy) {
      const { ends, items } = shape.proxySpans
      const found: TraceSpan[] = []
      for (let at = placeOf(proxy), i = ends[at - 1] ?? 0; i < ends[at]!; i++) {
        const span = spans[items[i]!]
        if (span) found.push(span)
      }
      return found
    },
    proxySpan: shape.proxySpan,
    path,
  }
}

/** The span names a parent that is not among the spans; one whose circle of parents was cut is no orphan. */
export function isOrphan({ spans }: TraceIndex, { wire }: TraceSpan): boolean {
  return wire.parentSpanId !== '' && spans.get(wire.parentSpanId) === undefined
}

const noSpans: readonly Draft[] = []

/** What drafts have in common. */
interface Shared {
  readonly trace: WireTrace
  readonly shape: TraceShape
  readonly classes: readonly (SegmentClass | null)[]
}

/** A span while the tree is built, and after. Numbers stay where they lie: as fields each would be an object of its own. */
class Draft implements TraceSpan {
  readonly at: number
  private readonly of: Shared
  parent: Draft | null = null
  children: readonly Draft[] = noSpans

  constructor(of: Shared, at: number) {
    this.of = of
    this.at = at
  }
  get id(): string {
    return this.wire.spanId
  }
  get wire(): WireSpan {
    return this.of.trace.spans[this.at]!
  }
  get from(): number {
    return this.of.shape.from[this.at]!
  }
  get to(): number {
    return this.of.shape.from[this.at]! + this.of.shape.duration[this.at]!
  }
  get rawFrom(): number {
    return this.of.shape.rawFrom[this.at]!
  }
  get proxy(): WireProxy | null {
    const at = this.of.shape.proxy[this.at]!
    return at < 0 ? null : this.of.trace.proxies[at]!
  }
  get class(): SegmentClass | null {
    return this.of.classes[this.at]!
  }
}

/** Sets parents and children; returns the tops. A cycle the analysis left in the ids is cut at its earliest member. */
function connect(spans: readonly Draft[], { parent: parents }: TraceShape): TraceSpan[] {
  const tops: TraceSpan[] = []
  const counts = new Int32Array(spans.length)
  for (const { at } of spans) if (parents[at]! >= 0 && parents[at] !== at) counts[parents[at]!]!++
  for (const span of spans) {
    const parent = parents[span.at] === span.at ? undefined : spans[parents[span.at]!]
    if (parent) {
      span.parent = parent
      if (parent.children === noSpans) parent.children = new Array<Draft>(counts[parent.at]!)
      const children = parent.children as Draft[]
      children[children.length - counts[parent.at]!--] = span
    } else tops.push(span)
  }
  for (const { children } of spans) if (children.length > 1) inOrder(children as Draft[])
  if (reachable(tops) < spans.length) cutCycles(spans, tops)
  // A root in the true sense is a span that names no parent; orphans follow it whenever they start.
  return tops.sort((a, b) => Number(parents[a.at] !== -1) - Number(parents[b.at] !== -1) || byStart(a, b))
}

/** They mostly are. */
function inOrder(children: Draft[]): void {
  for (let i = 1; i < children.length; i++)
    if (byStart(children[i - 1]!, children[i]!) > 0) return void children.sort(byStart)
}

/** How many spans hang below `tops`. Every span has one parent, so that none is met twice. */
function reachable(tops: readonly TraceSpan[], visit?: (span: TraceSpan) => void): number {
  const stack = [...tops]
  let count = 0
  for (let span = stack.pop(); span; span = stack.pop()) {
    count++
    visit?.(span)
    for (const child of span.children) stack.push(child)
  }
  return count
}

function cutCycles(spans: readonly Draft[], tops: TraceSpan[]): void {
  const reached = new Set<TraceSpan>()
  const reach = (span: TraceSpan) => reached.add(span)
  reachable(tops, reach)
  for (const span of [...spans].sort(byStart)) {
    if (reached.has(span)) continue
    if (span.parent) span.parent.children = span.parent.children.filter((child) => child !== span)
    span.parent = null
    tops.push(span)
    reachable([span], reach)
  }
}

function byStart(a: TraceSpan, b: TraceSpan): number {
  return a.from - b.from || b.to - a.to || (a.id < b.id ? -1 : 1)
}

function extentOf({ duration }: TraceShape, durationNs: number | null, starts: ArrayLike<number>): Interval {
  let from = 0
  let to = durationNs ?? 0
  for (let at = 0; at < starts.length; at++) {
    from = Math.min(from, starts[at]!)
    to = Math.max(to, starts[at]! + duration[at]!)
  }
  return { from, to: Math.max(to, from + 1) }
}

function pathOf({ path }: TraceShape): PathSegments {
  const { length } = path.span
  const segments = {
    length,
    span: Int32Array.from(path.span),
    from: Float64Array.from(path.from),
    to: Float64Array.from(path.from),
    class: path.class,
  }
  let isInOrder = true
  for (let i = 0; i < length; i++) {
    segments.to[i]! += path.ns[i]!
    if (i > 0 && byTime(segments, i - 1, i) > 0) isInOrder = false
  }
  if (isInOrder) return segments
  const order = Int32Array.from(segments.span.keys()).sort((a, b) => byTime(segments, a, b) || a - b)
  return {
    length,
    span: order.map((i) => segments.span[i]!),
    from: Float64Array.from(order, (i) => segments.from[i]!),
    to: Float64Array.from(order, (i) => segments.to[i]!),
    class: (i) => path.class(order[i]!),
  }
}

const byTime = ({ from, to }: Pick<PathSegments, 'from' | 'to'>, a: number, b: number): number =>
  from[a]! - from[b]! || to[a]! - to[b]!

/** Retry time belongs to attempts, not to the owner's own work, so it says nothing about the class of the rest. */
function classesOf({ parent, owners }: TraceShape, path: PathSegments): (SegmentClass | null)[] {
  const classes = new Array<SegmentClass | null>(parent.length).fill(null)
  const learn = (at: number, segmentClass: SegmentClass) => {
    if (at >= 0 && segmentClass !== 'retry') classes[at] ??= segmentClass
  }
  for (let i = 0; i < owners.span.length; i++) learn(owners.span[i]!, owners.class[i]!)
  for (let i = 0; i < path.length; i++) learn(path.span[i]!, path.class(i))
  return classes
}

const noHops: readonly WireHop[] = []

/** A hop is found by its caller's span and by its first proxy: either may be the top of what is drawn as the hop. */
function hopsByFirstSpan(hops: readonly WireHop[], { caller, firstVia }: TraceShape): TraceIndex['hopsFrom'] {
  const first = new Map<number, WireHop[]>()
  const add = (at: number, hop: WireHop) => {
    if (at < 0) return
    const others = first.get(at)
    if (others) others.push(hop)
    else first.set(at, [hop])
  }
  for (const [i, hop] of hops.entries()) {
    add(caller[i]!, hop)
    if (firstVia[i] !== caller[i]) add(firstVia[i]!, hop)
  }
  return (span) => first.get(span.at) ?? noHops
}
