/**
 * The trace ids are cut into disjoint shards, each analysed by a thread of its own. A job has traces of one shard only, and its id
 * says of which: Unix ms << 21, a sequence, and the shard in the lowest bits. What a thread learned is found again by it.
 */
const shardBits = 4n
export const maxShards = 2 ** Number(shardBits)

/** @param traceId 32 hex digits; some ids are random in one half only, and that is the second. */
export const shardOfTrace = (traceId: string, shards: number): number =>
  shards === 1 ? 0 : parseInt(traceId.slice(-6), 16) % shards

export const shardOfJob = (job: bigint): number => Number(job & (2n ** shardBits - 1n))

/**
 * An id after `last` and no other's, by ClickHouse's clock (Unix ms): never falling, even when that is set back. Never used again, not
 * even by a life that knows nothing of a job that was taken back: tokens of INSERTs are made of it, and a known token drops rows.
 */
export function nextJobId(nowMs: number, last: bigint, shard: number): bigint {
  const sequence = BigInt(Math.floor(Math.random() * 2 ** Number(21n - shardBits)))
  const byClock = (BigInt(Math.floor(nowMs)) << 21n) | (sequence << shardBits) | BigInt(shard)
  return byClock > last ? byClock : (((last >> shardBits) + 1n) << shardBits) | BigInt(shard)
}
