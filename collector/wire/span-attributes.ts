import { sameBytes } from '../../storage/byte-dictionary.ts'
import type { ByteBuffer } from '../../storage/bytes.ts'
import { ContentHash } from '../../storage/hash.ts'
import { anyValueText, decodeKeyValue, TooDeepError } from '../../storage/otlp-decode.ts'
import { FieldCursor, MalformedError, viewOf, WireType } from '../../storage/protobuf.ts'
import { messageCount, messages, wellNested } from './check.ts'
import type { Interner } from './interner.ts'
import type { SpanBlock } from './span-block.ts'
import type { Lesson } from './fast-spans.ts'

/** Attributes longer than this stay in the row whatever their key: only short words repeat often enough for a set. */
const longestInterned = 300

/** Field 9 of a Span, length-delimited. */
const attributeTag = 0x4a

const noBytes: Uint8Array = Buffer.alloc(0)

/**
 * Numbers per attribute of the row: begin and end of the KeyValue and of its key, begin of its text (-1: not a plain
 * string; the end is that of the KeyValue), position among the attributes of the span.
 */
const stride = 6

/** Attributes of one span that are guessed from the span before; further ones are looked up. */
const positions = 64

/**
 * The attributes of one span on their way to the interned set, the column `attrs` and `ext`.
 *
 * Spans of one emitter carry the same keys in the same order, and mostly the same values. So each attribute is first
 * compared with the one at its position in the span before: comparing is several times cheaper than looking up a key
 * and hashing a value.
 */
export class SpanAttributes {
  private readonly interner: Interner
  private bytes: Uint8Array = noBytes
  private view = viewOf(noBytes)
  /** Begin and end of each KeyValue of the set. */
  private set = new Int32Array(64)
  private setLength = 0
  private row = new Int32Array(64 * stride)
  private rowLength = 0
  /** By index of key in the block: the span that had it last, to notice a repeated key. */
  private lastSpanWith = new Float64Array(256)
  private span = 0
  private position = 0
  // By position, what was last seen there: begin of the KeyValue and its size (0: nothing), bytes from its begin to the
  // end of its key, whether it is in the set, then its hash, or else the index of its key in the block (-1: unknown).
  private readonly seenAt = new Int32Array(positions)
  private readonly seenSize = new Int32Array(positions)
  private readonly seenKeyEnd = new Int32Array(positions)
  private readonly seenInSet = new Uint8Array(positions)
  private readonly seenHash = Array.from({ length: positions }, () => new ContentHash())
  private readonly seenKey = new Int32Array(positions)
  private readonly unguessed = new ContentHash()
  private readonly slow = new FieldCursor(noBytes)
  /** Whether the next span with these bytes can be told by comparing them. */
  private usual = true
  private learning = new Int32Array(0)

  constructor(interner: Interner) {
    this.interner = interner
  }

  beginRequest(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes
    this.view = view
    this.seenSize.fill(0)
  }

  begin(): void {
    this.setLength = 0
    this.rowLength = 0
    this.position = 0
    this.span++
    this.usual = true
    this.interner.beginSet()
  }

  /**
   * What the span that was finished last looks like, when the next with these bytes can be told by comparing them.
   * @param from begin of its attributes, which follow each other until `to`
   */
  lesson(nameFrom: number, nameTo: number, from: number, to: number): Lesson | undefined {
    if (!this.usual) return undefined
    const { row, interner } = this
    const length = this.rowLength / 2
    if (length > this.learning.length) this.learning = new Int32Array(length * 2)
    for (let i = 0, out = 0; i < this.rowLength; i += stride) {
      this.learning[out++] = row[i]!
      this.learning[out++] = row[i + 1]!
      this.learning[out++] = row[i + 3]!
    }
    const { low, high } = interner.hash
    const set =
      this.setLength > 0
        ? { low, high, epoch: interner.epoch, until: interner.setGoodUntil() }
        : { low: 0, high: 0, epoch: interner.epoch, until: Infinity }
    return { nameFrom, nameTo, from, to, attributes: this.position, row: this.learning, length, set }
  }

