import { describe, expect, it } from 'vitest'
import { placedMarks } from './marks.ts'

const axis = { fromMs: 0, toMs: 1_000, width: 500 }
const placed = (...at: [number, string][]) =>
  placedMarks(
    at.map(([ms, title]) => ({ ms, title })),
    axis,
  ).map(({ x, text, isLeft }) => `${x}${isLeft ? '<' : '>'}${text}`)

describe('marks on a time axis', () => {
  it('stand where they belong, those outside nowhere', () => {
    expect(placed([100, 'pay 2'], [500, 'cart 7'], [2_000, 'later'])).toEqual(['50>pay 2', '250>cart 7'])
  })
  it('say their name at the left where there is no room at the right', () => {
    expect(placed([980, 'payments 1.29'])).toEqual(['490<payments 1.29'])
  })
  it('are one where they would touch', () => {
    expect(placed([100, 'pay 2'], [104, 'cart 7'], [110, 'stock 1'])).toEqual(['50>pay 2 +2'])
  })
  it('lose their name, not their line, between others', () => {
    expect(placed([100, 'a long name'], [116, 'another name'], [132, 'x'])).toEqual(['50<a long name', '58>', '66>x'])
  })
})
