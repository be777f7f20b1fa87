import { expect, it } from 'vitest'
import { headOf } from './open-traces.ts'
import { cutJob, emptyQueue, enqueue } from './settled-queue.ts'

const trace = (traceId: string, rows = 1, firstMinute = 60) => ({
  ...{ traceId, head: headOf(traceId), firstMinute, lastMinute: firstMinute, rows, early: false },
  ...{ firstCommitMs: 0, lastCommitMs: 0, firstStartMs: 0, firstBatchMs: 0, lastBatchMs: 0 },
})
const id = (n: number) => n.toString(16).padStart(32, '0')
const ids = (traces: { traceId: string }[]) => traces.map(({ traceId }) => parseInt(traceId, 16))

it('hands out traces by minute and id, no more spans than asked but one trace at least', () => {
  const queue = emptyQueue()
  enqueue(queue, [trace(id(3)), trace(id(1), 5), trace(id(2), 4), trace(id(9), 1, 0)])
  expect(ids(cutJob(queue, 6))).toEqual([9, 1])
  expect(ids(cutJob(queue, 2))).toEqual([2])
  expect(queue.spans).toBe(1)
  expect(ids(cutJob(queue, 2))).toEqual([3])
  expect([cutJob(queue, 2), queue.spans]).toEqual([[], 0])
})

it('goes on behind the job before, also when traces come that lie before it, and then from the front', () => {
  const queue = emptyQueue()
  enqueue(
    queue,
    [1, 3, 5, 7].map((n) => trace(id(n))),
  )
  expect(ids(cutJob(queue, 2))).toEqual([1, 3])
  enqueue(
    queue,
    [2, 4, 6].map((n) => trace(id(n))),
  )
  expect(ids(cutJob(queue, 2))).toEqual([4, 5])
  expect(ids(cutJob(queue, 3))).toEqual([6, 7, 2])
})

it('never leaves any behind', () => {
  const queue = emptyQueue()
  const seen = new Set<number>()
  let given = 0
  for (let round = 0; round < 200; round++) {
    const some = Array.from({ length: round % 7 }, (_, i) =>
      trace(id((round * 7919 + i * 104_729) % 99_991), 1 + (i % 3)),
    )
    given += some.length
    enqueue(queue, some)
    for (const n of ids(cutJob(queue, 5))) seen.add(n)
  }
  while (queue.traces.length > 0) for (const n of ids(cutJob(queue, 5))) seen.add(n)
  expect([seen.size, queue.spans]).toEqual([given, 0])
})
