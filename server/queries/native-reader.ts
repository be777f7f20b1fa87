import { internalised } from '../analysis/internalised.ts'
import type { Cells } from '../statistics/histogram.ts'

/**
 * Reads ClickHouse's Native format as HTTP sends it (`FORMAT Native`, protocol revision 0) into columns, without an
 * object per row: number of columns, number of rows, then name, type and data of each column, block after block.
 */

/** A 64-bit integer column: `low[i]` unsigned, `high[i]` signed; numbers are exact below 2^53. */
export interface Integers64 {
  readonly low: Uint32Array
  readonly high: Int32Array
}

/** Strings as byte ranges of the answer, decoded only when somebody looks. */
export interface Texts {
  readonly body: Buffer
  /** Two a row: from and to in `body`. */
  readonly bounds: Uint32Array
  at(row: number): string
  bytesAt(row: number): Buffer
  isEmpty(row: number): boolean
}

/** A dictionary of this block and one index a row. */
export interface Words {
  readonly words: readonly string[]
  readonly indexes: ArrayLike<number>
}

/** `ends[row]` is where the row's entries end; they begin where those of the row before end. */
export interface Maps {
  readonly ends: Float64Array
  readonly keys: Words
  readonly values: Texts
}

/** `ends[row]` is where the row's values end; they begin where those of the row before end. */
export interface Lists {
  readonly ends: Float64Array
  readonly values: ArrayLike<number>
}

/** Of Map(Int16, Int64), keys in the order that they come in. What is read at a row keeps all rows in memory. */
export interface Histograms {
  at(row: number): Cells
}

export interface Bytes {
  readonly width: number
  readonly data: Buffer
}

interface Kinds {
  bytes: Bytes
  integers64: Integers64
  integers: ArrayLike<number>
  numbers: ArrayLike<number>
  lists: Lists
  histograms: Histograms
  texts: Texts
  words: Words
  maps: Maps
}

type Column = { [K in keyof Kinds]: { kind: K; data: Kinds[K] } }[keyof Kinds]

export interface NativeRows {
  readonly rows: number
  /** @throws Error when there is no such column or it is of another kind. */
  column<K extends keyof Kinds>(name: string, kind: K): Kinds[K]
}

/** @throws Error for a type that is not read here, RangeError for an answer that was cut off. */
export function* readNative(body: Buffer): Generator<NativeRows> {
  const source: Source = { body, at: 0 }
  while (source.at < body.length) {
    const count = varuint(source)
    const rows = varuint(source)
    const columns = new Map<string, Column>()
    for (let i = 0; i < count; i++) {
      const name = text(source)
      const type = text(source)
      columns.set(name, readColumn(source, type, rows))
    }
    yield {
      rows,
      column<K extends keyof Kinds>(name: string, kind: K) {
        const column = columns.get(name)
        if (column?.kind !== kind) throw new Error(`column ${name} is ${column?.kind ?? 'missing'}, not ${kind}`)
        return column.data as Kinds[K]
      },
    }
  }
}

interface Source {
  readonly body: Buffer
  at: number
}

function readColumn(source: Source, type: string, rows: number): Column {
  if (type.startsWith('FixedString(')) {
    const width = Number(type.slice(12, -1))
    return { kind: 'bytes', data: { width, data: take(source, rows * width) } }
  }
  if (type === 'UInt64' || type === 'Int64' || type.startsWith('DateTime64(')) {
    return { kind: 'integers64', data: integers64(source, rows) }
  }
  if (type === 'UInt8' || type === 'Int8') return { kind: 'integers', data: take(source, rows) }
  if (type === 'UInt16') return { kind: 'integers', data: new Uint16Array(copy(source, rows * 2)) }
  if (type === 'UInt32' || type.startsWith('DateTime')) {
    return { kind: 'integers', data: new Uint32Array(copy(source, rows * 4)) }
  }
  if (type === 'Float64') return { kind: 'numbers', data: new Float64Array(copy(source, rows * 8)) }
  if (type === 'Array(Int16)') return { kind: 'lists', data: lists(source, rows, Int16Array) }
  if (type === 'Array(Float64)') return { kind: 'lists', data: lists(source, rows, Float64Array) }
  if (type === 'Map(Int16, Int64)') return { kind: 'histograms', data: histograms(source, rows) }
  if (type === 'String') return { kind: 'texts', data: texts(source, rows) }
  if (type === 'LowCardinality(String)') {
    if (rows > 0) take(source, lowCardinalityPrefix)
    return { kind: 'words', data: words(source, rows) }
  }
  if (type === 'Map(LowCardinality(String), String)') return { kind: 'maps', data: maps(source, rows) }
  throw new Error(`Native columns of type ${type} are not read here`)
}

