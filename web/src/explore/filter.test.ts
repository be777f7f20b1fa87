import { describe, expect, it } from 'vitest'
import { draftOf, textOf, withTerm, without } from './filter.ts'

describe('a filter', () => {
  it('takes a condition more, once, and lets go of its opposite', () => {
    const term = { field: 'route', operator: '=', values: ['/a b'] } as const
    expect(withTerm('', term)).toBe('route = "/a b"')
    expect(withTerm('route = "/a b"', term)).toBe('route = "/a b"')
    expect(withTerm('status = 200 and route != "/a b"', term)).toBe('status = 200 and route = "/a b"')
    expect(without('a = 1 and b = 2 and c = 3', 1)).toBe('a = 1 and c = 3')
    expect(textOf({ field: 'x', operator: '=', values: ['', 'and', 'q"'] })).toBe('x = "", "and", "q\\""')
  })
})

describe('what is being typed', () => {
  it.each([
    ['', 'field', '', 0],
    ['rou', 'field', 'rou', 0],
    ['route ', 'operator', '', 6],
    ['route =', 'value', '', 7],
    ['route = ', 'value', '', 8],
    ['route = /ca', 'value', '/ca', 8],
    ['route = /cart, ', 'value', '', 15],
    ['route = /cart, /p', 'value', '/p', 15],
    ['route != "/a b', 'value', '/a b', 9],
  ])('%j expects a %s', (text, expects, typed, from) => {
    expect(draftOf(text)).toMatchObject({ expects, typed, from })
  })
})
