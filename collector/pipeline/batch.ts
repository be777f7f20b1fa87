import { randomInt } from 'node:crypto'
import { dictionaryRows, type DictionaryRows } from '../wire/interner.ts'
import { SpanColumns } from '../wire/span-columns.ts'

/** Exports that become one INSERT. */
export interface Batch {
  readonly spans: SpanColumns
  readonly dictionaries: DictionaryRows
  /** Unix ns. */
  firstStart: bigint
  lastStart: bigint
  readonly exports: { resolve: () => void; reject: (error: Error) => void }[]
  /** `performance.now()` of its first row. */
  openedAt: number
}

/** @param spans empty columns; using them again saves filling new memory, and learning anew what spans look like. */
export const emptyBatch = (spans = new SpanColumns()): Batch => ({
  spans,
  dictionaries: dictionaryRows(),
  firstStart: (1n << 63n) - 1n,
  lastStart: 0n,
  exports: [],
  openedAt: performance.now(),
})

export const rowsOf = (batch: Batch): number => batch.spans.rows

/** Unix ms << 21, low bits random: rising within one process, and hardly ever the same in two. */
export function batchIds(): (nowMs: number) => bigint {
  let last = 0n
  return (nowMs) => {
    const wanted = (BigInt(nowMs) << 21n) | BigInt(randomInt(1 << 21))
    return (last = wanted > last ? wanted : last + 1n)
  }
}
