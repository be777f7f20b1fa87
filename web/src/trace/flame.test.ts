import { describe, expect, it } from 'vitest'
import { exact, idOf, retried, t1, wide } from './examples.ts'
import { boxAt, boxesIn, flameOf, stepFrom } from './flame.ts'
import { indexTrace, type TraceSpan } from './index.ts'
import type { WireTrace } from './wire.ts'

/** One root with spans anywhere below it, each inside its parent or not. */
function scattered(count: number, seed: number): WireTrace {
  let state = seed
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  const like = t1()
  const [first] = like.spans
  const spans = Array.from({ length: count }, (_, i) => ({
    ...first!,
    spanId: idOf(`s${i}`),
    parentSpanId: i === 0 ? '' : idOf(`s${random(i)}`),
    placedStartUnixNano: String(BigInt(like.startUnixNano) + BigInt(i === 0 ? 0 : random(1_000_000))),
    durationNs: i === 0 ? 1_000_000 : random(200_000),
    self: exact(0),
  }))
  return { ...like, spans, proxies: [], hops: [], criticalPath: [] }
}
const fromOf = ({ from }: TraceSpan) => from

describe('the lanes of a flame chart', () => {
  it.each([t1(), retried(), wide(50), scattered(300, 7), scattered(300, 8)])('cover nothing: trace %#', (trace) => {
    const flame = flameOf(indexTrace(trace))
    const { spans, lane, lanes, start, order } = flame
    expect(order.length).toBe(spans.length)
    expect(Math.max(...lane)).toBe(lanes - 1)
    for (let l = 0; l < lanes; l++)
      for (let i = start[l]! + 1; i < start[l + 1]!; i++)
        expect(spans[order[i]!]!.from).toBeGreaterThanOrEqual(spans[order[i - 1]!]!.to)
    for (const span of spans)
      if (span.parent && span.parent.from <= span.from) expect(lane[span.at]).toBeGreaterThan(lane[span.parent.at]!)
  })

  it('put callees right below their callers, one after another where they do not overlap', () => {
    const index = indexTrace(t1())
    const { lane } = flameOf(index)
    const laneOf = (name: string) => lane[index.spans.get(idOf(name))!.at]
    expect(['g', 'gu', 'p1', 'A', 'c1', 'c2', 'o1', 'o2', 'B', 'C'].map(laneOf)).toEqual([0, 1, 2, 3, 4, 4, 5, 5, 7, 7])
  })

  it('hold the critical path of each span, all of it', () => {
    const index = indexTrace(t1())
    const { spans, pathStart, pathOrder } = flameOf(index)
    let sum = 0
    for (const span of spans)
      for (let i = pathStart[span.at]!; i < pathStart[span.at + 1]!; i++) {
        const segment = pathOrder[i]!
        expect(index.path.span[segment]).toBe(span.at)
        sum += index.path.to[segment]! - index.path.from[segment]!
      }
    expect(sum).toBe(index.trace.durationNs)
  })

  it('come in a time that does not grow with the square: a chain and a fan of 100,000', () => {
    const fan = scattered(100_000, 3)
    const chain = {
      ...fan,
      spans: fan.spans.map((span, i) => ({ ...span, parentSpanId: i === 0 ? '' : fan.spans[i - 1]!.spanId })),
    }
    for (const trace of [fan, chain]) {
      const index = indexTrace(trace)
      const before = process.cpuUsage()
      flameOf(index)
      const { user } = process.cpuUsage(before)
      expect(user / 1000).toBeLessThan(2_000)
    }
  })
})

describe('boxes in sight', () => {
  const index = indexTrace(wide(10_000))
  const flame = flameOf(index)
  const sight = { view: index.extent, width: 500, firstLane: 0, endLane: 9 }

  it('are no more than there are pixels, and none is thinner than one', () => {
    const boxes = boxesIn(flame, sight, fromOf)
    expect(boxes.length).toBeLessThanOrEqual(502)
    expect(Math.min(...boxes.map(({ width }) => width))).toBeGreaterThanOrEqual(1)
  })

  it('are cut a little beyond the edges, and found by a point near them', () => {
    const view = { from: 20_000, to: 60_000 }
    const boxes = boxesIn(flame, { ...sight, view }, fromOf)
    const [root, ...items] = boxes
    expect(root).toMatchObject({ x: -2, width: 504, lane: 0 })
    expect(items.map(({ x, width }) => [x, width])).toEqual([
      [0, 100],
      [125, 100],
      [250, 100],
      [375, 100],
      [500, 2],
    ])
    expect(boxAt(boxes, 130, 1)).toBe(items[1])
    expect(boxAt(boxes, 226, 1)).toBe(items[1])
    expect(boxAt(boxes, 240, 1)).toBeNull()
    expect(boxAt(boxes, 130, 2)).toBeNull()
  })
})

it('arrows go to the caller, the first callee and the callees beside', () => {
  const index = indexTrace(t1())
  const span = (name: string) => index.spans.get(idOf(name))!
  const step = (name: string, key: Parameters<typeof stepFrom>[2]) => stepFrom(index, span(name), key)
  expect(step('g', 'ArrowDown')).toBe(span('gu'))
  expect(step('g', 'ArrowUp')).toBeNull()
  expect(step('c1', 'ArrowRight')).toBe(span('c2'))
  expect(step('c2', 'ArrowRight')).toBeNull()
  expect(step('c2', 'ArrowLeft')).toBe(span('c1'))
  expect(step('C', 'Home')).toBe(span('g'))
  expect(step('c1', 'End')).toBe(span('c2'))
})
