import { ByteBuffer } from './bytes.ts'
import { ByteDictionary, doubled } from './byte-dictionary.ts'

/**
 * Columns of a Native block: each collects its values in the bytes that ClickHouse reads.
 * `push` takes the convenient value, other methods take bytes and halves of integers without making an object.
 */
export interface Column<V> {
  readonly rows: number
  push(value: V): void
  /** Drops the rows from `rows` on: how a refused request is taken back. */
  truncate(rows: number): void
  /** Bytes that `writePrefix` and `writeData` will write, or a few more. */
  byteSize(): number
  /** What the type writes before any data (the version of a LowCardinality). */
  writePrefix(out: ByteBuffer): void
  writeData(out: ByteBuffer): void
}

const noPrefix = (): void => {}

type PushNumber<V> = (out: ByteBuffer, value: V) => void

const hexValues = Int32Array.from({ length: 0x80 }, (_, code) => {
  const value = parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? -1 : value
})

/** The value of the hex digit at `at`; negative where there is none. */
export const hexDigit = (text: string, at: number): number => hexValues[text.charCodeAt(at)] ?? -1

/** Integers, floats and instants of 1, 2, 4 or 8 bytes. */
export class FixedColumn<V> implements Column<V> {
  readonly data = new ByteBuffer()
  readonly width: number
  private readonly pushValue: PushNumber<V>
  readonly writePrefix = noPrefix

  constructor(width: number, pushValue: PushNumber<V>) {
    this.width = width
    this.pushValue = pushValue
  }
  get rows(): number {
    return this.data.length / this.width
  }
  push(value: V): void {
    this.pushValue(this.data, value)
  }
  truncate(rows: number): void {
    if (rows < this.rows) this.data.length = rows * this.width
  }
  byteSize(): number {
    return this.data.length
  }
  writeData(out: ByteBuffer): void {
    out.copy(this.data.bytes, 0, this.data.length)
  }
}

export class FixedStringColumn implements Column<Uint8Array | string> {
  readonly data = new ByteBuffer()
  readonly width: number
  readonly writePrefix = noPrefix

  constructor(width: number) {
    this.width = width
  }
  get rows(): number {
    return this.data.length / this.width
  }
  /** Exactly `width` bytes, or their hex digits; '' stands for all zero. */
  push(value: Uint8Array | string): void {
    if (value.length === 0) this.pushZero()
    else if (typeof value === 'string') this.pushHex(value)
    else if (value.length === this.width) this.data.copy(value, 0, value.length)
    else throw new RangeError(`expected ${this.width} bytes, got ${value.length}`)
  }
  /** The hex digits of exactly `width` bytes. */
  pushHex(digits: string): void {
    const { data, width } = this
    data.reserve(width)
    let odd = digits.length ^ (2 * width)
    for (let i = 0; i < width; i++) {
      const byte = (hexDigit(digits, 2 * i) << 4) | hexDigit(digits, 2 * i + 1)
      odd |= byte & ~0xff
      data.bytes[data.length + i] = byte
    }
    if (odd !== 0) throw new RangeError(`expected ${width} bytes, got ${JSON.stringify(digits)}`)
    data.length += width
  }
  pushRange(source: DataView, from: number): void {
    this.data.copyView(source, from, from + this.width)
  }
  pushZero(): void {
    const { data, width } = this
    data.reserve(width)
    // `fill` costs more than a span's ids.
    for (let i = 0; i < width; i++) data.bytes[data.length++] = 0
  }
  truncate(rows: number): void {
    if (rows < this.rows) this.data.length = rows * this.width
  }
  byteSize(): number {
    return this.data.length
  }
  writeData(out: ByteBuffer): void {
    out.copy(this.data.bytes, 0, this.data.length)
  }
}

export class StringColumn implements Column<string | Uint8Array> {
  readonly data = new ByteBuffer()
  private starts = new Float64Array(256)
  rows = 0
  readonly writePrefix = noPrefix

