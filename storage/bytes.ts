/**
 * A growable little-endian byte buffer. `bytes` is replaced when it grows, so never keep it across a write.
 * A class because its fields are the hottest state of the collector and one hidden class keeps them fast.
 */
export class ByteBuffer {
  bytes: Buffer
  view: DataView
  length = 0

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `n` more bytes. */
  reserve(n: number): void {
    const needed = this.length + n
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.length, value, true)
    this.length += 2
  }

  u32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.length, value, true)
    this.length += 4
  }

  /** A 64-bit integer from its low and high 32 bits. */
  u64(low: number, high: number): void {
    this.reserve(8)
    this.view.setUint32(this.length, low, true)
    this.view.setUint32(this.length + 4, high, true)
    this.length += 8
  }

  /** A signed 64-bit integer that a number holds exactly. */
  i64(value: number): void {
    this.u64(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0)
  }

  f64(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /** LEB128 of a non-negative integer below 2^53. */
  varuint(value: number): void {
    this.reserve(8)
    while (value > 0x7f) {
      this.bytes[this.length++] = (value & 0x7f) | 0x80
      value = value > 0x7fffffff ? Math.floor(value / 128) : value >>> 7
    }
    this.bytes[this.length++] = value
  }

  /** Copies `source[from, to)`. */
  copy(source: Uint8Array, from: number, to: number): void {
    const n = to - from
    this.reserve(n)
    // A call into the runtime costs as much as about 40 bytes in a loop.
    if (n <= 40) {
      const target = this.bytes
      let at = this.length
      for (let i = from; i < to; i++) target[at++] = source[i]!
    } else {
      this.bytes.set(source.subarray(from, to), this.length)
    }
    this.length += n
  }

  /** As `copy`, four bytes at a time: for the short pieces of which there are millions. */
  copyView(source: DataView, from: number, to: number): void {
    const n = to - from
    this.reserve(n)
    if (n > 400) {
      this.bytes.set(new Uint8Array(source.buffer, source.byteOffset + from, n), this.length)
      this.length += n
      return
    }
    const { view } = this
    let at = this.length
    let i = from
    for (; i + 4 <= to; i += 4, at += 4) view.setUint32(at, source.getUint32(i, true), true)
    for (; i < to; i++, at++) view.setUint8(at, source.getUint8(i))
    this.length = at
  }

  /** A string as ClickHouse and protobuf write it: length, then the bytes. */
  lengthPrefixed(source: Uint8Array, from: number, to: number): void {
    this.varuint(to - from)
    this.copy(source, from, to)
  }

  /** UTF-8 of `text` after its length in bytes. */
  string(text: string): void {
    const size = Buffer.byteLength(text)
    this.varuint(size)
    this.reserve(size)
    this.length += this.bytes.write(text, this.length)
  }

  /** The bytes written so far, valid until the next write. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** A copy of the bytes written so far. */
  toBytes(): Buffer {
    return Buffer.from(this.written())
  }
}
