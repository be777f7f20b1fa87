/** The protobuf wire format: a cursor for reading and what it takes to write. Knows nothing of any message. */

export const WireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const

/** Bytes that are no protobuf, or not the message they should be. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

/**
 * Walks over the fields of one message: `next()` moves on, then `low` and `high` hold a varint, or `from` and `to` say
 * where bytes or a fixed-width value are. Groups, which OTLP does not use, are malformed. `reset` reuses a cursor, for
 * the collector reads millions of messages a second.
 */
export class FieldCursor {
  bytes: Uint8Array
  private view: DataView
  private at: number
  private end: number
  /** Field number and wire type as on the wire: `field << 3 | wire`. */
  tag = 0
  /** Where the field began, its tag included. */
  tagAt = 0
  low = 0
  high = 0
  from = 0
  to = 0

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.at = from
    this.end = to
  }

  /** @param view covers `bytes`. */
  reset(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    this.bytes = bytes
    this.view = view
    this.at = from
    this.end = to
  }

  get field(): number {
    return this.tag >>> 3
  }
  get wire(): number {
    return this.tag & 7
  }

  /** @throws MalformedError when the bytes are cut off or no field. */
  next(): boolean {
    const { bytes, end } = this
    let at = this.at
    if (at >= end) return false
    this.tagAt = at
    let tag = bytes[at]!
    if (tag < 0x80) this.at = ++at
    else {
      this.varint()
      at = this.at
      tag = this.low
      if (this.high !== 0) throw new MalformedError('invalid field number')
    }
    if (tag < 8) throw new MalformedError('invalid field number')
    this.tag = tag
    switch (tag & 7) {
      case 0:
        this.varint()
        break
      case 1:
        this.fixed(8)
        break
      case 2: {
        let size = at < end ? bytes[at]! : 0x80
        if (size < 0x80) at++
        else {
          this.varint()
          size = this.low
          at = this.at
          if (this.high !== 0) throw new MalformedError('field runs past the end of its message')
        }
        if (size > end - at) throw new MalformedError('field runs past the end of its message')
        this.from = at
        this.to = this.at = at + size
        break
      }
      case 5:
        this.fixed(4)
        break
      default:
        throw new MalformedError(`invalid wire type ${tag & 7}`)
    }
    return true
  }

  /** @throws MalformedError when the field has another wire type. */
  expect(wire: number): void {
    if (this.wire !== wire) throw new MalformedError(`field ${this.field} has wire type ${this.wire}, not ${wire}`)
  }

  /** The end of the current field. */
  get fieldEnd(): number {
    return this.at
  }

  /** Of a varint. */
  int64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low))
  }
  /** Of a fixed32. */
  fixed32(): number {
    return this.view.getUint32(this.from, true)
  }
  /** Of a fixed64. */
  fixed64(): bigint {
    return this.view.getBigUint64(this.from, true)
  }
  /** Of a fixed64. */
  double(): number {
    return this.view.getFloat64(this.from, true)
  }
  text(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.from, this.to - this.from).toString('utf8')
  }
  content(): Uint8Array {
    return this.bytes.subarray(this.from, this.to)
  }
  /** A cursor over the message in the current field. */
  inner(): FieldCursor {
    return new FieldCursor(this.bytes, this.from, this.to)
  }

  private fixed(n: 4 | 8): void {
    if (this.at + n > this.end) throw new MalformedError('message is cut off')
    this.from = this.at
    this.to = this.at += n
  }

  private varint(): void {
    if (this.at < this.end && this.bytes[this.at]! < 0x80) {
      this.low = this.bytes[this.at++]!
      this.high = 0
      return
    }
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw new MalformedError('message is cut off')
      const byte = this.bytes[this.at++]!
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        this.low = low >>> 0
        this.high = high >>> 0
        return
      }
    }
    throw new MalformedError('varint is longer than ten bytes')
  }
}

/** A view over exactly these bytes. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