  /** Notes where the next value begins. Every push goes through here. */
  private begin(): void {
    if (this.rows === this.starts.length) this.starts = doubled(this.starts, new Float64Array(this.rows * 2))
    this.starts[this.rows++] = this.data.length
  }
  push(value: string | Uint8Array): void {
    this.begin()
    if (typeof value === 'string') this.data.string(value)
    else this.data.lengthPrefixed(value, 0, value.length)
  }
  /** The decimal digits of an integer from 0 to 2^31 - 1, without making a string. */
  pushDigits(value: number): void {
    this.begin()
    let size = 1
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) size++
    const { data } = this
    data.u8(size)
    data.reserve(size)
    let at = data.length + size
    do {
      data.bytes[--at] = 48 + (value % 10)
      value = (value / 10) | 0
    } while (value > 0)
    data.length += size
  }
  pushRange(source: DataView, from: number, to: number): void {
    this.begin()
    this.data.varuint(to - from)
    this.data.copyView(source, from, to)
  }
  pushEmpty(): void {
    this.begin()
    this.data.u8(0)
  }
  truncate(rows: number): void {
    if (rows >= this.rows) return
    this.data.length = this.starts[rows]!
    this.rows = rows
  }
  byteSize(): number {
    return this.data.length
  }
  writeData(out: ByteBuffer): void {
    out.copy(this.data.bytes, 0, this.data.length)
  }
}

// Layout of a LowCardinality in a Native block: version, then 0x200 (own keys) | 0x400 (new dictionary) | index width.
const lowCardinalityVersion = 1
const dictionaryFlags = 0x600

let generations = 0

/** LowCardinality(String) whose dictionary is built here: ClickHouse then does no hashing of its own per row. */
export class LowCardinalityColumn implements Column<string | Uint8Array> {
  rows = 0
  private indexes = new Uint32Array(256)
  private readonly dictionary = new ByteDictionary()
  private readonly scratch = new ByteBuffer(256)
  /** Indexes of words that came as text: encoding one again costs several times as much as looking it up. */
  private readonly ofText = new Map<string, number>()
  private lastText: string | undefined
  private lastIndex = 0
  /** Changes whenever the indexes given so far stand for nothing any more; no two columns share one. */
  generation = ++generations

  push(value: string | Uint8Array): void {
    this.pushIndex(typeof value === 'string' ? this.indexOfText(value) : this.indexOfBytes(value))
  }
  pushText(text: string): void {
    this.pushIndex(this.indexOfText(text))
  }
  /** A row with an index that `indexOf…` returned since the last `truncate(0)`. */
  pushIndex(index: number): void {
    if (this.rows === this.indexes.length) this.indexes = doubled(this.indexes, new Uint32Array(this.rows * 2))
    this.indexes[this.rows++] = index
  }
  indexOfText(text: string): number {
    if (text === this.lastText) return this.lastIndex
    let index = this.ofText.get(text)
    if (index === undefined) this.ofText.set(text, (index = this.indexOfEncoded(text)))
    this.lastText = text
    return (this.lastIndex = index)
  }
  private indexOfEncoded(text: string): number {
    const scratch = this.scratch
    scratch.length = 0
    scratch.reserve(text.length * 3)
    const size = scratch.bytes.write(text, 0)
    return this.dictionary.indexOf(scratch.view, 0, size)
  }
  private indexOfBytes(bytes: Uint8Array): number {
    return this.indexOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  }
  /** The index of the word in the bytes `from`..`to` of `source`. */
  indexOf(source: DataView, from: number, to: number): number {
    return this.dictionary.indexOf(source, from, to)
  }
  /** Words of dropped rows stay in the dictionary, where they do no harm, until all rows are dropped. */
  truncate(rows: number): void {
    if (rows < this.rows) this.rows = rows
    if (rows > 0) return
    this.dictionary.clear()
    this.ofText.clear()
    this.lastText = undefined
    this.generation = ++generations
  }
  byteSize(): number {
    return 32 + this.dictionary.content.length + this.rows * 4
  }
  writePrefix(out: ByteBuffer): void {
    writeWordsPrefix(out)
  }
  writeData(out: ByteBuffer): void {
    writeWords(out, this.dictionary, this.indexes, this.rows)
  }
}

/** What a LowCardinality(String) writes before any data. */
export function writeWordsPrefix(out: ByteBuffer): void {
  out.u64(lowCardinalityVersion, 0)
}

/** A LowCardinality(String): a dictionary and the first `rows` indexes into it, in as few bytes each as it needs. */
export function writeWords(
  out: ByteBuffer,
  dictionary: ByteDictionary,
  indexes: Uint32Array | Uint16Array,
  rows: number,
): void {
  // ClickHouse reads nothing more when there are no rows (a Map or Array column all of whose values are empty).
  if (rows === 0) return
  const { size, content } = dictionary
  const width = size <= 0x100 ? 0 : size <= 0x10000 ? 1 : 2
  out.u64(dictionaryFlags | width, 0)
  out.u64(size, 0)
  out.copy(content.bytes, 0, content.length)
  out.u64(rows, 0)
  out.reserve(rows << width)
  let at = out.length
  const { bytes, view } = out
  if (width === 0) for (let i = 0; i < rows; i++) bytes[at++] = indexes[i]!
  else if (width === 1) for (let i = 0; i < rows; i++, at += 2) view.setUint16(at, indexes[i]!, true)
  else for (let i = 0; i < rows; i++, at += 4) view.setUint32(at, indexes[i]!, true)
  out.length = at
}

