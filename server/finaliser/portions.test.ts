import { expect, it } from 'vitest'
import type { JobTrace } from './analyse-job.ts'
import { portions } from './portions.ts'

const minute = 1_700_000_040
const trace = (traceId: string, rows: number, more: Partial<JobTrace> = {}): JobTrace => ({
  ...{ traceId, rows, firstMinute: minute, lastMinute: minute, facts: null, early: false, poisonous: false },
  ...{ firstBatchMs: 1000 * minute, lastBatchMs: 1000 * minute + 5000 },
  ...more,
})
const ids = (parts: readonly JobTrace[][]) => parts.map((part) => part.map(({ traceId }) => traceId).join(''))

it('the first read is the smallest, and none has more than its rows but a trace that has them alone', () => {
  expect(ids(portions([trace('a', 20_000), trace('b', 20_000), trace('c', 50_000), trace('d', 900_000)]))).toEqual([
    'a',
    'bc',
    'd',
  ])
  expect(portions([])).toEqual([])
})

it('traces that lie anywhere are read apart, so that little is looked through for all others', () => {
  const traces = [
    trace('a', 12),
    trace('b', 12, { lastMinute: minute + 3600 }),
    trace('c', 12, { firstBatchMs: 0 }),
    trace('d', 12),
    trace('e', 12, { firstMinute: minute + 3600, lastMinute: minute + 3600 }),
  ]
  expect(ids(portions(traces))).toEqual(['ad', 'e', 'c', 'b'])
})
