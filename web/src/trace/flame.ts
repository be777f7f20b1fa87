/**
 * The trace as a flame chart: time to the right, callees below their callers. Spans that run at once stand in lanes below each
 * other, so that none covers another one. Typed arrays, as there may be 100,000 spans.
 */
import type { Interval, TraceIndex, TraceSpan } from './index.ts'

export interface Flame {
  /** By place in the answer. */
  readonly spans: readonly TraceSpan[]
  readonly lane: Int32Array
  readonly lanes: number
  /** Spans of lane l: `order[start[l]]` up to `order[start[l + 1]]`, by placed start. */
  readonly order: Int32Array
  readonly start: Int32Array
  /** Stretches of the critical path by span, likewise. */
  readonly pathStart: Int32Array
  readonly pathOrder: Int32Array
}

/** O(n log n), also of a chain as deep and of a fan as wide as there are spans. */
export function flameOf(index: TraceIndex): Flame {
  const spans = index.spans.list
  const depth = depthsOf(index, spans.length)
  const byStart = Int32Array.from(spans.keys()).sort(
    (a, b) => spans[a]!.from - spans[b]!.from || depth[a]! - depth[b]! || spans[b]!.to - spans[a]!.to || a - b,
  )
  const lane = new Int32Array(spans.length).fill(-1)
  const free = new FreeLanes(spans.length)
  let lanes = 0
  for (const at of byStart) {
    const span = spans[at]!
    const above = span.parent ? lane[span.parent.at]! : -1
    // A child that starts before its parent stands where its depth puts it.
    const least = span.parent && above < 0 ? depth[at]! : above + 1
    const found = free.from(least, span.from)
    free.take(found, span.to)
    lane[at] = found
    lanes = Math.max(lanes, found + 1)
  }
  const [start, order] = grouped(byStart, (at) => lane[at]!, lanes)
  const { path } = index
  const segments = Int32Array.from(path.span.keys())
  const [pathStart, pathOrder] = grouped(segments, (i) => path.span[i]!, spans.length)
  return { spans, lane, lanes, order, start, pathStart, pathOrder }
}

/** Tops follow each other without sharing a lane only where they overlap, as all others. */
function depthsOf({ tops }: TraceIndex, length: number): Int32Array {
  const depth = new Int32Array(length)
  const stack = [...tops]
  for (let span = stack.pop(); span; span = stack.pop())
    for (const child of span.children) {
      depth[child.at] = depth[span.at]! + 1
      stack.push(child)
    }
  return depth
}

/** Items by group, in the order given: offsets, then the items. */
function grouped(items: Int32Array, groupOf: (item: number) => number, groups: number): [Int32Array, Int32Array] {
  const start = new Int32Array(groups + 1)
  for (const item of items) start[groupOf(item) + 1]!++
  for (let group = 0; group < groups; group++) start[group + 1]! += start[group]!
  const next = start.slice()
  const order = new Int32Array(items.length)
  for (const item of items) order[next[groupOf(item)]!++] = item
  return [start, order]
}

/** Which lanes are free from when on: a tree of least times, so that the first free one is found in steps of its height. */
class FreeLanes {
  private readonly size: number
  private readonly least: Float64Array

  constructor(lanes: number) {
    this.size = 1
    while (this.size < Math.max(lanes, 1) + 1) this.size *= 2
    this.least = new Float64Array(2 * this.size).fill(-Infinity)
  }

  /** The first lane of `lane` and above that is free at `time`; the last ones always are. */
  from(lane: number, time: number): number {
    let at = lane + this.size
    // Up while this part has none, to the right; then down to the first that has one.
    while (this.least[at]! > time) {
      while (at % 2 === 1) at >>= 1
      at++
    }
    while (at < this.size) at = this.least[2 * at]! <= time ? 2 * at : 2 * at + 1
    return at - this.size
  }

  take(lane: number, until: number): void {
    let at = lane + this.size
    this.least[at] = until
    for (at >>= 1; at > 0; at >>= 1) this.least[at] = Math.min(this.least[2 * at]!, this.least[2 * at + 1]!)
  }
}

export interface FlameBox {
  readonly at: number
  readonly x: number
  readonly width: number
  readonly lane: number
}

export interface Sight {
  readonly view: Interval
  /** px. */
  readonly width: number
  readonly firstLane: number
  readonly endLane: number
}

/**
 * Boxes in sight, at least one pixel wide. Of spans that end on the pixel of the box before, none is drawn: no more boxes than pixels.
 * @param startOf where a span is drawn, by its own clock or by the corrected one.
 */
export function boxesIn(
  flame: Flame,
  { view, width, firstLane, endLane }: Sight,
  startOf: (span: TraceSpan) => number,
) {
  const boxes: FlameBox[] = []
  const scale = width / (view.to - view.from)
  for (let lane = Math.max(0, firstLane); lane < Math.min(endLane, flame.lanes); lane++) {
    let painted = -2
    for (let i = flame.start[lane]!; i < flame.start[lane + 1]!; i++) {
      const at = flame.order[i]!
      const span = flame.spans[at]!
      const from = startOf(span)
      const to = from + (span.to - span.from)
      if (to < view.from || from > view.to) continue
      const x = Math.max((from - view.from) * scale, -2)
      const right = Math.min((to - view.from) * scale, width + 2)
      if (right <= painted) continue
      const box = { at, x: Math.max(x, painted), width: Math.max(right - Math.max(x, painted), 1), lane }
      boxes.push(box)
      painted = box.x + box.width
    }
  }
  return boxes
}

/** What is at a point of the drawing; of what is thinner than a finger the closest. null: nothing within `reach` px. */
export function boxAt(boxes: readonly FlameBox[], x: number, lane: number, reach = 3): FlameBox | null {
  let best: FlameBox | null = null
  let least = reach
  for (const box of boxes) {
    if (box.lane !== lane) continue
    const off = x < box.x ? box.x - x : Math.max(0, x - box.x - box.width)
    if (off < least || (off === 0 && least === 0)) [best, least] = [box, off]
  }
  return best
}

export type FlameKey = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight' | 'Home' | 'End'

/** Up to the caller, down to the first callee, sideways among callees of the same caller. null: there is nothing that way. */
export function stepFrom({ tops }: TraceIndex, span: TraceSpan, key: FlameKey): TraceSpan | null {
  const beside = span.parent?.children ?? tops
  switch (key) {
    case 'ArrowUp':
      return span.parent
    case 'ArrowDown':
      return span.children[0] ?? null
    case 'ArrowLeft':
      return beside[beside.indexOf(span) - 1] ?? null
    case 'ArrowRight':
      return beside[beside.indexOf(span) + 1] ?? null
    case 'Home':
      return tops[0] ?? null
    case 'End':
      return beside.at(-1) ?? null
  }
}
