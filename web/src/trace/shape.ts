/**
 * How the spans of a trace hang together and who owns its time, as numbers by their places in the answer: what a drawing begins
 * with, without an object for anything. Read off columns, or out of a trace as scripts get it.
 */
import type { Lists, Numbers, TraceColumns } from '../../../server/api/contract-columns.ts'
import type { SegmentClass, WireTrace } from './wire.ts'

/** Places of spans: -1 for none. Times: ns since the start of the trace. */
export interface TraceShape {
  /** -1: it names none, -2: one that is not among them. */
  readonly parent: Numbers
  /** Placed, and as the emitter's clock showed it. */
  readonly from: Numbers
  readonly rawFrom: Numbers
  readonly duration: Numbers
  /** Place of the proxy that a span belongs to. */
  readonly proxy: Int32Array
  /** Of each proxy: the span that stands for it, and all of them. */
  readonly proxySpan: Numbers
  readonly proxySpans: Lists
  /** Of each hop. */
  readonly caller: Numbers
  readonly firstVia: Numbers
  /** Segments of hops, in their order. */
  readonly owners: { readonly span: Int32Array; readonly class: readonly SegmentClass[] }
  readonly path: { readonly span: Numbers; readonly from: Numbers; readonly ns: Numbers; readonly class: ClassAt }
}
export type ClassAt = (i: number) => SegmentClass

export function shapeOfColumns({ words, path, proxies, hops, ...spans }: TraceColumns): TraceShape {
  const { parent, start, moved, duration } = spans
  const from = new Float64Array(parent.length)
  for (let at = 0; at < from.length; at++) from[at] = start[at]! + moved[at]!
  const proxy = new Int32Array(parent.length).fill(-1)
  for (let i = 0, item = 0; i < proxies.spans.ends.length; i++)
    for (; item < proxies.spans.ends[i]!; item++) proxy[proxies.spans.items[item]!] = i
  const firstVia = new Int32Array(hops.id.length)
  for (let i = 0, item = 0; i < firstVia.length; item = hops.via.ends[i++]!)
    firstVia[i] = item < hops.via.ends[i]! ? hops.via.items[item]! : -1
  const { items } = hops.segments
  const ownersSpan = new Int32Array(items.length / 4)
  const ownersClass: SegmentClass[] = []
  for (let i = 0; i < ownersSpan.length; i++) {
    ownersSpan[i] = items[4 * i + 1]!
    ownersClass.push(words[items[4 * i]!] as SegmentClass)
  }
  return {
    ...{ parent, from, rawFrom: start, duration, proxy, proxySpan: proxies.span, proxySpans: proxies.spans },
    ...{ caller: hops.callerSpan, firstVia },
    owners: { span: ownersSpan, class: ownersClass },
    path: { span: path.span, from: path.start, ns: path.ns, class: (i) => words[path.class[i]!] as SegmentClass },
  }
}

/** A trace as scripts get it: its ids are looked up. */
export function shapeOfTrace({ startUnixNano, spans, proxies, hops, criticalPath }: WireTrace): TraceShape {
  const since = sinceOf(startUnixNano)
  const places = new Map(spans.map(({ spanId }, at) => [spanId, at]))
  const placeOf = (spanId: string | undefined) => places.get(spanId ?? '') ?? -1
  const proxy = new Int32Array(spans.length).fill(-1)
  for (const [i, { spanIds }] of proxies.entries())
    for (const spanId of spanIds) {
      const at = placeOf(spanId)
      if (at >= 0) proxy[at] = i
    }
  const ends: number[] = []
  const items = proxies.flatMap(({ spanIds }) => spanIds.map(placeOf))
  for (const { spanIds } of proxies) ends.push((ends.at(-1) ?? 0) + spanIds.length)
  const segments = hops.flatMap((hop) => hop.segments)
  const path = criticalPath.filter(({ spanId }) => places.has(spanId))
  return {
    parent: Int32Array.from(spans, ({ parentSpanId }) => (parentSpanId === '' ? -1 : (places.get(parentSpanId) ?? -2))),
    from: Float64Array.from(spans, ({ placedStartUnixNano }) => since(placedStartUnixNano)),
    rawFrom: Float64Array.from(spans, (span) => since(span.startUnixNano)),
    duration: Float64Array.from(spans, ({ durationNs }) => durationNs),
    proxy,
    proxySpan: Int32Array.from(proxies, ({ spanId }) => placeOf(spanId)),
    proxySpans: { ends, items },
    caller: Int32Array.from(hops, ({ caller }) => placeOf(caller?.spanId)),
    firstVia: Int32Array.from(hops, ({ via }) => placeOf(via[0])),
    owners: {
      span: Int32Array.from(segments, ({ ownerSpanId }) => placeOf(ownerSpanId)),
      class: segments.map((segment) => segment.class),
    },
    path: {
      span: Int32Array.from(path, ({ spanId }) => placeOf(spanId)),
      from: Float64Array.from(path, (segment) => since(segment.startUnixNano)),
      ns: Float64Array.from(path, ({ ns }) => ns),
      class: (i) => path[i]!.class,
    },
  }
}

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
