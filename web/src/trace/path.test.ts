import { describe, expect, it } from 'vitest'
import { idOf, retried, t1 } from './examples.ts'
import { indexTrace } from './index.ts'
import { drawnConnectors, drawnMarks, pathOnRows, rowsOfSpans } from './path.ts'
import { buildRows } from './rows.ts'
import { classShares, noticesOf } from './summary.ts'
import { toggleAll, visibleRows, type Toggled } from './visible.ts'
import type { WireTrace } from './wire.ts'

function setup(trace: WireTrace) {
  const index = indexTrace(trace)
  const rows = buildRows(index)
  const on = (toggled: Toggled) => pathOnRows(index, rows, visibleRows(rows, toggled), rowsOfSpans(rows))
  return { index, rows, on }
}

const total = ({ marks }: ReturnType<typeof pathOnRows>) =>
  [...marks.values()].flat().reduce((ns, { from, to }) => ns + to - from, 0)

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
    const { marks } = on(new Set())
    const shown = visibleRows(rows, new Set())
    const at = shown.findIndex((row) => rows[row]!.key === `hop:${idOf('c1')}`)
    expect(marks.get(at)).toEqual([
      { from: 1_750_000, to: 2_450_000 },
      { from: 6_300_000, to: 6_750_000 },
    ])
  })

  it('connects rows where the path changes over, and only those in sight', () => {
    const { on } = setup(t1())
    const { connectors } = on(new Set())
    expect(connectors[0]).toEqual({ at: 300_000, fromRow: 0, toRow: 1 })
    const whole = { from: 0, to: 12_000_000 }
    const drawn = drawnConnectors(connectors, whole, 1_200, { first: 5, end: 7 })
    expect(drawn.map(({ x, fromRow, toRow }) => [x, fromRow, toRow])).toEqual([
      [725, 4, 5],
      [795, 5, 6],
      [1050, 5, 6],
      [1095, 4, 5],
    ])
    expect(drawnConnectors(connectors, whole, 1_200, { first: 40, end: 50 })).toEqual([])
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
      ['sidecar', 1100, 'bounded'],
      ['sidecar-or-wire', 1380, 'bounded'],
      ['wire', 620, 'exact'],
      ['app', 8400, 'exact'],
    ])
    expect(shares.reduce((ns, share) => ns + share.ns, 0)).toBe(index.trace.durationNs)
  })
})

describe('notices', () => {
  it('are silent about a complete trace', () => {
    expect(noticesOf(setup(t1()).index)).toEqual([])
  })

  it('count missing parents and name the subtrees left over', () => {
    const trace = t1()
    trace.spans = trace.spans.filter((span) => span.spanId !== idOf('A'))
    const [notice] = noticesOf(indexTrace(trace))
    expect(notice).toMatchObject({ title: '1 parent span is missing', spanIds: [idOf('c1'), idOf('c2')] })
  })

  it('say that nothing end to end is known without a root', () => {
    const trace = { ...t1(), durationNs: null, criticalPath: [] }
    trace.spans = trace.spans.filter((span) => span.spanId !== idOf('g'))
    const { index } = setup(trace)
    expect(noticesOf(index)[0]!.title).toBe('The root span has not arrived')
    expect(classShares(index)).toEqual([])
  })
})
