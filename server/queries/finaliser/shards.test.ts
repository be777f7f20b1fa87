import { expect, it } from 'vitest'
import { maxShards, nextJobId, shardOfJob, shardOfTrace } from './shards.ts'

const nowMs = 1_800_000_000_123.4

it('ids of jobs rise, say when and of which shard they are, also when the clock is set back', () => {
  let last = 0n
  for (let i = 0; i < 200; i++) {
    const shard = i % maxShards
    const job = nextJobId(nowMs - 3_600_000 * (i % 2), last, shard)
    expect(job).toBeGreaterThan(last)
    expect(shardOfJob(job)).toBe(shard)
    expect(Number(job >> 21n)).toBeGreaterThanOrEqual(Math.floor(nowMs) - 3_600_000)
    expect(job).toBeLessThan(2n ** 63n)
    last = job
  }
})

it('two lives that know nothing of each other do not take the same id in the same millisecond', () => {
  const ids = Array.from({ length: 50 }, () => nextJobId(nowMs, 0n, 3))
  expect(new Set(ids).size).toBeGreaterThan(45)
})

it('every trace id has one shard, and all shards have some', () => {
  const ids = Array.from({ length: 300 }, (_, i) => (i * 7919).toString(16).padStart(32, '0'))
  expect(new Set(ids.map((id) => shardOfTrace(id, 5)))).toEqual(new Set([0, 1, 2, 3, 4]))
  expect(new Set(ids.map((id) => shardOfTrace(id, 1)))).toEqual(new Set([0]))
})