  /** One KeyValue message. @throws MalformedError */
  add(from: number, to: number): void {
    messageCount.add()
    const { bytes, view, position: p } = this
    const size = to - from
    this.position++
    const keyEnd = this.seenKeyEnd[p]!
    if (
      p < positions &&
      keyEnd < size &&
      this.seenSize[p]! > 0 &&
      sameBytes(view, this.seenAt[p]!, view, from, keyEnd)
    ) {
      if (this.seenInSet[p] === 0) {
        this.seenAt[p] = from
        // Nothing but the value may follow: further fields could name another key.
        const valueFrom = bytes[from + keyEnd] === 0x12 ? contentAt(bytes, from + keyEnd + 1, to) : -1
        if (valueFrom >= 0) return this.addToRow(from, to, from + 2, from + keyEnd, textAt(bytes, valueFrom, to))
      } else if (
        size === this.seenSize[p] &&
        sameBytes(view, this.seenAt[p]! + keyEnd, view, from + keyEnd, size - keyEnd)
      ) {
        return this.addToSet(from, to, this.seenHash[p]!)
      }
    }
    this.addUnseen(from, to, p)
  }

  private addUnseen(from: number, to: number, p: number): void {
    const { bytes, view, interner } = this
    const keyFrom = from + 2
    const keyTo = to - from > 2 ? keyFrom + bytes[from + 1]! : to
    if (p < positions) this.seenSize[p] = 0
    // The usual form: key shorter than 128 bytes, then the value, and nothing else. Anything else goes the slow way.
    if (keyTo + 2 > to || bytes[from] !== 0x0a || bytes[from + 1]! >= 0x80 || bytes[keyTo] !== 0x12) {
      return this.addUnusual(from, to)
    }
    const valueFrom = contentAt(bytes, keyTo + 1, to)
    if (valueFrom < 0) return this.addUnusual(from, to)

    const isInterned = interner.keys.isInterned(view, keyFrom, keyTo)
    const inSet = isInterned && to - from <= longestInterned
    const hash = p < positions ? this.seenHash[p]! : this.unguessed
    if (inSet !== isInterned) this.usual = false
    // A value too long for the set says nothing about the next one of its key.
    if (p < positions && inSet === isInterned) {
      this.seenAt[p] = from
      this.seenSize[p] = to - from
      this.seenKeyEnd[p] = keyTo - from
      this.seenInSet[p] = inSet ? 1 : 0
      this.seenKey[p] = -1
    }
    if (inSet) {
      interner.hashKeyValue(view, from, to, hash)
      this.addToSet(from, to, hash)
    } else this.addToRow(from, to, keyFrom, keyTo, textAt(bytes, valueFrom, to))
  }

  private addToSet(from: number, to: number, hash: ContentHash): void {
    if (this.setLength === this.set.length) this.set = enlarged(this.set)
    this.set[this.setLength++] = from
    this.set[this.setLength++] = to
    this.interner.hash.addResult(hash)
  }

  /** Any order of fields, repeated or unknown fields, long keys and values. */
  private addUnusual(from: number, to: number): void {
    this.usual = false
    const f = this.slow
    let keyFrom = from
    let keyTo = from
    f.reset(this.bytes, this.view, from, to)
    while (f.next()) {
      if (f.field !== 1) continue
      if (f.wire !== WireType.bytes) throw new MalformedError('field 1 of KeyValue has the wrong wire type')
      keyFrom = f.from
      keyTo = f.to
    }
    this.addToRow(from, to, keyFrom, keyTo, -1)
  }

  private addToRow(from: number, to: number, keyFrom: number, keyTo: number, textFrom: number): void {
    if (this.rowLength + stride > this.row.length) this.row = enlarged(this.row)
    const { row } = this
    let i = this.rowLength
    row[i++] = from
    row[i++] = to
    row[i++] = keyFrom
    row[i++] = keyTo
    row[i++] = textFrom
    row[i++] = this.position - 1
    this.rowLength = i
  }

  /**
   * Writes the columns `attrs` and `attrset` of the row and appends to `ext` what text cannot hold.
   * @returns false, with nothing written, when a value is nested too deep.
   * @throws MalformedError
   */
  finish(spans: SpanBlock, ext: ByteBuffer): boolean {
    const { bytes, view, row, interner } = this
    const extLength = ext.length
    let repeated = false
    for (let i = 0; i < this.rowLength; i += stride) {
      const p = row[i + 5]!
      let key = p < positions && this.seenSize[p]! > 0 ? this.seenKey[p]! : -1
      if (key < 0) {
        key = spans.attrKeys.indexOf(view, row[i + 2]!, row[i + 3]!)
        if (p < positions) this.seenKey[p] = key
      }
      if (key >= this.lastSpanWith.length) this.lastSpanWith = enlarged(this.lastSpanWith, key + 1)
      if (this.lastSpanWith[key] === this.span) repeated = true
      this.lastSpanWith[key] = this.span
      const textFrom = row[i + 4]!
      if (textFrom >= 0) spans.attrValues.pushRange(view, textFrom, row[i + 1]!)
      else if (!this.pushOther(spans, ext, row[i]!, row[i + 1]!)) return false
      spans.attrKeys.pushIndex(key)
    }
    if (repeated) {
      this.usual = false
      this.drop(spans, spans.attrs.rows)
      ext.length = extLength
      this.finishRepeated(spans, ext)
    } else spans.attrs.endRow()

    if (this.setLength === 0) {
      // 0: no interned attributes.
      spans.attrset.data.u64(0, 0)
      return true
    }
    try {
      interner.attributeSet(bytes, this.set, this.setLength)
    } catch (error) {
      this.drop(spans, spans.attrs.rows - 1)
      if (error instanceof TooDeepError) return false
      throw error
    }
    spans.attrset.data.u64(interner.hash.low, interner.hash.high)
    return true
  }

