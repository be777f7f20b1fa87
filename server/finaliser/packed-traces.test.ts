import { expect, it } from 'vitest'
import type { JobTrace } from './analyse-job.ts'
import { packTraces, unpackTraces } from './packed-traces.ts'

const plain = (n: number): JobTrace => ({
  traceId: n.toString(16).padStart(32, '0'),
  ...{ firstMinute: 1_700_000_040 + 60 * n, lastMinute: 0xffff_ffff, rows: 100_000 + n },
  ...{ firstBatchMs: 1_700_000_040_000 + n, lastBatchMs: 2 ** 43 - 1 },
  ...{ facts: null, early: false, poisonous: false },
})

it('traces of an order arrive in a thread as they were sent', () => {
  const facts = { job: 2n ** 63n + 5n, revision: 3, spanRows: 12, duplicates: 1, late: true }
  const traces = [
    plain(1),
    { ...plain(2), facts },
    { ...plain(3), early: true },
    plain(4),
    { ...plain(5), poisonous: true, rows: 0 },
  ]
  expect(unpackTraces(structuredClone(packTraces(traces)))).toEqual(traces)
  expect(unpackTraces(structuredClone(packTraces([])))).toEqual([])
})
