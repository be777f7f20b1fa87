import { describe, expect, it } from 'vitest'
import { faultOf, fuzz, type Kind } from './fuzz.ts'
import { otlpJson } from './fuzz-json.ts'
import { otlp } from './fuzz-otlp.ts'
import { zipkinJson, zipkinProtobuf } from './fuzz-zipkin.ts'

/**
 * Mutated requests of real exporters against the specifications. Another seed: FUZZ_SEED=7; `ports.test.ts` has 3,000 more; a failure prints the bodies that
 * show it, and `npm run soak -- fuzz --bodies=HEX,HEX` runs them again.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260)

describe('the collector and the specifications agree on what is refused and on every value', () => {
  it.each<[number, string, Kind]>([
    [140_000, 'OTLP in protobuf', otlp],
    [35_000, 'OTLP in JSON', otlpJson],
    [15_000, 'Zipkin’s JSON', zipkinJson],
    [7_000, 'Zipkin’s protobuf', zipkinProtobuf],
  ])('of %i mutated requests of %s', { timeout: 240_000 }, (requests, _, kind) => {
    const { failure, taken, refused } = fuzz(kind, seed, requests)
    expect(failure && { seed, ...failure }).toBeUndefined()
    // Some broken, some odd: a fuzzer whose requests are all refused tests nothing.
    expect(taken).toBeGreaterThan(requests / 10)
    expect(refused).toBeGreaterThan(requests / 10)
  })

  // What it found, kept.
  it.each([
    ['a key that comes again after the value', '4a0a080a0612022a001200'],
    ['an array, then no value, which merge', '0a0a0a080a0612022a001200'],
    ['a kind nobody knows, then one', kinds()],
  ])('of %s', (_, hex) => {
    expect(faultOf(otlp, [Buffer.from(hex, 'hex')])).toBe('')
  })

  it('of a double with many digits beside an integer with many', () => {
    const attributes = [{ key: 'ratio', value: { doubleValue: 'DOUBLE' } }]
    const span = {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      startTimeUnixNano: 'LONG',
      endTimeUnixNano: 'LONG',
      attributes,
    }
    const text = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
    const body = text.replaceAll('"LONG"', '1700000000000000001').replace('"DOUBLE"', '0.1234567890123456789')
    expect(otlpJson.expected(Buffer.from(body)).rows).toHaveLength(1)
    expect(faultOf(otlpJson, [Buffer.from(body)])).toBe('')
  })
})

function kinds(): string {
  const span = `0a105035a467f0f8ea192f10451fe2c46a7a120816305380e9f5f51f3080808080083002${'39c879aac04dacea1841f84305c14dacea18'}`
  const size = (hex: string) => (hex.length / 2).toString(16).padStart(2, '0')
  const scope = `12${size(span)}${span}`
  const resource = `12${size(scope)}${scope}`
  return `0a${size(resource)}${resource}`
}
