import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import { flagNames } from './flags.ts'
import { weightOf } from './sampling.ts'
import type { SpanInput } from './types.ts'

describe('sampling weights (section 6)', () => {
  it('MISS-4: th:fd70a4 is one of 100', () => {
    expect(Math.abs(weightOf('ot=th:fd70a4')! - 100)).toBeLessThanOrEqual(0.001)
  })

  it.each([
    ['ot=th:0', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=rv:6e6d1a75832a2f;th:8', 2],
    ['vendor=x, ot=th:8;rv:6e6d1a75832a2f,other=th:c', 2],
    ['vendor=th:8', undefined],
    ['ot=p:8;r:62', undefined],
    ['ot=th:', undefined],
    ['ot=th:xyz', undefined],
    ['ot=th:123456789abcdef', undefined],
  ])('%s', (traceState, weight) => {
    expect(weightOf(traceState)).toBe(weight)
  })

  const analyse = (change: (span: SpanInput, index: number) => Partial<SpanInput>) => {
    const trace = picture(`
      a S go:a 0-1000
        b S in:b 100-900
          c S go:c 200-800`)
    const spans = trace.spans.map((span, i) => ({ ...span, ...change(span, i) }))
    return analyseTrace({ ...trace, spans }, { networkRttNs: null })
  }

  it('are those of the first span that tells', () => {
    const { weight, flags } = analyse((_, i) => (i > 0 ? { traceState: i === 1 ? 'ot=th:8' : 'ot=th:c' } : {}))
    expect([weight, flagNames(flags)]).not.toContain('weight_unknown')
    expect(weight).toBe(2)
    expect(analyse(() => ({})).weight).toBe(1)
    expect(flagNames(analyse(() => ({})).flags)).not.toContain('weight_unknown')
  })

  it('are unknown where a tail sampler chose, or a threshold cannot be read; on every fact', () => {
    const tail = analyse(({ scope }) => ({ scope: { ...scope, tailSampled: true } }))
    const broken = analyse((_, i) => (i === 0 ? { traceState: 'ot=th:nonsense' } : {}))
    for (const trace of [tail, broken]) {
      expect(trace.weight).toBe(1)
      for (const { flags } of [trace, ...trace.hops, ...trace.proxies])
        expect(flagNames(flags)).toContain('weight_unknown')
    }
    const told = analyse(({ scope }) => ({ scope: { ...scope, tailSampled: true }, traceState: 'ot=th:8' }))
    expect([told.weight, flagNames(told.flags).includes('weight_unknown')]).toEqual([2, false])
  })
})
