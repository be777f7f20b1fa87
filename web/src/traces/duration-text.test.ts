import { describe, expect, it } from 'vitest'
import { textOfNs, typedNs } from './duration-text.ts'

describe('a typed duration', () => {
  it.each([
    ['5ms', 5e6],
    ['5 ms', 5e6],
    ['5', 5e6],
    ['1.5s', 1.5e9],
    ['1,5 s', 1.5e9],
    ['250us', 250e3],
    ['250µs', 250e3],
    ['250 μs', 250e3],
    ['37ns', 37],
    ['2min', 120e9],
    ['0', 0],
    ['5MS', 5e6],
  ])('%s is %d ns', (text, ns) => expect(typedNs(text)).toBe(ns))

  it.each(['', 'ms', '5 parsecs', '-5ms', '5m', '1e3', '5ms5', '99999999999999s'])('%s is none', (text) =>
    expect(typedNs(text)).toBeNull(),
  )

  it.each([1, 37, 999, 1_000, 1_500, 1_234_567, 5e6, 5.25e6, 999e6, 1e9, 1.5e9, 1_234_567_891, 90e9])(
    'of %d ns reads back as the same',
    (ns) => expect(typedNs(textOfNs(ns))).toBe(ns),
  )

  it('is short where it can be', () => {
    expect([5e6, 1.5e9, 250e3, 37].map(textOfNs)).toEqual(['5ms', '1.5s', '0.25ms', '37ns'])
  })
})