  /** A value that is no plain string: as text, and as it is in `ext`. False, all of the row dropped, when it is nested too deep. */
  private pushOther(spans: SpanBlock, ext: ByteBuffer, from: number, to: number): boolean {
    const integer = this.smallInteger(from, to)
    if (integer >= 0) spans.attrValues.pushDigits(integer)
    else {
      const text = this.valueText(from, to)
      if (text === undefined) {
        this.drop(spans, spans.attrs.rows)
        return false
      }
      spans.attrValues.push(text)
    }
    keepExactly(ext, this.bytes, from, to)
    return true
  }

  /** Drops rows and entries; the dictionary of keys may begin anew, so what was seen of it is forgotten. */
  private drop(spans: SpanBlock, rows: number): void {
    spans.attrs.truncate(rows)
    this.seenSize.fill(0)
  }

  /** A Map cannot hold a key twice: it gets the last value, and `ext` all of them. */
  private finishRepeated(spans: SpanBlock, ext: ByteBuffer): void {
    const texts = new Map<string, string>()
    for (let i = 0; i < this.rowLength; i += stride) {
      const { key, value } = decodeKeyValue(this.bytes, this.row[i]!, this.row[i + 1]!)
      texts.set(key, anyValueText(value))
      keepExactly(ext, this.bytes, this.row[i]!, this.row[i + 1]!)
    }
    spans.attrs.push(texts)
  }

  /** The value as text; undefined when it is nested too deep. @throws MalformedError */
  private valueText(from: number, to: number): string | undefined {
    if (!wellNested(this.bytes, from, to, messages.keyValue)) return undefined
    return anyValueText(decodeKeyValue(this.bytes, from, to).value)
  }

  /** A non-negative int below 2^28 in the usual form (sizes and ports are), or -1. */
  private smallInteger(from: number, to: number): number {
    const { bytes } = this
    if (bytes[from] !== 0x0a || bytes[from + 1]! >= 0x80) return -1
    const valueAt = from + 2 + bytes[from + 1]!
    if (bytes[valueAt] !== 0x12 || bytes[valueAt + 2] !== 0x18 || valueAt + 2 + bytes[valueAt + 1]! !== to) return -1
    let integer = 0
    for (let at = valueAt + 3, shift = 0; at < to && shift <= 21; shift += 7) {
      const byte = bytes[at++]!
      integer |= (byte & 0x7f) << shift
      if (byte < 0x80) return at === to ? integer : -1
    }
    return -1
  }
}

/** Where the content begins whose length is at `at`, when it ends at `end`; or -1. */
function contentAt(bytes: Uint8Array, at: number, end: number): number {
  let size = 0
  for (let shift = 0; at < end && shift <= 21; shift += 7) {
    const byte = bytes[at++]!
    size |= (byte & 0x7f) << shift
    if (byte < 0x80) return at + size === end ? at : -1
  }
  return -1
}

/** Where the text begins of an AnyValue that is a string and nothing else; or -1. */
const textAt = (bytes: Uint8Array, from: number, end: number): number =>
  from < end && bytes[from] === 0x0a ? contentAt(bytes, from + 1, end) : -1

function keepExactly(ext: ByteBuffer, bytes: Uint8Array, from: number, to: number): void {
  ext.u8(attributeTag)
  ext.lengthPrefixed(bytes, from, to)
}

function enlarged<T extends Int32Array | Float64Array>(array: T, atLeast = 0): T {
  const size = Math.max(array.length * 2, atLeast)
  const larger = array instanceof Int32Array ? new Int32Array(size) : new Float64Array(size)
  larger.set(array)
  return larger as T
}
