/**
 * Which 64-bit ids are already in the store, and since when. Bounded: when it is full it forgets everything, which
 * costs some rows written twice and nothing else. An id that is forgotten or too old is simply written again.
 */
export class IdCache {
  private readonly capacity: number
  private size = 0
  private lows: Uint32Array
  private highs: Uint32Array
  /** Unix seconds of the writing; 0: free or taken back. */
  private writtenAt: Float64Array
  private used: Uint8Array
  /** How often it has forgotten everything. */
  clears = 0

  /** @param capacity a power of two; half of it is used. */
  constructor(capacity = 1 << 18) {
    this.capacity = capacity
    this.lows = new Uint32Array(capacity)
    this.highs = new Uint32Array(capacity)
    this.writtenAt = new Float64Array(capacity)
    this.used = new Uint8Array(capacity)
  }

  private slotOf(low: number, high: number): number {
    const mask = this.capacity - 1
    let slot = low & mask
    while (this.used[slot] === 1 && (this.lows[slot] !== low || this.highs[slot] !== high)) slot = (slot + 1) & mask
    return slot
  }

  /** Whether the id was written after `since` (Unix seconds). */
  has(low: number, high: number, since: number): boolean {
    return this.writtenAt[this.slotOf(low, high)]! > since
  }

  /** When the id was written, Unix seconds; 0 when that is not known. */
  writtenAtOf(low: number, high: number): number {
    return this.writtenAt[this.slotOf(low, high)]!
  }

  add(low: number, high: number, now: number): void {
    if (this.size * 2 >= this.capacity) this.clear()
    const slot = this.slotOf(low, high)
    if (this.used[slot] === 0) this.size++
    this.used[slot] = 1
    this.lows[slot] = low
    this.highs[slot] = high
    this.writtenAt[slot] = now
  }

  /** Takes an `add` back. */
  forget(low: number, high: number): void {
    const slot = this.slotOf(low, high)
    if (this.used[slot] === 1) this.writtenAt[slot] = 0
  }

  clear(): void {
    this.clears++
    this.size = 0
    this.used.fill(0)
    this.writtenAt.fill(0)
  }
}
