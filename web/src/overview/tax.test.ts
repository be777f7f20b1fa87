import { expect, test } from 'vitest'
import { distribution } from './example.ts'
import { taxFigures } from './tax.ts'

/** T1 of algorithms.md D8: 12 ms end to end. */
const t1 = { n: 1, atLeast: 0, lowerNs: 0, upperNs: 2_700_000, estimateNs: null, share: 0.225, distributions: [] }

test('without an estimate the tax is its upper bound, and its share has bounds too', () => {
  const { mean, share } = taxFigures(t1)
  expect(mean).toMatchObject({ ns: 2_700_000, sign: '≤', fidelity: 'bounded', loNs: 0, hiNs: 2_700_000 })
  expect(share).toEqual({ value: 0.225, lo: 0, hi: 0.225 })
})

test('an estimate stands between its bounds', () => {
  const { mean, share } = taxFigures({ ...t1, estimateNs: 1_900_000, share: 1.9 / 12 })
  expect(mean).toMatchObject({ ns: 1_900_000, sign: '≈', fidelity: 'modelled' })
  expect(share.hi).toBeCloseTo(0.225)
})

test('bounds that meet are exact, also at nothing', () => {
  const gateway = taxFigures({ ...t1, lowerNs: 500_000, upperNs: 500_000, estimateNs: 500_000, share: 1 / 24 })
  expect(gateway.mean).toMatchObject({ ns: 500_000, sign: '', fidelity: 'exact' })
  expect(taxFigures({ ...t1, upperNs: 0, share: 0 }).share).toEqual({ value: 0, lo: 0, hi: 0 })
})

test('what single requests pay is told at the level of most of them', () => {
  const [few, many] = [distribution(300, [8]), distribution(5_000, [5])]
  expect(taxFigures({ ...t1, distributions: [few, many] }).distribution).toBe(many)
  expect(taxFigures(t1).distribution).toBeNull()
})
