/**
 * Stable 64-bit identities as 16 hex digits. They are stored and shared in links, so the function never changes:
 * two 32-bit lanes of multiply-xor over UTF-16 code units, each finished with the murmur3 finaliser.
 */
export function hash64(parts: readonly string[]): string {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const unit = part.charCodeAt(i)
      a = Math.imul(a ^ unit, 0x9e3779b1)
      b = Math.imul(b ^ unit, 0x5f356495)
    }
    // A unit that UTF-16 text cannot hold alone ends each part, so that ['ab', 'c'] is not ['a', 'bc'].
    a = Math.imul(a ^ 0x1ffff, 0x9e3779b1)
    b = Math.imul(b ^ 0x1ffff, 0x5f356495)
  }
  return hex32(mix(a ^ (b >>> 16))) + hex32(mix(b ^ (a >>> 16)))
}

/** Murmur3's 32-bit finaliser: every input bit reaches every output bit. */
export function mix(h: number): number {
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const digits = Uint8Array.from({ length: 0x80 }, (_, code) => parseInt(String.fromCharCode(code), 16) || 0)

/** The last eight hex digits of an id as a number: what is chosen by it is chosen at random, the same each time. */
export function lastWord(id: string): number {
  let word = 0
  for (let i = Math.max(0, id.length - 8); i < id.length; i++) word = (word << 4) | digits[id.charCodeAt(i)]!
  return word >>> 0
}

const hex16 = Array.from({ length: 0x10000 }, (_, n) => n.toString(16).padStart(4, '0'))

export const hex32 = (n: number): string => hex16[n >>> 16]! + hex16[n & 0xffff]!
