import { expect, test } from 'vitest'
import { edgesAndMiddles, runsOf, spread, stacked } from './runs.ts'

test('a run is drawn from the beginning of its first step to the end of its last', () => {
  expect(edgesAndMiddles([0, 10, 20], 10)).toEqual([0, 5, 10, 15, 20, 25, 30])
  expect(runsOf([1, 2, null])).toEqual([1, 1, undefined, 2, 2, null, null])
  expect(runsOf([null, 7, null])).toEqual([null, null, 7, 7, 7, null, null])
  expect(runsOf([])).toEqual([])
})

test('areas add up, and a step without any is a gap and not zero', () => {
  expect(
    stacked([
      [1, null, 3],
      [10, null, null],
    ]),
  ).toEqual([
    [1, null, 3],
    [11, null, 3],
  ])
})

test('labels keep apart and within the plot, in the order of their heights', () => {
  const placed = spread([50, 52, 51, 98], 10, 0, 100)
  expect(placed).toEqual([50, 70, 60, 98])
  expect(spread([99, 100], 10, 0, 100)).toEqual([90, 100])
})