export class NullableColumn<V, Values extends Column<V> = Column<V>> implements Column<V | null> {
  /** A byte a row, 1 for null; `values` has a row for each, whatever it holds. */
  readonly nulls = new ByteBuffer()
  readonly values: Values
  private readonly zero: V

  constructor(values: Values, zero: V) {
    this.values = values
    this.zero = zero
  }
  get rows(): number {
    return this.nulls.length
  }
  push(value: V | null): void {
    this.values.push(value ?? this.zero)
    this.nulls.u8(value === null ? 1 : 0)
  }
  truncate(rows: number): void {
    this.nulls.length = Math.min(rows, this.nulls.length)
    this.values.truncate(rows)
  }
  byteSize(): number {
    return this.nulls.length + this.values.byteSize()
  }
  writePrefix(out: ByteBuffer): void {
    this.values.writePrefix(out)
  }
  writeData(out: ByteBuffer): void {
    out.copy(this.nulls.bytes, 0, this.nulls.length)
    this.values.writeData(out)
  }
}

/** Where each list of an Array or Map ends, counted in elements. */
class Offsets {
  private ends = new Uint32Array(256)
  rows = 0

  push(end: number): void {
    if (this.rows === this.ends.length) this.ends = doubled(this.ends, new Uint32Array(this.rows * 2))
    this.ends[this.rows++] = end
  }
  /** Drops lists; returns how many elements remain. */
  truncate(rows: number): number {
    if (rows < this.rows) this.rows = rows
    return this.rows === 0 ? 0 : this.ends[this.rows - 1]!
  }
  write(out: ByteBuffer): void {
    out.reserve(this.rows * 8)
    for (let i = 0; i < this.rows; i++) out.u64(this.ends[i]!, 0)
  }
}

export class ArrayColumn<V, Elements extends Column<V> = Column<V>> implements Column<Iterable<V>> {
  readonly elements: Elements
  private readonly offsets = new Offsets()

  constructor(elements: Elements) {
    this.elements = elements
  }
  get rows(): number {
    return this.offsets.rows
  }
  push(values: Iterable<V>): void {
    for (const value of values) this.elements.push(value)
    this.endRow()
  }
  /** Closes a row whose elements went into `elements` one by one. */
  endRow(): void {
    this.offsets.push(this.elements.rows)
  }
  truncate(rows: number): void {
    this.elements.truncate(this.offsets.truncate(rows))
  }
  byteSize(): number {
    return this.rows * 8 + this.elements.byteSize()
  }
  writePrefix(out: ByteBuffer): void {
    this.elements.writePrefix(out)
  }
  writeData(out: ByteBuffer): void {
    this.offsets.write(out)
    this.elements.writeData(out)
  }
}

export class MapColumn<K, V> implements Column<Iterable<readonly [K, V]>> {
  readonly keys: Column<K>
  readonly values: Column<V>
  private readonly offsets = new Offsets()

  constructor(keys: Column<K>, values: Column<V>) {
    this.keys = keys
    this.values = values
  }
  get rows(): number {
    return this.offsets.rows
  }
  push(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) {
      this.keys.push(key)
      this.values.push(value)
    }
    this.endRow()
  }
  /** Closes a row whose entries went into `keys` and `values` one by one. */
  endRow(): void {
    this.offsets.push(this.keys.rows)
  }
  /** Drops rows, and entries of a row that was not closed. */
  truncate(rows: number): void {
    const entries = this.offsets.truncate(rows)
    this.keys.truncate(entries)
    this.values.truncate(entries)
  }
  byteSize(): number {
    return this.rows * 8 + this.keys.byteSize() + this.values.byteSize()
  }
  writePrefix(out: ByteBuffer): void {
    this.keys.writePrefix(out)
    this.values.writePrefix(out)
  }
  writeData(out: ByteBuffer): void {
    this.offsets.write(out)
    this.keys.writeData(out)
    this.values.writeData(out)
  }
}
