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

  /** The number of the bytes `from`..`to` of `source`, given now if they are new. */
  indexOf(source: DataView, from: number, to: number): number {
    const hash = tableHash(source, from, to)
    const slot = this.slotOf(source, from, to, hash)
    const entry = this.slots[slot]!
    return entry >= 0 ? entry : this.add(source, from, to, hash, slot)
  }

  /** The number of the bytes `from`..`to` of `source`, or -1. */
  find(source: DataView, from: number, to: number): number {
    return this.slots[this.slotOf(source, from, to, tableHash(source, from, to))]!
  }

  /** Where the entry is, or would be. */
  private slotOf(source: DataView, from: number, to: number, hash: number): number {
    const mask = this.slots.length - 1
    const length = to - from
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]!
      if (entry < 0) return slot
      if (this.hashes[entry] !== hash || this.lengths[entry] !== length) continue
      if (sameBytes(this.content.view, this.starts[entry]!, source, from, length)) return slot
    }
  }

  private add(source: DataView, from: number, to: number, hash: number, slot: number): number {
    const entry = this.size++
    if (entry === this.starts.length) {
      this.starts = doubled(this.starts, new Uint32Array(entry * 2))
      this.lengths = doubled(this.lengths, new Uint32Array(entry * 2))
      this.hashes = doubled(this.hashes, new Int32Array(entry * 2))
    }
    this.content.varuint(to - from)
    this.starts[entry] = this.content.length
    this.content.copyView(source, from, to)
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

/** Whether `length` bytes of two views are equal. */
export function sameBytes(a: DataView, aFrom: number, b: DataView, bFrom: number, length: number): boolean {
  let i = 0
  for (; i + 8 <= length; i += 8) {
    const first = a.getInt32(aFrom + i, true) ^ b.getInt32(bFrom + i, true)
    const second = a.getInt32(aFrom + i + 4, true) ^ b.getInt32(bFrom + i + 4, true)
    if ((first | second) !== 0) return false
  }
  for (; i < length; i++) if (a.getUint8(aFrom + i) !== b.getUint8(bFrom + i)) return false
  return true
}

export const doubled = <T extends Float64Array | Uint32Array | Int32Array>(from: T, to: T): T => {
  to.set(from)
  return to
}
