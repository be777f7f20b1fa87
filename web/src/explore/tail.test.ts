import { expect, it } from 'vitest'
import type { ExploreRequest } from '../../../server/api/contract-explore.ts'
import { emptyTail, mostRows, received, resumed, waitMs } from './tail.ts'

const some = (from: number, n: number) =>
  Array.from({ length: n }, (_, i) => ({ traceId: String(from + n - 1 - i) }) as ExploreRequest)

it('shows the newest first, counts what the limit held back, and keeps no more rows than it may', () => {
  let tail = received(emptyTail, { items: some(0, 20), arrived: 50 }, false)
  expect(tail).toMatchObject({ arrived: 50, heldBack: 30, letGo: 0 })
  for (let i = 1; i < 15; i++) tail = received(tail, { items: some(20 * i, 20), arrived: 20 }, false)
  expect(tail.rows.length).toBe(mostRows)
  expect(tail.rows[0]!.traceId).toBe('299')
  expect(tail).toMatchObject({ arrived: 330, heldBack: 30, letGo: 100 })
  expect(tail.arrived - tail.heldBack - tail.letGo).toBe(tail.rows.length)
})

it('lets what arrives wait while it is paused, and brings it in order', () => {
  const before = received(emptyTail, { items: some(0, 2), arrived: 2 }, false)
  const paused = received(
    received(before, { items: some(2, 2), arrived: 2 }, true),
    { items: some(4, 1), arrived: 1 },
    true,
  )
  expect(paused.rows).toBe(before.rows)
  expect(paused.waiting.length).toBe(3)
  expect(resumed(paused).rows.map(({ traceId }) => traceId)).toEqual(['4', '3', '2', '1', '0'])
  expect(resumed(paused).waiting).toEqual([])
})

it('asks less often while nobody answers', () => {
  expect([0, 1, 2, 20].map(waitMs)).toEqual([2_000, 4_000, 8_000, 60_000])
})
