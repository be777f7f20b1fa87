/**
 * Entries by 64-bit id, given as its halves: neither a bigint nor a Map of Maps, of which one look-up a span and dictionary
 * would cost more than all else about the span. Ids are hashes already; linear probing in a table that is at most half full.
 */
export class IdTable<Entry> {
  size = 0
  private halves = new Int32Array(2 * 1024)
  private entries: (Entry | undefined)[] = new Array<Entry | undefined>(1024).fill(undefined)

  find(low: number, high: number): Entry | undefined {
    return this.entries[this.slotOf(low, high)]
  }

  /** What is there already stays. */
  add(low: number, high: number, entry: Entry): void {
    const slot = this.slotOf(low, high)
    if (this.entries[slot] !== undefined) return
    this.put(slot, low, high, entry)
    if (++this.size * 2 > this.entries.length) this.grow()
  }

  /** Where the entry is, or would be. */
  private slotOf(low: number, high: number): number {
    const { halves, entries } = this
    const mask = entries.length - 1
    let slot = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
    slot = (slot ^ (slot >>> 15)) & mask
    while (entries[slot] !== undefined && (halves[2 * slot] !== (low | 0) || halves[2 * slot + 1] !== (high | 0)))
      slot = (slot + 1) & mask
    return slot
  }

  private put(slot: number, low: number, high: number, entry: Entry): void {
    this.halves[2 * slot] = low
    this.halves[2 * slot + 1] = high
    this.entries[slot] = entry
  }

  private grow(): void {
    const { halves, entries } = this
    this.halves = new Int32Array(2 * halves.length)
    this.entries = new Array<Entry | undefined>(2 * entries.length).fill(undefined)
    entries.forEach((entry, i) => {
      if (entry === undefined) return
      const [low, high] = [halves[2 * i]!, halves[2 * i + 1]!]
      this.put(this.slotOf(low, high), low, high, entry)
    })
  }
}
