import { describe, expect, it } from 'vitest'
import { wide } from './examples.ts'
import { indexTrace } from './index.ts'
import { buildRows } from './rows.ts'
import { centre, drawn, fit, isWhole, narrowest, pan, ticks, zoom } from './view.ts'
import { rowPieces, visibleRows, windowOfRows } from './visible.ts'

const extent = { from: 0, to: 12_000_000 }

describe('zoom and pan', () => {
  it('keeps the instant under the pointer where it is', () => {
    const view = zoom(extent, extent, 0.5, 3_000_000)
    expect(view).toEqual({ from: 1_500_000, to: 7_500_000 })
    expect((3_000_000 - view.from) / (view.to - view.from)).toBe(0.25)
  })

  it('comes back to the whole trace and never leaves it', () => {
    const near = zoom(extent, extent, 0.01, 0)
    expect(pan(near, extent, -5)).toEqual({ from: 0, to: 120_000 })
    expect(pan(near, extent, 500).to).toBe(extent.to)
    expect(isWhole(zoom(near, extent, 1e9), extent)).toBe(true)
  })

  it('stops where only rounding would be left to see', () => {
    const view = zoom(extent, extent, 1e-12, 6_000_000)
    expect(view.to - view.from).toBeCloseTo(narrowest)
  })

  it('fits a span with air and centres one without zooming', () => {
    expect(fit({ from: 4_000_000, to: 5_000_000 }, extent)).toEqual({ from: 3_900_000, to: 5_100_000 })
    expect(centre({ from: 9_000_000, to: 9_000_000 }, { from: 0, to: 2_000_000 }, extent)).toEqual({
      from: 8_000_000,
      to: 10_000_000,
    })
  })
})

describe('ticks', () => {
  it.each([
    [{ from: 0, to: 12_000_000 }, 6, 2_000_000, 7],
    [{ from: 0, to: 148_600_000 }, 6, 25_000_000, 6],
    [{ from: 59_000_000, to: 83_500_000 }, 10, 2_500_000, 10],
    [{ from: 0, to: 900 }, 5, 200, 5],
  ])('are round numbers inside %o', (view, most, step, count) => {
    const found = ticks(view, most)
    expect(found.step).toBeCloseTo(step)
    expect(found.at).toHaveLength(count)
    expect(found.at.every((at) => at >= view.from && at <= view.to)).toBe(true)
  })
})

describe('drawing', () => {
  const piece = (from: number, to: number, kind: 'app' | 'waiting' = 'app') =>
    ({ from, to, kind, way: 'none', fidelity: 'exact' }) as const

  it('leaves out what is out of sight and cuts what reaches beyond', () => {
    const marks = drawn([piece(0, 10), piece(10, 60), piece(90, 100)], { from: 20, to: 70 }, 500)
    expect(marks).toHaveLength(1)
    expect(marks[0]).toMatchObject({ x: -2, width: 402 })
  })

  it('keeps a pixel of a piece too short to see', () => {
    expect(drawn([piece(500, 501)], { from: 0, to: 1_000_000 }, 500)[0]!.width).toBe(1)
  })

  it('paints a pixel that many share as what fills most of it', () => {
    const shared = [piece(100, 104), piece(104, 108, 'waiting'), piece(108, 120, 'waiting'), piece(120, 122)]
    const marks = drawn([piece(0, 100), ...shared, piece(122, 10_000)], { from: 0, to: 10_000 }, 200)
    expect(marks.map(({ kind }) => kind)).toEqual(['app', 'waiting', 'app'])
  })

  it('draws no more marks than pixels for a span with 10,000 children', () => {
    const index = indexTrace(wide(10_000))
    const rows = buildRows(index)
    const marks = drawn(rowPieces(index, rows, 0, true), index.extent, 800)
    expect(marks.length).toBeLessThanOrEqual(2 * 800)
    expect(marks.length).toBeGreaterThan(0)
  })
})

describe('virtual rows', () => {
  it('hands out only what the viewport shows, at both ends', () => {
    expect(windowOfRows(0, 600, 26, 100_000)).toEqual({ first: 0, end: 32 })
    expect(windowOfRows(26 * 50_000, 600, 26, 100_000)).toEqual({ first: 49_992, end: 50_032 })
    expect(windowOfRows(26 * 100_000, 600, 26, 100_000)).toEqual({ first: 99_992, end: 100_000 })
    expect(windowOfRows(0, 600, 26, 0)).toEqual({ first: 0, end: 0 })
  })

  it('prepares 100,000 rows while nobody notices', () => {
    const trace = wide(100_000)
    const from = performance.now()
    const rows = buildRows(indexTrace(trace))
    expect(visibleRows(rows, new Set())).toHaveLength(100_001)
    expect(performance.now() - from).toBeLessThan(3_000)
  })
})
