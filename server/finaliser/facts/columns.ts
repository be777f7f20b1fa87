import { ByteDictionary } from '../../../storage/byte-dictionary.ts'
import type { ByteBuffer } from '../../../storage/bytes.ts'
import { writeWords, writeWordsPrefix } from '../../../storage/native-columns.ts'
import { slotOf, slots } from '../slots.ts'

/**
 * Columns of a fact table: typed arrays that all have room for the same number of rows. A row makes room once for all its
 * columns and puts each value at its index; it is there when the table counts it. Little-endian, as ClickHouse wants it and as all
 * machines are that Node runs on.
 */
export interface FactColumn {
  /** Makes room; what is there stays. */
  grow(capacity: number): void
  /** All rows are dropped. */
  clear(): void
  /** Bytes that `writePrefix` and `write` will write, or a few more. */
  byteSize(rows: number): number
  /** What the type writes before any data. */
  writePrefix(out: ByteBuffer): void
  write(out: ByteBuffer, rows: number): void
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array

export const firstCapacity = 256

const bytesOf = ({ buffer }: Numbers): Uint8Array => new Uint8Array(buffer)

/** `perRow` numbers a row: two 32-bit halves of a 64-bit integer, low one first; two for an id of 8 bytes, four for 16. */
export class Fixed<T extends Numbers> implements FactColumn {
  data: T
  private readonly make: (length: number) => T
  private readonly perRow: number

  constructor(make: (length: number) => T, perRow = 1) {
    this.make = make
    this.perRow = perRow
    this.data = make(firstCapacity * perRow)
  }
  grow(capacity: number): void {
    const { data } = this
    this.data = this.make(capacity * this.perRow)
    this.data.set(data)
  }
  clear(): void {}
  byteSize(rows: number): number {
    return rows * this.perRow * this.data.BYTES_PER_ELEMENT
  }
  writePrefix(): void {}
  write(out: ByteBuffer, rows: number): void {
    out.copy(bytesOf(this.data), 0, this.byteSize(rows))
  }
}

/** A value that all rows of a block share, `width` bytes long: 1, 4 or 8. */
export class Same implements FactColumn {
  private readonly halves: Int32Array
  private readonly width: number

  constructor(width: number, halves: readonly number[] = [0]) {
    this.width = width
    this.halves = new Int32Array(2)
    this.halves.set(halves)
  }
  say(low: number, high = 0): void {
    this.halves[0] = low
    this.halves[1] = high
  }
  grow(): void {}
  clear(): void {}
  byteSize(rows: number): number {
    return rows * this.width
  }
  writePrefix(): void {}
  write(out: ByteBuffer, rows: number): void {
    const size = this.byteSize(rows)
    out.reserve(size)
    const value = bytesOf(this.halves).subarray(0, this.width)
    out.bytes.fill(value, out.length, out.length + size)
    out.length += size
  }
}

/** Nullable(Int64): a byte a row, 1 for null, and the halves of the value. */
export class NullableNs implements FactColumn {
  nulls = new Uint8Array(firstCapacity)
  data = new Int32Array(2 * firstCapacity)

  grow(capacity: number): void {
    const { nulls, data } = this
    this.nulls = new Uint8Array(capacity)
    this.nulls.set(nulls)
    this.data = new Int32Array(2 * capacity)
    this.data.set(data)
  }
  clear(): void {}
  byteSize(rows: number): number {
    return rows * 9
  }
  writePrefix(): void {}
  write(out: ByteBuffer, rows: number): void {
    out.copy(this.nulls, 0, rows)
    out.copy(bytesOf(this.data), 0, rows * 8)
  }
  put(row: number, ns: number | null): void {
    this.nulls[row] = ns === null ? 1 : 0
    putInt64(this.data, row, ns ?? 0)
  }
}

/** LowCardinality(String). Words of dropped rows stay in the dictionary, where they do no harm, until all rows are dropped. */
export class Words implements FactColumn {
  indexes = new Uint32Array(firstCapacity)
  private readonly dictionary = new ByteDictionary()
  private readonly known = new Map<string, number>()
  private readonly recent: (string | undefined)[] = new Array<string | undefined>(slots).fill(undefined)
  private readonly recentIndexes = new Uint32Array(slots)

  grow(capacity: number): void {
    const { indexes } = this
    this.indexes = new Uint32Array(capacity)
    this.indexes.set(indexes)
  }
  clear(): void {
    this.dictionary.clear()
    this.known.clear()
    this.recent.fill(undefined)
  }
  byteSize(rows: number): number {
    return 32 + this.dictionary.content.length + rows * 4
  }
  writePrefix(out: ByteBuffer): void {
    writeWordsPrefix(out)
  }
  write(out: ByteBuffer, rows: number): void {
    this.writeIndexes(out, this.indexes, rows)
  }
  /** As `write`, of rows that have these indexes. */
  writeIndexes(out: ByteBuffer, indexes: Uint32Array, rows: number): void {
    writeWords(out, this.dictionary, indexes, rows)
  }
  put(row: number, text: string): void {
    this.indexes[row] = this.indexOf(text)
  }
  /** The index of a word until the column is cleared. */
  indexOf(text: string): number {
    const slot = slotOf(text)
    if (this.recent[slot] === text) return this.recentIndexes[slot]!
    let index = this.known.get(text)
    if (index === undefined) {
      const bytes = Buffer.from(text)
      index = this.dictionary.indexOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
      this.known.set(text, index)
    }
    this.recent[slot] = text
    this.recentIndexes[slot] = index
    return index
  }
}

/** Lists of a table's rows, one or several columns of elements with the same lengths. */
export class Lists {
  /** How many elements there are, with those of a row that is not there yet. */
  count = 0
  private capacity = firstCapacity
  private readonly columns: FactColumn[] = []
  /** Where the list of each row ends, counted in elements. */
  private ends = new Uint32Array(firstCapacity)

