import { describe, expect, it } from 'vitest'
import { FilterError, readFilter } from '../server/queries/explore/filter.ts'
import { filterOf, termsOf } from '../web/src/explore/filter.ts'

/** The filter of Explore is read twice: by the API, which says what is wrong, and by the bar of the screen, which shows chips. */
const readable = [
  '',
  'route = /cart',
  'route=/cart',
  'route = /cart, /pay , "/a b" and status != 200',
  'a = 1 b = 2 and c ~ x,y',
  'and = and and and != and',
  'route = "quote \\" and backslash \\\\"',
  '"span.a key" !~ ""',
  'took >= 1.5ms took < 2s',
  'name = (none)',
  'x = "a\nb"',
  'x = http://host:80/path?q#f',
]
const unreadable = [
  'route',
  'route =',
  '= x',
  'a = b,',
  'a = b, and',
  'a = "b',
  'a ! b',
  'a = b and',
  'a , b',
  'a = \\"',
  'a == b',
]

const serverReads = (text: string) =>
  readFilter(text).map(({ field, operator, values }) => ({ field, operator, values }))

describe('the filter of Explore', () => {
  it.each(readable)('%s: API and screen read the same', (text) => {
    const shown = termsOf(text)!.map(({ field, operator, values }) => ({ field, operator, values }))
    expect(shown).toEqual(serverReads(text))
    expect(serverReads(filterOf(shown))).toEqual(shown)
  })

  it.each(unreadable)('%s: neither reads it, the API says where', (text) => {
    // `a = b, and`: a value called "and" is one.
    if (text === 'a = b, and') return expect(termsOf(text)).toHaveLength(readFilter(text).length)
    expect(termsOf(text)).toBeNull()
    expect(() => readFilter(text)).toThrow(FilterError)
  })

  it('of any text is read by both or by neither', () => {
    const pieces = ['a', 'and', '=', '!=', '~', '>', ',', '"', '"b c"', '\\', ' ', '!', 'µ', '<=', '\n', '""']
    let state = 7
    const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from(
        { length: 1 + Math.floor(random() * 9) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join(random() < 0.5 ? ' ' : '')
      let read: unknown
      try {
        read = serverReads(text)
      } catch (error) {
        if (!(error instanceof FilterError)) throw error
        expect(error.at).toBeLessThanOrEqual(text.length)
        read = null
      }
      expect([
        text,
        termsOf(text)?.map(({ field, operator, values }) => ({ field, operator, values })) ?? null,
      ]).toEqual([text, read])
    }
  })
})
