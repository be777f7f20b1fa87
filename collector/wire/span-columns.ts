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
  private readonly spares: ByteBuffer[] = []
  /** What was returned and has not come back. */
  private readonly lent = new WeakMap<ArrayBufferLike, ByteBuffer>()

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
    const out = this.room(blocks.reduce((sum, block) => sum + block.byteSize(), 0))
    for (const block of blocks) block.write(out)
    this.truncate()
    return out.written()
  }

  private room(size: number): ByteBuffer {
    if (size < smallestSpare) return new ByteBuffer(size)
    const found = this.spares.findIndex(({ bytes }) => bytes.length >= size)
    const [out = new ByteBuffer(2 ** Math.ceil(Math.log2(size)))] = found < 0 ? [] : this.spares.splice(found, 1)
    this.lent.set(out.bytes.buffer, out)
    out.length = 0
    return out
  }

  /** What `finish` returned is needed no more: the next is written over it. Fresh memory costs as much as filling it, and waits long to be collected. */
  giveBack(bytes: Uint8Array): void {
    const out = this.lent.get(bytes.buffer)
    if (!out) return
    this.lent.delete(bytes.buffer)
    this.spares.push(out)
    if (this.spares.length > mostSpares) this.spares.shift()
  }
}

const smallestSpare = 2 ** 20
const mostSpares = 2

const nothing: ColumnsMark = { fast: [0, 0, 0, 0, 0], slow: 0 }
