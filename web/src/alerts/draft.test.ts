import { describe, expect, it } from 'vitest'
import { bodyOf, draftOf, suggested, textOf } from './draft.ts'

const of = { n: 60_000, p50Ns: 1_000_000, p95Ns: 3_300_000, p99Ns: 7_940_000 }
const charted = {
  measure: 'added',
  name: 'egress',
  filter: { proxy: '00000000000000aa' },
  of,
  windowMs: 3_600_000,
} as const

describe('a rule suggested from a chart', () => {
  it('is half above what is usual, of the quantile asked for, in the shortest window with enough requests', () => {
    const { quantile, valueNs, resolveValueNs, windowMs, minCount, name } = suggested(charted, 0.99)
    expect({ quantile, valueNs, resolveValueNs, windowMs, minCount }).toEqual({
      ...{ quantile: 0.99, valueNs: 12_000_000, resolveValueNs: 10_000_000, windowMs: 300_000, minCount: undefined },
    })
    expect(name).toBe('egress: added time p99')
  })
  it('is of a lower quantile where the traffic has too few for a higher one', () => {
    const draft = suggested({ ...charted, of: { ...of, n: 900 } }, 0.99)
    expect([draft.quantile, draft.windowMs]).toEqual([0.95, 3_600_000])
    const rare = suggested({ ...charted, of: { ...of, n: 60 } }, 0.99)
    expect([rare.quantile, rare.windowMs, rare.minCount]).toEqual([0.5, 3_600_000, 20])
  })
})

describe('a draft', () => {
  it('sends what belongs to its kind and measure, and keeps the rest', () => {
    const draft = { ...suggested(charted, 0.99), relMin: 0.2, value: 0.1 }
    expect(bodyOf(draft)).not.toHaveProperty('relMin')
    expect(bodyOf(draft)).not.toHaveProperty('value')
    const regression = bodyOf({ ...draft, kind: 'regression' })
    expect(regression).toMatchObject({ kind: 'regression', relMin: 0.2, quantile: 0.5, filter: charted.filter })
    expect(regression).not.toHaveProperty('valueNs')
    const share = bodyOf({ ...draft, measure: 'meshTaxShare' })
    expect(share).toMatchObject({ value: 0.1, filter: {} })
    expect(share).not.toHaveProperty('valueNs')
  })
  it('comes back from an address, and one that was cut is a new one', () => {
    const draft = suggested(charted, 0.95)
    expect(draftOf(textOf(bodyOf(draft)))).toMatchObject(bodyOf(draft))
    expect(draftOf('{"na').kind).toBe('threshold')
  })
})
