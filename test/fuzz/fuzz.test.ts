import { describe, expect, it } from 'vitest'
import { fuzzOtlp, faultOf } from './fuzz-otlp.ts'

/**
 * Mutated requests of real exporters against the specifications. Another seed: FUZZ_SEED=7; a failure prints the bodies that
 * show it, and `npm run soak -- fuzz --bodies=HEX,HEX` runs them again.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260)

describe('the scanner and the specifications agree on what is refused and on every value', () => {
  it('of 150,000 mutated OTLP requests', { timeout: 240_000 }, () => {
    const { counts, failure } = fuzzOtlp(seed, 150_000)
    expect(failure && { seed, ...failure }).toBeUndefined()
    // Half broken, half odd: a fuzzer whose requests are all refused tests nothing.
    expect(counts.taken).toBeGreaterThan(counts.requests / 4)
    expect(counts.refused).toBeGreaterThan(counts.requests / 4)
  })

  // What it found, kept.
  it.each([
    ['a key that comes again after the value', '4a0a080a0612022a001200'],
    ['an array, then no value, which merge', '0a0a0a080a0612022a001200'],
    ['a kind nobody knows, then one', kinds()],
  ])('of %s', (_, hex) => {
    expect(faultOf([Buffer.from(hex, 'hex')])).toBe('')
  })
})

function kinds(): string {
  const span =
    '0a105035a467f0f8ea192f10451fe2c46a7a120816305380e9f5f51f3080808080083002' + '39c879aac04dacea1841f84305c14dacea18'
  const size = (hex: string) => (hex.length / 2).toString(16).padStart(2, '0')
  const scope = `12${size(span)}${span}`
  const resource = `12${size(scope)}${scope}`
  return `0a${size(resource)}${resource}`
}
