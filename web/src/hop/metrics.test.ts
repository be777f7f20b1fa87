import { expect, test } from 'vitest'
import { atLevel, drawnQuantile, nothingKnown } from './metrics.ts'

const exact = { ...nothingKnown, n: 3_000, fidelity: 'exact' as const, p50Ns: 1e6, p95Ns: 2e6, p99Ns: 3e6 }
const bounded = { ...nothingKnown, n: 300, fidelity: 'bounded' as const, p50Ns: 4e6 }

test('the level asked for is shown where it was measured, else the one with most requests', () => {
  expect(atLevel([exact, bounded], '')).toBe(exact)
  expect(atLevel([exact, bounded], 'bounded')).toBe(bounded)
  expect(atLevel([exact], 'bounded')).toBe(exact)
  expect(atLevel([], 'exact')).toBeUndefined()
})

test('bars beside each other show the highest quantile that all may claim', () => {
  expect(drawnQuantile([exact], 'p99')).toBe('p99')
  expect(drawnQuantile([exact, { ...exact, p99Ns: null }], 'p99')).toBe('p95')
  expect(drawnQuantile([exact, bounded, nothingKnown], 'p99')).toBe('p50')
  expect(drawnQuantile([], 'p99')).toBe('p50')
})
