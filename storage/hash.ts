/** Hashes of byte ranges. `view` must cover the buffer that `from` and `to` index. */

const fmix = (h: number): number => {
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

const readTail = (view: DataView, from: number, to: number): number => {
  let tail = 0
  for (let i = to - 1; i >= from; i--) tail = (tail << 8) | view.getUint8(i)
  return tail
}

/** Changes with every process, so that nobody can prepare keys that collide in a hash table. */
const tableSeed = (Math.random() * 0x1_0000_0000) | 0

/** 32 bits for hash tables in memory: fast on short keys, never stored. */
export function tableHash(view: DataView, from: number, to: number): number {
  let h = tableSeed ^ (to - from)
  let i = from
  for (; i + 4 <= to; i += 4) {
    h = Math.imul(h ^ view.getUint32(i, true), 0x9e3779b1)
    h ^= h >>> 15
  }
  if (i < to) h = Math.imul(h ^ readTail(view, i, to), 0x9e3779b1)
  return fmix(h)
}

/**
 * 64 bits that name content in the store: the same bytes have the same hash in every process and release.
 * Two MurmurHash3-like lanes of 32 bits with their own seeds and multipliers, crossed and avalanched at the end.
 * Continues over several ranges: call `add` for each, then `finish`, which leaves the result in `low` and `high`.
 */
export class ContentHash {
  low = 0
  high = 0
  private a = 0
  private b = 0
  private size = 0

  reset(seed: number): void {
    this.a = 0x2f0b4a27 ^ seed
    this.b = Math.imul(seed, 0x9e3779b1) ^ 0x6b43a9b5
    this.size = 0
  }

  add(view: DataView, from: number, to: number): void {
    let { a, b } = this
    let i = from
    for (; i + 4 <= to; i += 4) {
      const word = view.getUint32(i, true)
      let k = Math.imul(word, 0xcc9e2d51)
      a ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593)
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
      k = Math.imul(word, 0x239b961b)
      b ^= Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
      b = (Math.imul((b << 17) | (b >>> 15), 9) + 0x561ccd1b) | 0
    }
    // The length of each range goes in, so that moving a border between ranges changes the hash.
    const tail = readTail(view, i, to)
    let k = Math.imul(tail, 0x38b34ae5) ^ (to - from)
    a = Math.imul(a ^ ((k << 15) | (k >>> 17)), 0x1b873593)
    k = (Math.imul(tail, 0x239b961b) + Math.imul(to - from, 0xab0e9789)) | 0
    b = Math.imul(b ^ ((k << 18) | (k >>> 14)), 0xa1e38b93)
    this.a = a ^ (a >>> 15)
    this.b = b ^ (b >>> 14)
    this.size += to - from
  }

  /** Continues with the result of another hash. */
  addResult(other: ContentHash): void {
    this.addWord(other.low)
    this.addWord(other.high)
    this.size += 8
  }

  private addWord(word: number): void {
    let k = Math.imul(word, 0xcc9e2d51)
    let lane = this.a ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    this.a = (Math.imul((lane << 13) | (lane >>> 19), 5) + 0xe6546b64) | 0
    k = Math.imul(word, 0x239b961b)
    lane = this.b ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
    this.b = (Math.imul((lane << 17) | (lane >>> 15), 9) + 0x561ccd1b) | 0
  }

  /** Leaves the result in `low` and `high`. */
  finish(): void {
    let a = this.a ^ this.size
    let b = this.b ^ this.size
    a = (a + b) | 0
    b = (b + a) | 0
    a = fmix(a)
    b = fmix(b ^ 0x5bd1e995)
    a = (a + b) | 0
    b = (b + a) | 0
    this.low = a >>> 0
    this.high = b >>> 0
  }
}
