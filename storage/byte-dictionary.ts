import { ByteBuffer } from './bytes.ts'
import { tableHash } from './hash.ts'

/** Numbers distinct byte strings 0, 1, 2, … without making a JavaScript string of any. */
export class ByteDictionary {
  /** All entries one after the other, each after its length: as ClickHouse wants a dictionary. */
  readonly content = new ByteBuffer()
  size = 0
  private starts = new Uint32Array(64)
  private lengths = new Uint32Array(64)
  private hashes = new Int32Array(64)
  private slots = new Int32Array(128).fill(-1)

  /** The number of `source[from, to)`, given now if it is new; `view` covers `source`. */
  indexOf(source: Uint8Array, view: DataView, from: number, to: number): number {
    const hash = tableHash(view, from, to)
    const slot = this.slotOf(source, from, to, hash)
    const entry = this.slots[slot]!
    return entry >= 0 ? entry : this.add(source, from, to, hash, slot)
  }

  /** The number of `source[from, to)`, or -1. */
  find(source: Uint8Array, view: DataView, from: number, to: number): number {
    return this.slots[this.slotOf(source, from, to, tableHash(view, from, to))]!
  }

  /** Where the entry is, or would be. */
  private slotOf(source: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]!
      if (entry < 0) return slot
      if (this.hashes[entry] === hash && this.lengths[entry] === to - from && this.same(entry, source, from))
        return slot
    }
  }

  private same(entry: number, source: Uint8Array, from: number): boolean {
    const bytes = this.content.bytes
    const start = this.starts[entry]!
    const length = this.lengths[entry]!
    for (let i = 0; i < length; i++) if (bytes[start + i] !== source[from + i]) return false
    return true
  }

  private add(source: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const entry = this.size++
    if (entry === this.starts.length) {
      this.starts = doubled(this.starts, new Uint32Array(entry * 2))
      this.lengths = doubled(this.lengths, new Uint32Array(entry * 2))
      this.hashes = doubled(this.hashes, new Int32Array(entry * 2))
    }
    this.content.lengthPrefixed(source, from, to)
    this.starts[entry] = this.content.length - (to - from)
    this.lengths[entry] = to - from
    this.hashes[entry] = hash
    this.slots[slot] = entry
    if (this.size * 2 > this.slots.length) this.rehash()
    return entry
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.size; entry++) {
      let slot = this.hashes[entry]! & mask
      while (slots[slot]! >= 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.slots = slots
  }

  clear(): void {
    this.content.length = 0
    this.size = 0
    if (this.slots.length > 4096) this.slots = new Int32Array(128)
    this.slots.fill(-1)
  }
}

export const doubled = <T extends Float64Array | Uint32Array | Int32Array>(from: T, to: T): T => {
  to.set(from)
  return to
}
