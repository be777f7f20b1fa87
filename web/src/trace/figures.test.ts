import { describe, expect, it } from 'vitest'
import { columnPrecision, exactPrecision, exactText, tickText } from './figures.ts'

describe('figures of a trace', () => {
  it('print sums to the nanosecond where one part has nanoseconds', () => {
    const parts = [158_000, 1_077_000, 3_173_974, 22_248_026]
    const precision = exactPrecision(26_657_000, parts)
    expect(precision).toEqual({ unit: 'ms', decimals: 6 })
    expect(exactText(3_173_974, precision)).toEqual(['3.173', '974'])
    expect(exactText(-500, { unit: 'ms', decimals: 6 })).toEqual(['−0.000', '500'])
    expect(exactPrecision(12_000_000, [500_000, 1_500_000])).toEqual({ unit: 'ms', decimals: 3 })
    expect(exactPrecision(310_000, [310_000])).toEqual({ unit: 'µs', decimals: 3 })
  })

  it('keep microseconds in every column', () => {
    expect(columnPrecision(148.6e6)).toEqual({ unit: 'ms', decimals: 3 })
    expect(columnPrecision(310e3)).toEqual({ unit: 'µs', decimals: 1 })
  })

  it.each([
    [25_000_000, 25_000_000, '25'],
    [62_500_000, 2_500_000, '62.5'],
    [250_000, 250_000, '0.25'],
    [200_000, 200_000, '0.2'],
  ])('label an axis at %i ns in steps of %i', (at, step, text) => {
    expect(tickText(at, step, 'ms')).toBe(text)
  })
})
