import { expect, it } from 'vitest'
import { histogramOf } from '../../statistics/histogram.ts'
import { addTo, emptyCell, settleSums } from './cell.ts'

/** Small, large, negative, none, and those around the border of the fast way. */
const values = [0, 1, -1, 7, 2 ** 20 - 1, 2 ** 20, 2 ** 40 - 1, 2 ** 40, -(2 ** 40) + 1, -(2 ** 40), 2 ** 53 - 1, -3e9]

it('adds exactly what the values and their squares add up to, however many', () => {
  const cell = emptyCell()
  const many = Array.from({ length: 20_000 }, (_, i) => values[i % values.length]! + (i % 7 === 0 ? -1 : 0))
  for (const value of many) addTo(cell, Math.min(value, Number.MAX_SAFE_INTEGER), false, 1)
  settleSums(cell)
  const exact = many.map((value) => BigInt(Math.min(value, Number.MAX_SAFE_INTEGER)))
  expect(cell.sum).toBe(exact.reduce((sum, value) => sum + value, 0n))
  expect(cell.squares).toBe(exact.reduce((sum, value) => sum + value * value, 0n))
  expect([cell.requests, cell.n]).toEqual([20_000, 20_000])
  const { keys, counts } = histogramOf(many)
  expect(cell.hist.entries()).toEqual(keys.map((key, i) => [key, counts[i]]))
})

it('takes back all that it added', () => {
  const cell = emptyCell()
  for (const sign of [1, -1] as const) for (const value of [...values, null]) addTo(cell, value, true, sign)
  settleSums(cell)
  expect(cell).toMatchObject({ requests: 0, errors: 0, n: 0, sum: 0n, squares: 0n })
  expect(cell.hist.entries()).toEqual([])
})

it('counts a request without a value', () => {
  const cell = emptyCell()
  addTo(cell, null, true, 1)
  expect(cell).toMatchObject({ requests: 1, errors: 1, n: 0, sum: 0n })
  expect(cell.hist.entries()).toEqual([])
})

it.each([[1_000_000, 5, -7, 2 ** 50], [-4, 3e9], [1], [2 ** 53 - 1, -(2 ** 53 - 1)]])(
  'keeps the buckets of values in any order: %d, …',
  (...some) => {
    const cell = emptyCell()
    for (const value of some) addTo(cell, value, false, 1)
    const { keys, counts } = histogramOf(some)
    expect(cell.hist.entries()).toEqual(keys.map((key, i) => [key, counts[i]]))
  },
)
