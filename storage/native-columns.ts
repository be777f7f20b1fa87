import { ByteBuffer } from './bytes.ts'
import { tableHash } from './hash.ts'

/**
 * Columns of a Native block: each collects its values in the bytes that ClickHouse reads.
 * `push` takes the convenient value, other methods take bytes and halves of integers without making an object.
 */
export interface Column<V> {
  readonly rows: number
  push(value: V): void
  /** Drops the rows from `rows` on: how a refused request is taken back. */
  truncate(rows: number): void
  /** What the type writes before any data (the version of a LowCardinality). */
  writePrefix(out: ByteBuffer): void
  writeData(out: ByteBuffer): void
}

const noPrefix = (): void => {}

type PushNumber<V> = (out: ByteBuffer, value: V) => void

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
    this.data.length = rows * this.width
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
    const bytes = typeof value === 'string' ? Buffer.from(value, 'hex') : value
    if (value.length === 0) this.pushZero()
    else if (bytes.length === this.width) this.data.copy(bytes, 0, bytes.length)
    else throw new RangeError(`expected ${this.width} bytes, got ${JSON.stringify(value)}`)
  }
  pushRange(source: Uint8Array, from: number): void {
    this.data.copy(source, from, from + this.width)
  }
  pushZero(): void {
    this.data.reserve(this.width)
    this.data.bytes.fill(0, this.data.length, this.data.length + this.width)
    this.data.length += this.width
  }
  truncate(rows: number): void {
    this.data.length = rows * this.width
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
    if (this.rows === this.starts.length) this.starts = grown(this.starts, new Float64Array(this.rows * 2))
    this.starts[this.rows++] = this.data.length
  }
  push(value: string | Uint8Array): void {
    this.begin()
    if (typeof value === 'string') this.data.string(value)
    else this.data.lengthPrefixed(value, 0, value.length)
  }
  pushRange(source: Uint8Array, from: number, to: number): void {
    this.begin()
    this.data.lengthPrefixed(source, from, to)
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
  writeData(out: ByteBuffer): void {
    out.copy(this.data.bytes, 0, this.data.length)
  }
}

const grown = <T extends Float64Array | Uint32Array | Int32Array>(from: T, to: T): T => {
  to.set(from)
  return to
}

// Layout of a LowCardinality in a Native block: version, then 0x200 (own keys) | 0x400 (new dictionary) | index width.
const lowCardinalityVersion = 1
const dictionaryFlags = 0x600

/** LowCardinality(String) whose dictionary is built here: ClickHouse then does no hashing of its own per row. */
export class LowCardinalityColumn implements Column<string | Uint8Array> {
  rows = 0
  private indexes = new Uint32Array(256)
  private readonly dictionary = new ByteBuffer()
  private entries = 0
  private starts = new Uint32Array(64)
  private sizes = new Uint32Array(64)
  private hashes = new Int32Array(64)
  private slots = new Int32Array(128).fill(-1)
  private scratch = new ByteBuffer(256)

  push(value: string | Uint8Array): void {
    this.pushIndex(typeof value === 'string' ? this.indexOfText(value) : this.indexOfBytes(value))
  }
  /** A row with an index that `indexOf…` returned since the last `truncate(0)`. */
  pushIndex(index: number): void {
    if (this.rows === this.indexes.length) this.indexes = grown(this.indexes, new Uint32Array(this.rows * 2))
    this.indexes[this.rows++] = index
  }
  indexOfText(text: string): number {
    const scratch = this.scratch
    scratch.length = 0
    scratch.reserve(text.length * 3)
    const size = scratch.bytes.write(text, 0)
    return this.indexOf(scratch.bytes, scratch.view, 0, size)
  }
  private indexOfBytes(bytes: Uint8Array): number {
    return this.indexOf(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  }
  /** The dictionary's index of `source[from, to)`; `view` covers `source`. */
  indexOf(source: Uint8Array, view: DataView, from: number, to: number): number {
    const hash = tableHash(view, from, to)
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]!
      if (entry < 0) return this.add(source, from, to, hash, slot)
      if (this.hashes[entry] === hash && this.sizes[entry] === to - from && this.same(entry, source, from)) return entry
    }
  }
  private same(entry: number, source: Uint8Array, from: number): boolean {
    const bytes = this.dictionary.bytes
    const start = this.starts[entry]!
    const size = this.sizes[entry]!
    for (let i = 0; i < size; i++) if (bytes[start + i] !== source[from + i]) return false
    return true
  }
  private add(source: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const entry = this.entries++
    if (entry === this.starts.length) {
      this.starts = grown(this.starts, new Uint32Array(entry * 2))
      this.sizes = grown(this.sizes, new Uint32Array(entry * 2))
      this.hashes = grown(this.hashes, new Int32Array(entry * 2))
    }
    this.dictionary.lengthPrefixed(source, from, to)
    this.starts[entry] = this.dictionary.length - (to - from)
    this.sizes[entry] = to - from
    this.hashes[entry] = hash
    this.slots[slot] = entry
    if (this.entries * 2 > this.slots.length) this.rehash()
    return entry
  }
  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.entries; entry++) {
      let slot = this.hashes[entry]! & mask
      while (slots[slot]! >= 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.slots = slots
  }
  /** Words of dropped rows stay in the dictionary, where they do no harm, until all rows are dropped. */
  truncate(rows: number): void {
    if (rows < this.rows) this.rows = rows
    if (rows > 0) return
    this.dictionary.length = 0
    this.entries = 0
    if (this.slots.length > 4096) this.slots = new Int32Array(128)
    this.slots.fill(-1)
  }
  writePrefix(out: ByteBuffer): void {
    out.u64(lowCardinalityVersion, 0)
  }
  writeData(out: ByteBuffer): void {
    // ClickHouse reads nothing more when there are no rows (a Map or Array column all of whose values are empty).
    if (this.rows === 0) return
    const width = this.entries <= 0x100 ? 0 : this.entries <= 0x10000 ? 1 : 2
    out.u64(dictionaryFlags | width, 0)
    out.u64(this.entries, 0)
    out.copy(this.dictionary.bytes, 0, this.dictionary.length)
    out.u64(this.rows, 0)
    const { rows, indexes } = this
    out.reserve(rows << width)
    let at = out.length
    if (width === 0) for (let i = 0; i < rows; i++) out.bytes[at++] = indexes[i]!
    else if (width === 1) for (let i = 0; i < rows; i++, at += 2) out.view.setUint16(at, indexes[i]!, true)
    else for (let i = 0; i < rows; i++, at += 4) out.view.setUint32(at, indexes[i]!, true)
    out.length = at
  }
}

export class NullableColumn<V> implements Column<V | null> {
  private readonly nulls = new ByteBuffer()
  private readonly values: Column<V>
  private readonly zero: V

  constructor(values: Column<V>, zero: V) {
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
    if (this.rows === this.ends.length) this.ends = grown(this.ends, new Uint32Array(this.rows * 2))
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

export class ArrayColumn<V> implements Column<Iterable<V>> {
  readonly elements: Column<V>
  private readonly offsets = new Offsets()

  constructor(elements: Column<V>) {
    this.elements = elements
  }
  get rows(): number {
    return this.offsets.rows
  }
  push(values: Iterable<V>): void {
    for (const value of values) this.elements.push(value)
    this.offsets.push(this.elements.rows)
  }
  truncate(rows: number): void {
    this.elements.truncate(this.offsets.truncate(rows))
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
