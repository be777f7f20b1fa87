/**
 * The bytes of a message while they come. A large one gets a place that others had before: parts of their own, held until it is whole,
 * would be most of the collector's garbage, and collecting that a third of its work.
 */
export class Body {
  size = 0
  private readonly expected: number
  private parts: Buffer[] = []
  private place: Buffer | undefined

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
    const before = this.size
    this.size += part.length
    // What is announced takes no room before an eighth of it has come.
    if (!this.place && part.length < this.expected && this.size * 8 >= this.expected) this.settle(this.expected)
    if (this.place) part.copy(this.place, before)
    else this.parts.push(part)
  }

  /** All of them as one, valid until `free`. */
  bytes(): Buffer {
    if (!this.place && this.parts.length === 1) return this.parts[0]!
    if (!this.place) this.settle(this.size)
    return this.place!.subarray(0, this.size)
  }

  /** They are needed no more. */
  free(): void {
    if (this.place) giveBack(this.place)
    this.place = undefined
    this.parts = []
    this.size = 0
  }

  private settle(size: number): void {
    this.place = placeFor(size)
    let at = 0
    for (const part of this.parts) at += part.copy(this.place, at)
    this.parts = []
  }
}

/** Places are of sizes that are powers of two, the largest for bodies of 4 MiB; so many bytes of them are kept. */
const largestPlace = 4 * 2 ** 20
const keptBytes = 24 * 2 ** 20
const free = new Map<number, Buffer[]>()
let freeBytes = 0
/** Of others, whose memory it is: used first, always given back. */
const lent = new Map<number, Buffer[]>()
const lenders = new Set<ArrayBufferLike>()

/** Bodies come into these first, all of one size, a power of two, and one memory. @returns when it is called they are let go. */
export function lendPlaces(places: readonly Buffer[]): () => void {
  const [{ length, buffer } = Buffer.alloc(0)] = places
  lent.set(length, [...places, ...(lent.get(length) ?? [])])
  lenders.add(buffer)
  return () => {
    lenders.delete(buffer)
    lent.set(
      length,
      (lent.get(length) ?? []).filter((place) => place.buffer !== buffer),
    )
  }
}

function placeFor(size: number): Buffer {
  if (size > largestPlace) return Buffer.allocUnsafeSlow(size)
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(size, 2 ** 16)))
  const others = lent.get(rounded)?.pop()
  if (others) return others
  const place = free.get(rounded)?.pop()
  if (!place) return Buffer.allocUnsafeSlow(rounded)
  freeBytes -= rounded
  return place
}

function giveBack(place: Buffer): void {
  const { length, buffer } = place
  if (buffer.byteLength !== length) {
    if (lenders.has(buffer)) lent.get(length)?.push(place)
    return
  }
  if (length > largestPlace || freeBytes + length > keptBytes) return
  const others = free.get(length)
  if (others) others.push(place)
  else free.set(length, [place])
  freeBytes += length
}
