import { describe, expect, it } from 'vitest'
import { cellAt, factsOf, heatFrame } from './heat-frame.ts'
import { cellsAlong, heatFull, heatStep, heatThresholds, packColour, paintCells } from './heat-paint.ts'
import { heatmap, series, startMs } from './heatmap-examples.ts'

describe('heatStep', () => {
  it('rises with the count, empty is none, the fullest is the strongest', () => {
    const full = heatFull(200)
    const steps = [0, 1, 2, 5, 10, 30, 80, 200].map((count) => heatStep(count, full))
    expect(steps).toEqual([0, 1, 1, 3, 4, 5, 6, 7])
  })

  it('keeps few requests pale', () => {
    expect(heatStep(1, heatFull(1))).toBe(1)
    expect(heatStep(2, heatFull(2))).toBeLessThan(5)
  })

  it('begins each step where the legend says', () => {
    for (const full of [7, 40, 202, 10_000]) {
      heatThresholds(full).forEach((least, i) => expect(heatStep(least, full)).toBeGreaterThanOrEqual(i + 1))
      expect(heatThresholds(full)[0]).toBe(1)
    }
  })
})

describe('paintCells', () => {
  const colours = Uint32Array.of(0, 11, 12, 13, 14, 15, 16, 17)

  it('fills each cell to the device pixel, gaps and empty cells with the background', () => {
    const frame = heatFrame(heatmap([1e6, 2e6, 4e6], [[1, 0], [0, 7]]), [], { width: 6, height: 40 }) // prettier-ignore
    const columnAt = cellsAlong(frame.columns, 2, 12, 2)
    const rowAt = cellsAlong(frame.rows, 2, 80, 2)
    const pixels = new Uint32Array(12 * 80)
    paintCells(pixels, frame.lattice, columnAt, rowAt, colours)
    const rowOf = (ms: number) => Math.floor(frame.y(ms * 1e6) * 2)
    const line = (y: number) => [...pixels.subarray(y * 12, (y + 1) * 12)]
    expect(line(rowOf(1.5))).toEqual([11, 11, 11, 11, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(line(rowOf(3))).toEqual([0, 0, 0, 0, 0, 0, 17, 17, 17, 17, 0, 0])
    expect(line(0).every((pixel) => pixel === 0)).toBe(true)
  })

  it('draws thin cells without a gap instead of not at all', () => {
    expect([...cellsAlong([[0, 1], [1, 2]], 1, 2, 1)]).toEqual([0, 1]) // prettier-ignore
  })

  it('paints 300 x 120 cells on 1600 x 600 pixels within a frame', () => {
    const bounds = Array.from({ length: 121 }, (_, i) => 1e4 * 2 ** (i / 10))
    const counts = Array.from({ length: 300 }, (_, x) => Array.from({ length: 120 }, (_, y) => ((x * y) % 97) + 1))
    const times: number[] = []
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      const frame = heatFrame(heatmap(bounds, counts), [], { width: 800, height: 720 })
      const pixels = new Uint32Array(1600 * 600)
      paintCells(
        pixels,
        frame.lattice,
        cellsAlong(frame.columns, 2, 1600, 2),
        cellsAlong(frame.rows, 2, 600, 2),
        colours,
      )
      times.push(performance.now() - start)
      expect(frame.lattice).toMatchObject({ columns: 300, rows: 120 })
    }
    // 16 ms on a quiet machine; four times that where others work too.
    expect(Math.min(...times)).toBeLessThan(64)
  })
})

describe('heatFrame', () => {
  const frame = heatFrame(heatmap([0, 1e6, 2e6, 4e6], [[3, 1, 0], [0, 0, 7]]), series(9e6), { width: 200, height: 110 }) // prettier-ignore

  it('leaves room for lines above the cells and a band for what is zero', () => {
    expect(frame.y(9e6)).toBeGreaterThan(0)
    expect(frame.y(0)).toBe(105)
    expect(frame.y(1e6)).toBeLessThan(100)
  })

  it('finds the cell under the pointer and says what is in it', () => {
    expect(cellAt(frame, 150, frame.y(3e6))).toEqual({ column: 1, row: 2 })
    expect(cellAt(frame, 150, frame.y(8e6))).toBeUndefined()
    expect(factsOf(frame, { column: 1, row: 2 })).toEqual({
      fromMs: startMs + 60_000,
      toMs: startMs + 120_000,
      loNs: 2e6,
      hiNs: 4e6,
      count: 7,
      ofColumn: 7,
    })
    expect(factsOf(frame, cellAt(frame, 1, 107)!)).toMatchObject({ loNs: 0, hiNs: 0, count: 3, ofColumn: 4 })
  })
})

it('packs colours as ImageData holds them', () => {
  expect(new Uint8Array(Uint32Array.of(packColour(' #102030')).buffer)).toEqual(Uint8Array.of(0x10, 0x20, 0x30, 255))
  expect(packColour('')).toBe(0)
})
