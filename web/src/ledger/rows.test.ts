import { expect, test } from 'vitest'
import { nothingKnown } from '../hop/metrics.ts'
import { boundRows, calleeRows, lineOf, sampledInWords } from './rows.ts'

test('the line names layers that were not always seen, then what was lost, not what was noted', () => {
  const ledger = {
    requests: 200,
    layers: [
      { layer: 'caller', requests: 200, share: 1 },
      { layer: 'callee', requests: 150, share: 0.75 },
    ],
    reasons: [
      { flag: 'single_span_proxy', requests: 200, share: 1 },
      { flag: 'missing_callee', requests: 50, share: 0.25 },
    ],
  } as const
  const words = { ...ledger, layers: [...ledger.layers], reasons: [...ledger.reasons] }
  expect(lineOf(words, 'hop')).toBe(
    '75.0 % show the callee’s span · 25.0 % the callee sent no span'.replaceAll(' %', '\u202f%'),
  )
  expect(lineOf({ ...words, layers: [ledger.layers[0]], reasons: [ledger.reasons[0]] }, 'hop')).toBe(
    'every layer was seen in every request',
  )
})

test('a bound says which side is open', () => {
  const rows = boundRows({
    ...nothingKnown,
    coverage: 0.98,
    bounds: [
      { q: 0.95, loNs: 2_000_000, hiNs: 3_000_000 },
      { q: 0.99, loNs: 4_000_000, hiNs: null },
      { q: 0.5, loNs: null, hiNs: 1_000_000 },
    ],
  })
  expect(rows.map(({ words, text }) => `${words} ${text}`.replace(/\s/g, ' '))).toEqual([
    'p95 2.00 ms … 3.00 ms',
    'p99 ≥ 4.00 ms',
    'p50 ≤ 1.00 ms',
  ])
  expect(boundRows(nothingKnown)).toEqual([])
})

test('a callee sends spans, samples, or sends none', () => {
  const edge = { target: 'pay', asked: 900, answered: 30, windowUnixNano: '0' }
  const states = (['traced', 'sampled', 'external'] as const).map((state) => calleeRows([{ ...edge, state }])[0]!.text)
  expect(states).toEqual(['sends spans', 'samples', 'sends none'])
})

test('sampling is said only where there was some', () => {
  expect(sampledInWords({ requests: 100 })).toBe('')
  expect(sampledInWords({ requests: 100, population: 4000 })).toContain('100 stored requests stand for ≈ 4')
})
