import { ByteBuffer } from '../../storage/bytes.ts'
import { FastSpans, type FastMark } from './fast-spans.ts'
import { fillSame, spanBlock, type SpanBlock } from './span-block.ts'

/** How far the columns were filled, to go back to. */
export interface ColumnsMark {
  readonly fast: FastMark
  readonly slow: number
}

/** The columns of the open batch: those of usual spans, and those of all others. */
export class SpanColumns {
  readonly fast: FastSpans
  readonly slow: SpanBlock = spanBlock()

  /** @param maxFastBody bytes; the spans of larger bodies go all the slow way. */
  constructor(maxFastBody?: number) {
    this.fast = new FastSpans(maxFastBody)
  }

  get rows(): number {
    return this.fast.rows + this.slow.block.rows
  }

  mark(): ColumnsMark {
    return { fast: this.fast.mark(), slow: this.slow.block.rows }
  }

  /** Drops what is beyond the mark, or all. */
  truncate(mark: ColumnsMark = nothing): void {
    this.fast.truncate(mark.fast)
    this.slow.block.truncate(mark.slow)
  }

  /** Fills the columns that are the same in all rows, returns all as Native blocks one after the other, and empties them. */
  finish(batch: bigint, receivedAt: number): Buffer {
    const { fast, slow } = this
    fast.same = { batch, receivedAt }
    fillSame(slow, batch, receivedAt)
    const blocks = [fast.block, slow.block].filter(({ rows }) => rows > 0)
    const out = new ByteBuffer(blocks.reduce((sum, block) => sum + block.byteSize(), 0))
    for (const block of blocks) block.write(out)
    this.truncate()
    return out.written()
  }
}

const nothing: ColumnsMark = { fast: [0, 0, 0, 0, 0], slow: 0 }
