import { sameBytes } from '../../storage/byte-dictionary.ts'
import { tableHash } from '../../storage/hash.ts'
import { viewOf } from '../../storage/protobuf.ts'
import type { SpanBlock } from './span-block.ts'

/**
 * What the attributes of a span of one operation looked like: the next span of it mostly has the same bytes but for a few values.
 * Comparing bytes is several times cheaper than reading attributes, hashing them and looking up what they are.
 *
 * A template is a list of segments. Bytes of one or more interned attributes must come again as they were; of an
 * attribute that stays in the row only the key must, and its value is found behind it.
 */
export class Template {
  /** Segments: begin and size of their bytes in `view`, and 1 for an attribute of the row. */
  readonly segments: Int32Array
  /** The name of the span, then the bytes of the segments. */
  readonly view: DataView
  readonly nameSize: number
  /** How many attributes it has. */
  readonly attributes: number
  readonly setLow: number
  readonly setHigh: number
  /** `Interner.epoch` when this was learned, and until when (Unix seconds) the set needs no writing. */
  readonly epoch: number
  readonly until: number
  /** Of the block it was last used with: indexes of the name and of the keys of the row in their dictionaries. */
  nameIndex = 0
  private namesOf = -1
  readonly keyIndexes: Int32Array
  private keysOf = -1

  constructor(
    bytes: Uint8Array,
    nameSize: number,
    attributes: number,
    segments: Int32Array,
    keys: number,
    set: LearnedSet,
  ) {
    this.attributes = attributes
    this.view = viewOf(bytes)
    this.nameSize = nameSize
    this.segments = segments
    this.keyIndexes = new Int32Array(keys)
    this.setLow = set.low
    this.setHigh = set.high
    this.epoch = set.epoch
    this.until = set.until
  }

  /** Fills the indexes for a block whose dictionaries may be others than the last time. */
  prepare({ name, attrKeys }: SpanBlock): void {
    if (this.namesOf !== name.generation) {
      this.nameIndex = name.indexOf(this.view, 0, this.nameSize)
      this.namesOf = name.generation
    }
    if (this.keysOf === attrKeys.generation) return
    const { segments, keyIndexes } = this
    for (let i = 0, key = 0; i < segments.length; i += 3) {
      // The key lies between its tag and length and the tag of the value.
      if (segments[i + 2] === 1)
        keyIndexes[key++] = attrKeys.indexOf(this.view, segments[i]! + 2, segments[i]! + segments[i + 1]! - 1)
    }
    this.keysOf = attrKeys.generation
  }
}

export interface LearnedSet {
  low: number
  high: number
  epoch: number
  until: number
}

/** Where the content begins whose length is at `at`, when it ends at `end`; or -1. */
export function contentAt(bytes: Uint8Array, at: number, end: number): number {
  let size = 0
  for (let shift = 0; at < end && shift <= 21; shift += 7) {
    const byte = bytes[at++]!
    size |= (byte & 0x7f) << shift
    if (byte < 0x80) return at + size === end ? at : -1
  }
  return -1
}

/** Where the text begins of an AnyValue that is a string and nothing else; or -1. */
export const textAt = (bytes: Uint8Array, from: number, end: number): number =>
  from < end && bytes[from] === 0x0a ? contentAt(bytes, from + 1, end) : -1

/** Numbers per attribute of the row in `SpanTemplates.row`: begin and end of its KeyValue, begin of its text or -1. */
export const rowStride = 3

const ways = 2
/** A power of two. */
const places = 2048
const mostBytes = 4096

/** Field 9 of a Span, length-delimited. */
const attributeTag = 0x4a

/** The templates of the operations seen last, by name and whatever else the caller tells operations by. */
export class SpanTemplates {
  private readonly known: (Template | undefined)[] = Array.from({ length: places * ways })
  private place = 0
  private turn = 0
  /** Of the span that matched: its attributes that stay in the row. */
  row = new Int32Array(32 * rowStride)
  rows = 0
  /** Where the attributes of the span that matched end. */
  end = 0

  /**
   * Finds what a span with this name looked like and whose attributes, which begin at `from`, match it.
   * @param salt what else tells operations apart. @param end of the span
   */
  find(
    bytes: Uint8Array,
    view: DataView,
    nameFrom: number,
    nameTo: number,
    salt: number,
    from: number,
    end: number,
  ): Template | undefined {
    this.place = ((tableHash(view, nameFrom, nameTo) ^ Math.imul(salt, 0x9e3779b1)) & (places - 1)) * ways
    for (let way = 0; way < ways; way++) {
      const template = this.known[this.place + way]
      if (
        template !== undefined &&
        template.nameSize === nameTo - nameFrom &&
        sameBytes(template.view, 0, view, nameFrom, template.nameSize) &&
        this.matches(template, bytes, view, from, end)
      )
        return template
    }
    return undefined
  }

  private matches(template: Template, bytes: Uint8Array, view: DataView, from: number, end: number): boolean {
    const { segments } = template
    let at = from
    let rows = 0
    for (let i = 0; i < segments.length; i += 3) {
      const size = segments[i + 1]!
      if (segments[i + 2] === 0) {
        if (size > end - at || !sameBytes(template.view, segments[i]!, view, at, size)) return false
        at += size
        continue
      }
      if (at + 3 > end || bytes[at] !== attributeTag) return false
      let length = bytes[at + 1]!
      at += 2
      if (length >= 0x80) {
        const more = bytes[at++]!
        if (more >= 0x80) return false
        length = (length & 0x7f) | (more << 7)
      }
      const to = at + length
      if (to > end || size > length || !sameBytes(template.view, segments[i]!, view, at, size)) return false
      const value = contentAt(bytes, at + size, to)
      if (value < 0) return false
      this.row[rows] = at
      this.row[rows + 1] = to
      this.row[rows + 2] = textAt(bytes, value, to)
      rows += rowStride
      at = to
    }
    this.rows = rows
    this.end = at
    return at === end || bytes[at] !== attributeTag
  }

  /**
   * Keeps what the span looked like that `find` was last asked about.
   * @param from begin of its attributes, which follow each other until `to`. @param attributes how many they are
   * @param row begin and end of the KeyValue and end of the key of each attribute of the row, `length` numbers
   */
  learn(
    source: Uint8Array,
    nameFrom: number,
    nameTo: number,
    from: number,
    to: number,
    attributes: number,
    row: Int32Array,
    length: number,
    set: LearnedSet,
  ): void {
    const nameSize = nameTo - nameFrom
    if (nameSize + to - from > mostBytes || (length / 3) * rowStride > this.row.length) return
    const segments: number[] = []
    const pieces: Uint8Array[] = [source.subarray(nameFrom, nameTo)]
    let size = nameSize
    const add = (begin: number, end: number, inRow: 0 | 1) => {
      if (begin === end) return
      segments.push(size, end - begin, inRow)
      pieces.push(source.subarray(begin, end))
      size += end - begin
    }
    let at = from
    for (let i = 0; i < length; i += 3) {
      const begin = row[i]!
      const tag = begin - (row[i + 1]! - begin < 0x80 ? 2 : 3)
      if (tag < at || source[tag] !== attributeTag) return
      add(at, tag, 0)
      // With the tag of the value.
      add(begin, row[i + 2]! + 1, 1)
      at = row[i + 1]!
    }
    add(at, to, 0)
    this.turn ^= 1
    this.known[this.place + this.turn] = new Template(
      Buffer.concat(pieces),
      nameSize,
      attributes,
      Int32Array.from(segments),
      length / 3,
      set,
    )
  }
}
