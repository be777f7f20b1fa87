/**
 * Sums by key of a log bucket (algorithms.md section 7), in an array from the least key that occurred to the highest: values of one
 * kind lie within a few octaves. Integers below 2^53.
 */
export class Buckets {
  private first = 0
  private sums = nothing

  add(key: number, by: number): void {
    const at = key - this.first
    if (at >= 0 && at < this.sums.length) this.sums[at]! += by
    else {
      this.reach(key)
      this.sums[key - this.first]! += by
    }
  }

  /** Keys ascending; sums of 0 mean nothing and are left out. */
  entries(): [key: number, sum: number][] {
    const found: [number, number][] = []
    for (let i = 0; i < this.sums.length; i++) if (this.sums[i] !== 0) found.push([this.first + i, this.sums[i]!])
    return found
  }

  /** Makes room for a key, and for as many again on its side. */
  private reach(key: number): void {
    const { sums, first } = this
    const least = sums.length === 0 ? key : Math.min(first, key)
    const most = sums.length === 0 ? key : Math.max(first + sums.length - 1, key)
    const room = Math.max(leastRoom, sums.length)
    this.first = key === least ? least - room : least
    this.sums = new Float64Array(most - least + 1 + room)
    if (sums.length > 0) this.sums.set(sums, first - this.first)
  }
}

const nothing = new Float64Array(0)
const leastRoom = 16
