import { expect, test } from 'vitest'
import type { Worst } from '../../../server/api/contract-measurements.ts'
import { ranked, rankedFigure } from './ranking.ts'

const worst = (name: string, p50Ns: number | null, p99Ns: number | null): Worst => ({
  kind: 'hop',
  id: name,
  name,
  family: '',
  role: null,
  metric: 'transit',
  fidelity: 'exact',
  n: 1,
  coverage: 1,
  requests: 1,
  ...{ p50Ns, p75Ns: p99Ns, p90Ns: p99Ns, p95Ns: p99Ns, p99Ns, p999Ns: p99Ns, maxNs: p99Ns, meanNs: p99Ns },
  reasons: [],
})
const items = [worst('none', null, null), worst('median', 9, null), worst('slow', 1, 50), worst('slower', 2, 70)]

test('what may not state the percentile comes last, by its median', () => {
  expect(ranked(items, 'p99').map(({ name }) => name)).toEqual(['slower', 'slow', 'median', 'none'])
  expect(ranked(items, 'p50').map(({ name }) => name)).toEqual(['median', 'slower', 'slow', 'none'])
})

test('a percentile refused says why: too few, or how much is known', () => {
  const few = { ...worst('few', 1, null), n: 900, coverage: 1 }
  const partly = { ...worst('partly', 1, null), n: 9_000, coverage: 0.87 }
  expect(rankedFigure(few, 'p99')).toMatchObject({ ns: null, needed: 2_000 })
  expect(rankedFigure(partly, 'p99')).toMatchObject({ ns: null, known: 0.87 })
  expect(rankedFigure(partly, 'p99').needed).toBeUndefined()
})
