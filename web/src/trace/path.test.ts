import { describe, expect, it } from 'vitest'
import { idOf, retried, t1, wide } from './examples.ts'
import { indexTrace, type TraceIndex } from './index.ts'
import { drawnConnectors, drawnMarks, pathOnRows, rowsOfSpans, stretchesOn, type PathOnRows } from './path.ts'
import { buildRows } from './rows.ts'
import { classShares, flagNotes, noticesOf } from './summary.ts'
import { toggleAll, visibleRows, type Toggled } from './visible.ts'
import type { WireTrace } from './wire.ts'

function setup(trace: WireTrace) {
  const index = indexTrace(trace)
  const rows = buildRows(index)
  const on = (toggled: Toggled) => pathOnRows(index, rows, visibleRows(rows, toggled), rowsOfSpans(index, rows))
  return { index, rows, on }
}

const notices = (index: TraceIndex) => noticesOf(index, flagNotes(index))

const total = (path: PathOnRows) =>
  Array.from({ length: path.start.length - 1 }, (_, position) => stretchesOn(path, position))
    .flat()
    .reduce((ns, { from, to }) => ns + to - from, 0)

/** A root that calls many children, one after the other, all of them on the path. */
function fanOut(count: number): WireTrace {
  const trace = wide(count)
  const [root, ...children] = trace.spans
  const segment = (span: WireTrace['spans'][number], from: number, to: number) => ({
    spanId: span.spanId,
    class: 'app' as const,
    leg: 'self' as const,
    startUnixNano: String(BigInt(root!.startUnixNano) + BigInt(from)),
    ns: to - from,
  })
  trace.criticalPath = children.flatMap((child, i) => [
    segment(child, i * 10_000, i * 10_000 + 8_000),
    segment(root!, i * 10_000 + 8_000, (i + 1) * 10_000),
  ])
  return trace
}

describe('critical path on rows', () => {
  it('adds up to the duration whatever is folded', () => {
    for (const trace of [t1(), retried()]) {
      const { rows, on } = setup(trace)
      for (const toggled of [new Set<string>(), toggleAll(rows, false), toggleAll(rows, true)]) {
        expect(total(on(toggled))).toBe(trace.durationNs)
      }
    }
  })

  it('lies on the folded hop in one stretch a side', () => {
    const { rows, on } = setup(t1())
    const shown = visibleRows(rows, new Set())
    const at = shown.findIndex((row) => rows[row]!.key === `hop:${idOf('c1')}`)
    expect(stretchesOn(on(new Set()), at)).toEqual([
      { from: 1_750_000, to: 2_450_000 },
      { from: 6_300_000, to: 6_750_000 },
    ])
  })

  it('connects rows where the path changes over, and only those in sight', () => {
    const { on } = setup(t1())
    const path = on(new Set())
    expect([path.row[0], path.row[1], path.from[1]]).toEqual([0, 1, 300_000])
    const whole = { from: 0, to: 12_000_000 }
    const drawn = drawnConnectors(path, whole, 1_200, { first: 5, end: 7 })
    expect(drawn.map(({ x, fromRow, toRow }) => [x, fromRow, toRow]).sort(([a], [b]) => a! - b!)).toEqual([
      [725, 4, 5],
      [795, 5, 6],
      [1050, 5, 6],
      [1095, 4, 5],
    ])
    expect(drawnConnectors(path, whole, 1_200, { first: 40, end: 50 })).toEqual([])
  })

  it('leaves out lines from far away where they would paint the rows over', () => {
    const { index, rows } = setup(fanOut(2_000))
    const path = pathOnRows(index, rows, visibleRows(rows, new Set()), rowsOfSpans(index, rows))
    const view = { from: 0, to: 20_000_000 }
    const drawn = drawnConnectors(path, view, 500, { first: 0, end: 40 })
    expect(drawn.length).toBeGreaterThan(0)
    expect(drawn.every(({ toRow }) => toRow <= 40)).toBe(true)
    expect(drawn.length).toBeLessThan(500 / 8)
    // Zoomed in to a few of them, all are drawn.
    expect(drawnConnectors(path, { from: 10_000_000, to: 10_100_000 }, 500, { first: 0, end: 40 })).toHaveLength(21)
  })

  it('draws one line a pixel, however often the path changes over', () => {
    const often = Array.from({ length: 10_000 }, (_, i) => ({ from: i * 10, to: i * 10 + 4 }))
    const marks = drawnMarks(often, { from: 0, to: 100_000 }, 500)
    expect(marks).toEqual([{ x: 0, width: 500 }])
  })
})

describe('class shares', () => {
  it('add up to the duration exactly, with T1’s worked sums', () => {
    const { index } = setup(t1())
    const shares = classShares(index)
    expect(shares.map(({ group, ns, fidelity }) => [group, ns / 1000, fidelity])).toEqual([
      ['gateway', 500, 'exact'],
      ['sidecar-or-wire', 2700, 'bounded'],
      ['wire', 400, 'exact'],
      ['app', 8400, 'exact'],
    ])
    expect(shares.reduce((ns, share) => ns + share.ns, 0)).toBe(index.trace.durationNs)
  })
})

describe('notices', () => {
  it('are silent about a complete trace', () => {
    expect(notices(setup(t1()).index)).toEqual([])
  })

  it('count missing parents and name the subtrees left over', () => {
    const trace = t1()
    trace.spans = trace.spans.filter((span) => span.spanId !== idOf('A'))
    const [notice] = notices(indexTrace(trace))
    expect(notice).toMatchObject({ title: '1 parent span is missing', spanId: idOf('c1') })
  })

  it('say that nothing end to end is known without a root', () => {
    const trace = { ...t1(), durationNs: null, criticalPath: [] }
    trace.spans = trace.spans.filter((span) => span.spanId !== idOf('g'))
    const { index } = setup(trace)
    expect(notices(index)[0]!.title).toBe('The root span has not arrived')
    expect(classShares(index)).toEqual([])
  })
})
