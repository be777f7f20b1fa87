import { randomInt } from 'node:crypto'
import { dictionaryRows, type DictionaryRows } from '../wire/interner.ts'
import { spanBlock, type SpanBlock } from '../wire/span-block.ts'

/** Exports that become one INSERT. */
export interface Batch {
  readonly spans: SpanBlock
  readonly dictionaries: DictionaryRows
  /** Unix ns. */
  firstStart: bigint
  lastStart: bigint
  readonly exports: { resolve: () => void; reject: (error: Error) => void }[]
  /** `performance.now()` of its first row. */
  openedAt: number
}

/** @param spans an empty block; reusing one saves growing its columns again. */
export const emptyBatch = (spans = spanBlock()): Batch => ({
  spans,
  dictionaries: dictionaryRows(),
  firstStart: (1n << 63n) - 1n,
  lastStart: 0n,
  exports: [],
  openedAt: performance.now(),
})

export const rowsOf = (batch: Batch): number => batch.spans.block.rows

/** Unix ms << 21, low bits random: rising within one process, and hardly ever the same in two. */
export function batchIds(): (nowMs: number) => bigint {
  let last = 0n
  return (nowMs) => {
    const wanted = (BigInt(nowMs) << 21n) | BigInt(randomInt(1 << 21))
    return (last = wanted > last ? wanted : last + 1n)
  }
}
