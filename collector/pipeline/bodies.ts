/**
 * The bytes of a message while they come. All but the smallest come into memory that others had before: parts of their own, held until it is
 * whole, would be most of the collector's garbage, and collecting that a third of its work. A message of up to 2 MiB that says how long it is lies there
 * in one piece; a larger one in pieces of which only the last is not full, so that nothing takes more room than has come.
 */
export class Body {
  size = 0
  private readonly expected: number
  private parts: Buffer[] = []
  private pieces: Piece[] = []
  /** Of the last piece. */
  private used = 0

  /** @param expected bytes that are announced and never exceeded; 0: not known. */
  constructor(expected = 0) {
    this.expected = expected
  }

  static of(bytes: Buffer): Body {
    const body = new Body()
    body.add(bytes)
    return body
  }

  add(part: Buffer): void {
    this.size += part.length
    if (this.pieces.length > 0) return this.put(part)
    this.parts.push(part)
    const { size, expected } = this
    // What is announced takes no room before an eighth of it has come; what is there whole is left where it is.
    const much = expected > 0 ? size * 8 >= expected : size > mostParts
    if (much && part.length < Math.max(expected, size)) this.settle()
  }

  /**
   * All of them as one, valid until `free`.
   * @param scratch where to put them together when they lie in pieces and fit; valid then until somebody else uses it.
   */
  bytes(scratch?: Buffer): Buffer {
    if (this.pieces.length === 0 && this.parts.length === 1) return this.parts[0]!
    if (this.pieces.length === 0) this.settle()
    if (this.pieces.length === 1) return this.pieces[0]!.bytes.subarray(0, this.size)
    const { size } = this
    const whole = scratch && size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size)
    let at = 0
    for (const { bytes } of this.pieces) at += bytes.copy(whole, at, 0, size - at)
    if (whole.buffer === scratch?.buffer) return whole
    this.free()
    this.parts = [whole]
    this.size = size
    return whole
  }

  /** They are needed no more. */
  free(): void {
    for (const piece of this.pieces) piece.free()
    this.pieces = []
    this.parts = []
    this.size = 0
  }

  /** From parts to pieces. */
  private settle(): void {
    const { parts } = this
    this.parts = []
    const size = Math.max(this.expected, this.size)
    this.pieces = [pieceOf(size <= largestWhole ? size : pieceBytes)]
    this.used = 0
    for (const part of parts) this.put(part)
  }

  private put(part: Buffer): void {
    for (let at = 0; at < part.length;) {
      let last = this.pieces.at(-1)!
      if (this.used === last.bytes.length) {
        this.pieces.push((last = pieceOf(pieceBytes)))
        this.used = 0
      }
      const copied = part.copy(last.bytes, this.used, at)
      this.used += copied
      at += copied
    }
  }
}

/** A message of unknown length is kept as it came up to so many bytes. */
const mostParts = 2 ** 18
const largestWhole = 2 * 2 ** 20
const pieceBytes = 2 ** 19

/** A piece of memory that is somebody's until `free`. */
interface Piece {
  readonly bytes: Buffer
  free(): void
}

const unitBytes = 2 ** 17

/** Memory that messages come into, its units and which of them are taken. */
interface Room {
  readonly memory: Buffer
  readonly taken: Uint8Array
}

/** Of others, whose memory it is: used as long as it is lent. */
const rooms: Room[] = []

/** Bodies come into this memory as long as there is room. @returns when it is called it is let go. */
export function lendRoom(memory: Buffer): () => void {
  const room = { memory, taken: new Uint8Array(Math.floor(memory.length / unitBytes)) }
  rooms.push(room)
  return () => void rooms.splice(rooms.indexOf(room), 1)
}

/** From the beginning of the first room that has as many units in a row: what was used before is used again, and no more of it than is needed at a time. */
function pieceOf(size: number): Piece {
  const units = Math.max(1, Math.ceil(size / unitBytes))
  for (const { memory, taken } of rooms) {
    const at = firstFree(taken, units)
    if (at < 0) continue
    taken.fill(1, at, at + units)
    return {
      bytes: memory.subarray(at * unitBytes, (at + units) * unitBytes),
      free: () => void taken.fill(0, at, at + units),
    }
  }
  return { bytes: Buffer.allocUnsafeSlow(units * unitBytes), free: () => {} }
}

/** Where so many units in a row are free, or -1. */
function firstFree(taken: Uint8Array, units: number): number {
  for (let at = taken.indexOf(0); at >= 0 && at + units <= taken.length;) {
    let end = at + 1
    while (end < at + units && taken[end] === 0) end++
    if (end === at + units) return at
    at = taken.indexOf(0, end)
  }
  return -1
}
