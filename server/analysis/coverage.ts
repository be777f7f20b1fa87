import type { Node } from './node.ts'
import { sorted } from './sorted.ts'

/** Time that some spans of one clock cover together, by their raw times: asked about again and again. ns. */
export interface Coverage {
  readonly totalNs: number
  /** Stretches that do not touch, in order, and how much those before each cover. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly before: readonly number[]
}

/** O(n log n); O(n) of spans by start. */
export function coverageOf(spans: readonly Node[]): Coverage {
  const starts: number[] = []
  const ends: number[] = []
  const before: number[] = []
  let totalNs = 0
  for (const { start, end } of sorted(spans, byStart)) {
    const last = ends.length - 1
    if (last >= 0 && start <= ends[last]!) {
      totalNs += Math.max(0, end - ends[last]!)
      ends[last] = Math.max(end, ends[last]!)
    } else {
      before.push(totalNs)
      starts.push(start)
      ends.push(end)
      totalNs += end - start
    }
  }
  return { totalNs, starts, ends, before }
}

const byStart = (a: Node, b: Node): number => a.start - b.start

/** How much of [start, end) is covered. O(log n). */
export const overlapWith = (coverage: Coverage, start: number, end: number): number =>
  coveredUntil(coverage, end) - coveredUntil(coverage, start)

function coveredUntil({ starts, ends, before }: Coverage, time: number): number {
  let lo = 0
  let hi = starts.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (starts[middle]! < time) lo = middle + 1
    else hi = middle
  }
  return lo === 0 ? 0 : before[lo - 1]! + Math.min(time, ends[lo - 1]!) - starts[lo - 1]!
}
