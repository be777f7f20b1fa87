/** The protobuf wire format: a cursor for reading and what it takes to write. Knows nothing of any message. */

export const WireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const

/** Bytes that are no protobuf, or not the message they should be. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

/**
 * Walks over the fields of one message: `next()` moves on, then exactly one of `low`/`high` (varint, fixed) or
 * `from`/`to` (bytes) holds the value. Groups, which OTLP does not use, are malformed.
 */
export class FieldCursor {
  readonly bytes: Uint8Array
  private readonly view: DataView
  private at: number
  private readonly end: number
  field = 0
  wire = 0
  /** Where the field began, its tag included. */
  tagAt = 0
  low = 0
  high = 0
  from = 0
  to = 0

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = from
    this.end = to
  }

  /** @throws MalformedError when the bytes are cut off or no field. */
  next(): boolean {
    if (this.at >= this.end) return false
    this.tagAt = this.at
    this.varint()
    this.field = this.low >>> 3
    this.wire = this.low & 7
    if (this.field === 0 || this.high !== 0) throw new MalformedError('invalid field number')
    if (this.wire === WireType.varint) this.varint()
    else if (this.wire === WireType.fixed64) this.fixed(8)
    else if (this.wire === WireType.fixed32) this.fixed(4)
    else if (this.wire === WireType.bytes) {
      this.varint()
      this.from = this.at
      this.to = this.at + this.low
      if (this.high !== 0 || this.to > this.end) throw new MalformedError('field runs past the end of its message')
      this.at = this.to
    } else throw new MalformedError(`invalid wire type ${this.wire}`)
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

  uint64(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0)
  }
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64())
  }
  double(): number {
    return this.view.getFloat64(this.at - 8, true)
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
    this.low = this.view.getUint32(this.at, true)
    this.high = n === 8 ? this.view.getUint32(this.at + 4, true) : 0
    this.at += n
  }

  private varint(): void {
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
