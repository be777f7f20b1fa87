import type { PathSegment, SegmentClass, TraceAnalysis } from './types.ts'

/** What makes one request longer than another one of the same shape: time on the critical path (D7), which adds up to each duration. */
export interface Difference {
  /** Largest difference first. */
  readonly classes: readonly { class: SegmentClass; ns: number; otherNs: number }[]
  /** Spans at the same place of the pre-order, those whose time differs; largest difference first. */
  readonly spans: readonly { spanId: string; otherSpanId: string; ns: number; otherNs: number }[]
}

/**
 * null: not of the same shape, or one has no critical path. The differences of `classes` add up to that of the durations exactly, and
 * so do those of `spans`.
 */
export function differenceOf(trace: TraceAnalysis, other: TraceAnalysis): Difference | null {
  const isAlike = trace.shapeId === other.shapeId && trace.spans.length === other.spans.length
  if (!isAlike || trace.duration === null || other.duration === null) return null
  const [classes, otherClasses] = [timeBy(trace, classOf), timeBy(other, classOf)]
  const [spans, otherSpans] = [timeBy(trace, spanOf), timeBy(other, spanOf)]
  return {
    classes: [...new Set([...classes.keys(), ...otherClasses.keys()])]
      .map((key) => ({ class: key, ns: classes.get(key) ?? 0, otherNs: otherClasses.get(key) ?? 0 }))
      .sort(largestFirst),
    spans: trace.spans
      .map(({ spanId }, i) => {
        const otherSpanId = other.spans[i]!.spanId
        return { spanId, otherSpanId, ns: spans.get(spanId) ?? 0, otherNs: otherSpans.get(otherSpanId) ?? 0 }
      })
      .filter(({ ns, otherNs }) => ns !== otherNs)
      .sort(largestFirst),
  }
}

const classOf = (segment: PathSegment) => segment.class
const spanOf = (segment: PathSegment) => segment.spanId

function timeBy<Key>({ criticalPath }: TraceAnalysis, keyOf: (segment: PathSegment) => Key): Map<Key, number> {
  const sums = new Map<Key, number>()
  for (const segment of criticalPath) sums.set(keyOf(segment), (sums.get(keyOf(segment)) ?? 0) + segment.ns)
  return sums
}

interface Sides {
  readonly ns: number
  readonly otherNs: number
}
const largestFirst = (a: Sides, b: Sides): number => Math.abs(b.ns - b.otherNs) - Math.abs(a.ns - a.otherNs)
