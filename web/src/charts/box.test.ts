import { expect, it } from 'vitest'
import { boxOf, rectOf, valueAt } from './box.ts'
import { heatFrame } from './heat-frame.ts'
import { heatmap, startMs } from './heatmap-examples.ts'

const frame = heatFrame(heatmap([1e6, 2e6, 4e6, 8e6], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]), [], { width: 300, height: 90 }) // prettier-ignore
const minute = 60_000

it('a box is of whole cells, without an edge where it reaches the edge of the picture', () => {
  expect(boxOf(frame, { column: 2, row: 2 }, { column: 1, row: 1 })).toEqual({
    ...{ fromMs: startMs + minute, toMs: startMs + 3 * minute, minNs: 2e6, maxNs: null },
  })
  expect(boxOf(frame, { column: 0, row: 0 }, { column: 2, row: 1 })).toEqual({
    ...{ fromMs: null, toMs: null, minNs: null, maxNs: 4e6 },
  })
  expect(boxOf(frame, { column: 0, row: 0 }, { column: 2, row: 2 })).toBeUndefined()
})

it('it covers the cells that it is made of', () => {
  const box = boxOf(frame, { column: 1, row: 1 }, { column: 1, row: 1 })!
  const rect = rectOf(frame, box)!
  expect([rect.x, rect.width]).toEqual([100, 100])
  expect(rect.y).toBeCloseTo(frame.rows[1]![0], 6)
  expect(rect.y + rect.height).toBeCloseTo(frame.rows[1]![1], 6)
  expect(rectOf(frame, { ...box, fromMs: startMs - 2 * minute, toMs: startMs - minute })).toBeUndefined()
})

it('a height within a row is a value within it', () => {
  const [top, bottom] = frame.rows[1]!
  expect(valueAt(frame, 1, bottom)).toBeCloseTo(2e6, 6)
  expect(valueAt(frame, 1, (top + bottom) / 2)).toBeCloseTo(2e6 * Math.SQRT2, 6)
  expect(valueAt(frame, 1, top - 5)).toBeCloseTo(4e6, 6)
})