const lowCardinalityPrefix = 8

function maps(source: Source, rows: number): Maps {
  if (rows === 0) return { ends: numbersOf(source, 0), keys: { words: [], indexes: [] }, values: texts(source, 0) }
  take(source, lowCardinalityPrefix)
  const ends = numbersOf(source, rows)
  const entries = ends[rows - 1]!
  return { ends, keys: words(source, entries), values: texts(source, entries) }
}

/** 64-bit integers, which are exact below 2^53. */
function numbersOf(source: Source, rows: number): Float64Array {
  const bytes = copy(source, rows * 8)
  const [low, high] = [new Uint32Array(bytes), new Int32Array(bytes)]
  // In the place of the integers.
  const numbers = new Float64Array(bytes)
  for (let i = 0; i < rows; i++) numbers[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!
  return numbers
}

function histograms(source: Source, rows: number): Histograms {
  const ends = numbersOf(source, rows)
  const entries = ends[rows - 1] ?? 0
  const keys = new Int16Array(copy(source, entries * 2))
  const counts = numbersOf(source, entries)
  return {
    at(row) {
      const [from, to] = [ends[row - 1] ?? 0, ends[row]!]
      return { keys: keys.subarray(from, to), counts: counts.subarray(from, to) }
    },
  }
}

type Numbers = { new (bytes: ArrayBuffer): ArrayLike<number>; readonly BYTES_PER_ELEMENT: number }

function lists(source: Source, rows: number, Values: Numbers): Lists {
  const ends = numbersOf(source, rows)
  return { ends, values: new Values(copy(source, (ends.at(-1) ?? 0) * Values.BYTES_PER_ELEMENT)) }
}

function words(source: Source, rows: number): Words {
  if (rows === 0) return { words: [], indexes: [] }
  const width = 1 << (take(source, 8)[0]! & 0xf)
  const dictionary: string[] = []
  for (let n = uint64(source); n > 0; n--) dictionary.push(internalised(text(source)))
  const count = uint64(source)
  if (width === 1) return { words: dictionary, indexes: take(source, count) }
  if (width === 2) return { words: dictionary, indexes: new Uint16Array(copy(source, count * 2)) }
  if (width === 4) return { words: dictionary, indexes: new Uint32Array(copy(source, count * 4)) }
  throw new Error(`LowCardinality indexes of ${width} bytes are not read here`)
}

function texts(source: Source, rows: number): Texts {
  const { body } = source
  const bounds = new Uint32Array(rows * 2)
  for (let i = 0; i < rows; i++) {
    const length = varuint(source)
    bounds[2 * i] = source.at
    bounds[2 * i + 1] = source.at += length
  }
  if (source.at > body.length) throw new RangeError('a Native block was cut off')
  return {
    body,
    bounds,
    at: (row) => body.toString('utf8', bounds[2 * row], bounds[2 * row + 1]),
    bytesAt: (row) => body.subarray(bounds[2 * row], bounds[2 * row + 1]),
    isEmpty: (row) => bounds[2 * row] === bounds[2 * row + 1],
  }
}

function integers64(source: Source, rows: number): Integers64 {
  const bytes = copy(source, rows * 8)
  const unsigned = new Uint32Array(bytes)
  const signed = new Int32Array(bytes)
  const low = new Uint32Array(rows)
  const high = new Int32Array(rows)
  for (let i = 0; i < rows; i++) {
    low[i] = unsigned[2 * i]!
    high[i] = signed[2 * i + 1]!
  }
  return { low, high }
}

function take(source: Source, length: number): Buffer {
  const end = source.at + length
  if (end > source.body.length) throw new RangeError('a Native block was cut off')
  const part = source.body.subarray(source.at, end)
  source.at = end
  return part
}

/** A copy, because typed arrays must begin at a multiple of their width. */
function copy(source: Source, length: number): ArrayBuffer {
  const part = take(source, length)
  const bytes = new ArrayBuffer(length)
  new Uint8Array(bytes).set(part)
  return bytes
}

function text(source: Source): string {
  return take(source, varuint(source)).toString('utf8')
}

function uint64(source: Source): number {
  return Number(take(source, 8).readBigUInt64LE())
}

function varuint(source: Source): number {
  let value = 0
  for (let shift = 1; ; shift *= 128) {
    const byte = source.body[source.at++]
    if (byte === undefined) throw new RangeError('a Native block was cut off')
    value += (byte & 0x7f) * shift
    if (byte < 0x80) return value
  }
}
