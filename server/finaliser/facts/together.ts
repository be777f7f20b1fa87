import type { ByteBuffer } from '../../../storage/bytes.ts'
import { firstCapacity, Words, type FactColumn } from './columns.ts'

/**
 * Columns of words that come together: most rows have the same of all of them as a row before. A row keeps the number of its combination,
 * whose words are looked up once for the block.
 */
export class Together {
  /** Number of the combination of each row. */
  ofRow = new Uint32Array(firstCapacity)
  private readonly columns: Words[] = []
  private combinations = 0
  private capacity = firstCapacity
  private rowsWords = new Uint32Array(0)

  /** @returns the column that a table declares, and its words by combination. */
  of(): { column: FactColumn; words: Words } {
    const words = new Words()
    const first = this.columns.push(words) === 1
    const column: FactColumn = {
      grow: (capacity) => {
        if (!first) return
        const { ofRow } = this
        this.ofRow = new Uint32Array(capacity)
        this.ofRow.set(ofRow)
      },
      clear: () => {
        words.clear()
        this.combinations = 0
      },
      byteSize: (rows) => words.byteSize(rows),
      writePrefix: (out) => words.writePrefix(out),
      write: (out, rows) => this.write(out, words, rows),
    }
    return { column, words }
  }

  /** The number of one more combination, to be filled in each column; it is forgotten when all rows are dropped. */
  next(): number {
    if (this.combinations === this.capacity) {
      this.capacity *= 2
      for (const words of this.columns) words.grow(this.capacity)
    }
    return this.combinations++
  }

  private write(out: ByteBuffer, words: Words, rows: number): void {
    if (this.rowsWords.length < rows) this.rowsWords = new Uint32Array(rows)
    const { rowsWords, ofRow } = this
    const { indexes } = words
    for (let row = 0; row < rows; row++) rowsWords[row] = indexes[ofRow[row]!]!
    words.writeIndexes(out, rowsWords, rows)
  }
}
