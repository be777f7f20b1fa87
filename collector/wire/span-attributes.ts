import type { ByteBuffer } from '../../storage/bytes.ts'
import { anyValueText, decodeKeyValue, TooDeepError } from '../../storage/otlp-decode.ts'
import { FieldCursor, MalformedError, viewOf, WireType } from '../../storage/protobuf.ts'
import { messages, wellNested } from './check.ts'
import type { Interner } from './interner.ts'
import type { SpanBlock } from './span-block.ts'

/** Attributes longer than this stay in the row whatever their key: only short words repeat often enough for a set. */
const longestInterned = 300

/** Field 9 of a Span, length-delimited. */
const attributeTag = 0x4a

const noBytes = new Uint8Array(0)

/** Numbers per attribute of the row: KeyValue, key and string each with begin and end; string begin -1: not a plain string. */
const stride = 6

/** The attributes of one span on their way to the interned set, the column `attrs` and `ext`. */
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
  private readonly slow = new FieldCursor(noBytes)

  constructor(interner: Interner) {
    this.interner = interner
  }

  begin(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes
    this.view = view
    this.setLength = 0
    this.rowLength = 0
    this.span++
    this.interner.beginSet()
  }

  /** One KeyValue message. @throws MalformedError */
  add(from: number, to: number): void {
    const { bytes } = this
    // The usual form: key shorter than 128 bytes, then the value, and nothing else. Anything else goes the slow way.
    const keyFrom = from + 2
    const keyTo = to - from > 2 ? keyFrom + bytes[from + 1]! : to
    if (keyTo + 2 > to || bytes[from] !== 0x0a || bytes[from + 1]! >= 0x80 || bytes[keyTo] !== 0x12) {
      return this.addUnusual(from, to)
    }
    let valueFrom = keyTo + 1
    let valueSize = 0
    for (let shift = 0; ; shift += 7) {
      if (valueFrom >= to || shift > 21) return this.addUnusual(from, to)
      const byte = bytes[valueFrom++]!
      valueSize |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (valueFrom + valueSize !== to) return this.addUnusual(from, to)

    if (to - from <= longestInterned && this.interner.keys.isInterned(bytes, this.view, keyFrom, keyTo)) {
      if (this.setLength === this.set.length) this.set = enlarged(this.set)
      this.set[this.setLength++] = from
      this.set[this.setLength++] = to
      this.interner.hash.add(this.view, from, to)
      return
    }
    let textFrom = -1
    if (valueSize >= 2 && bytes[valueFrom] === 0x0a) {
      let size = 0
      let at = valueFrom + 1
      for (let shift = 0; shift <= 21 && at < to; shift += 7) {
        const byte = bytes[at++]!
        size |= (byte & 0x7f) << shift
        if (byte >= 0x80) continue
        if (at + size === to) textFrom = at
        break
      }
    }
    this.addToRow(from, to, keyFrom, keyTo, textFrom)
  }

  /** Any order of fields, repeated or unknown fields, long keys and values. */
  private addUnusual(from: number, to: number): void {
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
    row[i++] = to
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
      const key = spans.attrKeys.indexOf(bytes, view, row[i + 2]!, row[i + 3]!)
      if (key >= this.lastSpanWith.length) this.lastSpanWith = enlarged(this.lastSpanWith, key + 1)
      if (this.lastSpanWith[key] === this.span) repeated = true
      this.lastSpanWith[key] = this.span
      const textFrom = row[i + 4]!
      if (textFrom >= 0) spans.attrValues.pushRange(bytes, textFrom, row[i + 5]!)
      else {
        const text = this.valueText(row[i]!, row[i + 1]!)
        if (text === undefined) {
          spans.attrs.truncate(spans.attrs.rows)
          return false
        }
        spans.attrValues.push(text)
        keepExactly(ext, bytes, row[i]!, row[i + 1]!)
      }
      spans.attrKeys.pushIndex(key)
    }
    if (repeated) {
      spans.attrs.truncate(spans.attrs.rows)
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
      spans.attrs.truncate(spans.attrs.rows - 1)
      if (error instanceof TooDeepError) return false
      throw error
    }
    spans.attrset.data.u64(interner.hash.low, interner.hash.high)
    return true
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
}

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
