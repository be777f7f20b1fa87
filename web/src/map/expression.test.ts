import { describe, expect, it } from 'vitest'
import { exampleMap } from './examples.ts'
import { read } from './expression.ts'
import { factsOf } from './figures.ts'

// Transit p50 1 ms, p99 5 ms; added by the gateway p99 4 ms (its name has four letters), by the sidecar 8 ms.
const { hops, proxies } = exampleMap("_ > edge* > checkout' > checkout")
const way = [...proxies.values()]

function holds(text: string, hop = hops[0]!): boolean {
  const reading = read(text)
  if (!reading?.ok) throw new Error(reading?.error ?? 'nothing asked')
  return reading.holds(factsOf(hop, way, { measure: 'transit', quantile: 'p99', windowMs: 100_000 }))
}

describe('an expression', () => {
  it.each([
    ['transit > 4ms', true],
    ['transit >= 5 ms', true],
    ['transit > 5ms', false],
    ['transit.p50 > 4ms', false],
    ['TRANSIT.P50 ≥ 1000us', true],
    ['transit < 0.006s', true],
    ['added > 7ms', true],
    ['added > 8ms', false],
    ['overhead.p99 = 2ms', true],
    ['rps = 100', true],
    ['rps<1', false],
    ['requests >= 10000', true],
    ['errors >= 1%', false],
    ['coverage = 100%', true],
    ['proxies = 2', true],
    ['callee = checkout', true],
    ['callee = check', false],
    ['callee ~ check', true],
    ['callee !~ check', false],
    ['service != pay', true],
    ['family = krakend and role = gateway', true],
    ['kind = exit', false],
    ['kind=exit or kind=entry', true],
    ['kind = exit or kind = entry and family = envoy', false],
    ['(kind = exit or kind = entry) and family = krakend', true],
    ['not kind = exit', true],
    ['!(kind = entry)', false],
    ['krakend', true],
    ['KRAKEND checkout', true],
    ['krakend pay', false],
    ['"and"', false],
    ['cluster = "eu"', true],
    ['fidelity = exact', true],
  ])('%s is %s', (text, expected) => {
    expect(holds(text)).toBe(expected)
  })

  it('of what is not known holds in no comparison: unknown is not 0', () => {
    const unknown = exampleMap('cart > egress* > _').hops[0]!
    expect(holds('transit > 0ms', unknown)).toBe(false)
    expect(holds('transit < 1s', unknown)).toBe(false)
    expect(holds('transit != 1ms', unknown)).toBe(false)
    expect(holds('wire < 1s')).toBe(false)
  })

  it.each(['', '   '])('of nothing asks nothing: %j', (text) => {
    expect(read(text)).toBeNull()
  })

  it.each([
    ['transit > 10', '“10” needs a unit: 10ms, 10us, 10s.'],
    ['transit > fast', '“fast” is no duration: 10ms, 1.5s, 800us.'],
    ['transit >', '“transit >” has no value.'],
    ['> 5ms', '“>” has nothing before it.'],
    ['transit.p42 > 1ms', 'There is no percentile “p42”: p50, p99, mean.'],
    ['latency > 1ms', /^There is no field “latency”: added, overhead, transit, wire, rps/],
    ['rps > many', '“many” is no number: 100, 0.5, 3%.'],
    ['rps ~ 5', '“~” compares texts; numbers take > >= < <= = !=.'],
    ['callee > a', '“>” compares numbers; callee takes = != ~ !~.'],
    ['(rps > 1', 'A ) is missing.'],
    ['rps > 1)', 'There is a ) too many.'],
    ['rps > 1 and', 'Something is missing at the end.'],
    ['not', 'Something is missing at the end.'],
  ])('%s is refused with the reason', (text, error) => {
    const reading = read(text)
    const said = reading && !reading.ok ? reading.error : undefined
    if (typeof error === 'string') expect(said).toBe(error)
    else expect(said).toMatch(error)
  })

  it('never throws, whatever is typed', () => {
    const parts = [
      '(',
      ')',
      'not',
      'and',
      'or',
      '!',
      '>',
      '~',
      'transit',
      'rps',
      '5',
      '5ms',
      '"',
      '"x y"',
      '%',
      '.p99',
      '🙂',
    ]
    for (let i = 0; i < 4_000; i++) {
      const text = [i % 17, (i * 7) % 17, (i * 31) % 17, Math.floor(i / 17) % 17]
        .map((at) => parts[at])
        .join(i % 2 ? ' ' : '')
      expect(() => !read(text)?.ok || holds(text)).not.toThrow()
    }
  })
})
