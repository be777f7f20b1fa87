/**
 * A bounded memory of trace ids that have facts: 64 bits an id in typed arrays, so that millions cost tens of
 * megabytes. "Maybe" may be wrong once in 2^64 / size; "no" is right for whatever was remembered since `sinceMs`.
 */
export interface RecentIds {
  /** Two generations: when the young one is full it becomes the old one, and the old one is forgotten. */
  young: Generation
  old: Generation
  readonly maxPerGeneration: number
}

interface Generation {
  /** Pairs of 32-bit words, open addressing; (0, 0) is an empty slot. */
  slots: Uint32Array
  size: number
  /** Unix ms when its first id was remembered. */
  sinceMs: number
}

const firstSlots = 1 << 12

export function recentIds(maxPerGeneration = 2_000_000): RecentIds {
  const forever = { slots: new Uint32Array(2 * firstSlots), size: 0, sinceMs: -Infinity }
  return { young: forever, old: generation(-Infinity), maxPerGeneration }
}

/** Starts a new generation at `atMs`; what was remembered so far is complete since `completeSinceMs`. */
export function startGeneration(recent: RecentIds, atMs: number, completeSinceMs = recent.young.sinceMs): void {
  recent.old = recent.young
  recent.old.sinceMs = completeSinceMs
  recent.young = generation(atMs)
}

const scratch = Buffer.alloc(16)

/** The bytes of 32 hex digits, until it is called again: a buffer an id is more garbage than a trace is worth. */
export function bytesOfId(traceId: string): Uint8Array {
  scratch.write(traceId, 'hex')
  return scratch
}

/** Remembers an id of 16 bytes that got its facts at `atMs`. */
export function remember(recent: RecentIds, id: Uint8Array, atMs: number): void {
  if (recent.young.size >= recent.maxPerGeneration) startGeneration(recent, atMs)
  insert(recent.young, word(id, 0), word(id, 4))
}

export function maybeRemembers({ young, old }: RecentIds, id: Uint8Array): boolean {
  const a = word(id, 0)
  const b = word(id, 4)
  return has(young, a, b) || has(old, a, b)
}

/** Every id that got its facts after this instant (Unix ms) is remembered. */
export function rememberedSince({ old }: RecentIds): number {
  return old.sinceMs
}

function generation(sinceMs: number): Generation {
  return { slots: new Uint32Array(2 * firstSlots), size: 0, sinceMs }
}

/** The halves of the id are folded, so that ids which are random in one half only (some are) do not collide. */
function word(id: Uint8Array, at: number): number {
  return (read32(id, at) ^ Math.imul(read32(id, at + 8), 0x9e3779b1)) >>> 0
}

const read32 = (id: Uint8Array, at: number): number =>
  id[at]! | (id[at + 1]! << 8) | (id[at + 2]! << 16) | (id[at + 3]! << 24)

function slotOf(slots: Uint32Array, a: number, b: number): number {
  const mask = slots.length / 2 - 1
  let slot = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0xc2b2ae35)
  slot = (slot ^ (slot >>> 15)) & mask
  for (; ; slot = (slot + 1) & mask) {
    const x = slots[2 * slot]!
    const y = slots[2 * slot + 1]!
    if ((x === a && y === b) || (x === 0 && y === 0)) return slot
  }
}

/** The one id whose words are both 0 cannot be told from an empty slot: it always counts as remembered. */
function has({ slots }: Generation, a: number, b: number): boolean {
  const slot = slotOf(slots, a, b)
  return slots[2 * slot] === a && slots[2 * slot + 1] === b
}

function insert(into: Generation, a: number, b: number): void {
  const slot = slotOf(into.slots, a, b)
  if (into.slots[2 * slot] === a && into.slots[2 * slot + 1] === b) return
  into.slots[2 * slot] = a
  into.slots[2 * slot + 1] = b
  into.size++
  if (into.size * 4 > into.slots.length) grow(into)
}

function grow(into: Generation): void {
  const { slots } = into
  into.slots = new Uint32Array(slots.length * 2)
  into.size = 0
  for (let i = 0; i < slots.length; i += 2) {
    if (slots[i] !== 0 || slots[i + 1] !== 0) insert(into, slots[i]!, slots[i + 1]!)
  }
}
