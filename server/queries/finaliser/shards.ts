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

/** An id after `last`, by the clock (Unix ms): never falling, even when that is set back. */
export function nextJobId(clockMs: number, last: bigint, shard: number): bigint {
  const byClock = (BigInt(Math.floor(clockMs)) << 21n) | BigInt(shard)
  return byClock > last ? byClock : (((last >> shardBits) + 1n) << shardBits) | BigInt(shard)
}