  /** @returns the column of the lists that a table declares, and that of their elements. */
  of<C extends FactColumn>(elements: C): { lists: FactColumn; elements: C } {
    this.columns.push(elements)
    const first = this.columns.length === 1
    const endOf = (rows: number) => (rows === 0 ? 0 : this.ends[rows - 1]!)
    const lists: FactColumn = {
      grow: (capacity) => {
        if (!first) return
        const { ends } = this
        this.ends = new Uint32Array(capacity)
        this.ends.set(ends)
      },
      clear: () => elements.clear(),
      byteSize: (rows) => rows * 8 + elements.byteSize(endOf(rows)),
      writePrefix: (out) => elements.writePrefix(out),
      write: (out, rows) => {
        out.reserve(rows * 8)
        for (let i = 0; i < rows; i++) out.u64(this.ends[i]!, 0)
        elements.write(out, endOf(rows))
      },
    }
    return { lists, elements }
  }
  /** The index of one more element. */
  next(): number {
    if (this.count === this.capacity) {
      this.capacity *= 2
      for (const column of this.columns) column.grow(this.capacity)
    }
    return this.count++
  }
  /** Closes the list of a row. */
  end(row: number): void {
    this.ends[row] = this.count
  }
  /** Forgets elements that are not of the first `rows` rows. */
  truncate(rows: number): void {
    this.count = rows === 0 ? 0 : this.ends[rows - 1]!
  }
}

const exact = Number.MAX_SAFE_INTEGER
const two32 = 2 ** 32

/** Durations over 104 days are not exact anyway (types.ts): cut, not rounded into nonsense. */
export function putInt64(halves: Int32Array, row: number, ns: number): void {
  if ((ns | 0) === ns) {
    halves[2 * row] = ns
    halves[2 * row + 1] = ns >> 31
    return
  }
  const whole = Math.min(exact, Math.max(-exact, Math.round(ns)))
  halves[2 * row] = whole
  halves[2 * row + 1] = Math.floor(whole / two32)
}

const notHex = 0x100
const hexValues = Int16Array.from({ length: 0x100 }, (_, code) => {
  const value = parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? notHex : value
})

/** Two digits; not below 0x100 where they are none. */
const hexByte = (text: string, at: number): number => {
  const a = text.charCodeAt(at)
  const b = text.charCodeAt(at + 1)
  return (a | b) < 0x100 ? (hexValues[a]! << 4) | hexValues[b]! : notHex
}

/**
 * The bytes that `digits` from `from` on stand for, four a word. They are as many as the words want, or this
 * @throws RangeError
 */
export function putBytes(words: Int32Array, row: number, perRow: number, digits: string): void {
  let odd = 0
  for (let i = 0; i < perRow; i++) {
    const at = 8 * i
    const a = hexByte(digits, at)
    const b = hexByte(digits, at + 2)
    const c = hexByte(digits, at + 4)
    const d = hexByte(digits, at + 6)
    odd |= a | b | c | d
    words[perRow * row + i] = a | (b << 8) | (c << 16) | (d << 24)
  }
  if (odd >= notHex || digits.length !== 8 * perRow)
    throw new RangeError(`expected ${4 * perRow} bytes, got ${JSON.stringify(digits)}`)
}

/** The SERVER half of a shared Zipkin id has a longer id of its own; the first eight bytes are those that were sent. '' is zero. */
export function putSpanId(words: Int32Array, row: number, digits: string): void {
  if (digits.length === 16) putBytes(words, row, 2, digits)
  else if (digits === '') words[2 * row] = words[2 * row + 1] = 0
  else putBytes(words, row, 2, digits.slice(0, 16))
}

/** An identity of 16 hex digits as a UInt64; '' is 0. */
export function putIdentity(halves: Int32Array, row: number, digits: string): void {
  halves[2 * row] = digits === '' ? 0 : word32(digits, 8)
  halves[2 * row + 1] = digits === '' ? 0 : word32(digits, 0)
}

export const identityHalves = (digits: string): Halves =>
  digits === '' ? { low: 0, high: 0 } : { low: word32(digits, 8), high: word32(digits, 0) }

export function putHalves(halves: Int32Array, row: number, { low, high }: Halves): void {
  halves[2 * row] = low
  halves[2 * row + 1] = high
}

function word32(digits: string, from: number): number {
  let word = 0
  for (let i = from; i < from + 8; i += 2) word = (word << 8) | (hexByte(digits, i) & 0xff)
  return word
}

/** A 64-bit integer as halves: a bigint a value would cost as much as the rest of a row. */
export interface Halves {
  /** Unsigned, or the same bits as a signed number. */
  readonly low: number
  /** Signed. */
  readonly high: number
}

export const halvesOf = (value: bigint): Halves => ({
  low: Number(BigInt.asUintN(32, value)),
  high: Number(value >> 32n),
})

/** `base` + `ns`, Unix ns; beyond 2262 a start from a hostile client does not fit the column and is cut. */
export function putInstant(halves: Int32Array, row: number, { low, high }: Halves, ns: number): void {
  const rest = low + Math.round(ns)
  const top = high + Math.floor(rest / two32)
  const over = top > 0x7fff_ffff
  const under = top < -0x8000_0000
  halves[2 * row] = over ? -1 : under ? 1 : rest
  halves[2 * row + 1] = over ? 0x7fff_ffff : under ? -0x8000_0000 : top
}

export const uint16 = (n: number): number => Math.min(0xffff, Math.max(0, Math.trunc(n) || 0))
