import { describe, expect, it } from 'vitest'
import type { Differences } from '../../../server/api/contract-explore.ts'
import { ratioInWords, selectionInWords, valuesInWords, verdict } from './words.ts'

const selection = { fromUnixNano: '0', toUnixNano: '3600000000000', minNs: 1_200_000, maxNs: null, usual: true }
const found: Differences = {
  ...{ measure: 'added', fidelity: 'exact', from: '0', to: '3600000000000', selection, extraNs: 1, reference: 'all' },
  ...{ selected: { n: 100, meanNs: 1 }, baseline: { n: 900, meanNs: 1 }, extraTime: [], reasons: [] },
  compared: { oneOf: 1, counted: 1, withSpan: 1, keys: 9, dropped: [] },
  keys: [
    {
      ...{ key: 'version', divergence: 0.4, byChance: 0, implies: [] },
      values: [
        {
          key: 'version',
          value: 'v1',
          n: { selection: 8, baseline: 711 },
          selection: 0.08,
          baseline: 0.79,
          risk: { ratio: 0.03, lo: 0, hi: 1 },
        },
        {
          key: 'version',
          value: 'v2',
          n: { selection: 92, baseline: 189 },
          selection: 0.92,
          baseline: 0.21,
          risk: { ratio: 30, lo: 24, hi: 38 },
        },
      ],
    },
  ],
}
const word = { one: 'traversal', many: 'traversals' }

describe('the sentence', () => {
  it('says what the selected have more often', () => {
    expect(verdict(found, word)).toBe(
      '92\u202f% of the slowest tenth of traversals have version = v2, of the others 21\u202f%.',
    )
  })
  it('says that nothing can be told, and why', () => {
    expect(verdict({ ...found, keys: [] }, word)).toBe(
      'Nothing known is distinguishably different about the slowest tenth of traversals.',
    )
    expect(verdict({ ...found, selected: { n: 1, meanNs: 1 }, reasons: ['few_selected'] }, word)).toMatch(
      /^Only 1 traversal selected/,
    )
    expect(verdict({ ...found, baseline: { n: 4, meanNs: 1 }, reasons: ['few_others'] }, word)).toMatch(
      /^Only 4 traversals outside/,
    )
  })
})

it('selections, values and ratios in words', () => {
  expect(valuesInWords({ minNs: 1e6, maxNs: 2e9 })).toBe(
    '1.00\u202fms … 2.00\u202fs'.replace('2.00\u202fs', '2000\u202fms').replace('2000', '2\u2009000'),
  )
  expect(valuesInWords({ minNs: null, maxNs: null })).toBe('')
  expect(selectionInWords(selection, found, 'UTC')).toMatch(/^slowest tenth, ≥ 1\.20/)
  expect(selectionInWords({ ...selection, usual: false, minNs: null }, found, 'UTC')).toBe('everything')
  expect([null, 12.4, 1.25, 0.031].map(ratioInWords)).toEqual(['only there', '×\u202f12', '×\u202f1.3', '×\u202f0.03'])
})
