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
const keptBytes = 64 * 2 ** 20
const free = new Map<number, Buffer[]>()
let freeBytes = 0

function placeFor(size: number): Buffer {
  if (size > largestPlace) return Buffer.allocUnsafeSlow(size)
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(size, 2 ** 16)))
  const place = free.get(rounded)?.pop()
  if (!place) return Buffer.allocUnsafeSlow(rounded)
  freeBytes -= rounded
  return place
}

function giveBack(place: Buffer): void {
  const { length } = place
  if (length > largestPlace || freeBytes + length > keptBytes) return
  const others = free.get(length)
  if (others) others.push(place)
  else free.set(length, [place])
  freeBytes += length
}
