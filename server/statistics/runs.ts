/**
 * Some of many requests, drawn in runs of neighbours: those are stored together, so that next to nothing is read of what is not drawn. What
 * neighbours have in common makes a run tell less than as many requests from anywhere; {@link designEffect} says by how much.
 */
import type { Random } from './shift.ts'

/** Of requests in the order that they are stored in. All of them are cut into equal stretches, and of each one run is drawn. */
export interface Runs {
  /** Requests of a stretch, but for the last one, and of a run. */
  readonly stretch: number
  readonly length: number
  /** Where in its stretch each run begins; one that comes to the end goes on at the beginning, so that each request is as likely as any. */
  readonly starts: readonly number[]
}

/** Whole numbers, both ≥ 1. @param runs about so many. @returns all of the requests in one run where they are no more than `most`. */
export function drawRuns(requests: number, most: number, runs: number, random: Random): Runs {
  if (requests <= most) return { stretch: Math.max(1, requests), length: Math.max(1, requests), starts: [0] }
  const length = Math.ceil(most / runs)
  const stretch = Math.ceil(requests / Math.floor(most / length))
  return {
    ...{ stretch, length },
    starts: Array.from({ length: Math.ceil(requests / stretch) }, () => Math.floor(stretch * random())),
  }
}

/** Requests that are stored side by side, and how many are before them. */
export interface Block {
  readonly requests: number
  readonly before: number
}

/** @param blocks in order. @returns those with requests that are drawn. */
export function blocksWithRuns<B extends Block>(blocks: readonly B[], { stretch, length, starts }: Runs): B[] {
  const pieces = starts.flatMap((start, i) => {
    const [first, over] = [i * stretch, Math.max(0, start + length - stretch)]
    const whole = { from: first + start, to: first + Math.min(stretch, start + length) }
    return over > 0 ? [{ from: first, to: first + over }, whole] : [whole]
  })
  let next = 0
  return blocks.filter(({ before, requests }) => {
    while (next < pieces.length && pieces[next]!.to <= before) next++
    return next < pieces.length && pieces[next]!.from < before + requests
  })
}

/**
 * Variance of a mean of requests that were drawn in runs over that of as many drawn one by one, 1 at least. By differences of runs that follow
 * each other: what changes slowly over all of them is in the sample as it is, and no error.
 * @param runs of each request the number of its run. @param deviation of request i from the mean, weighted.
 */
export function designEffect(runs: ArrayLike<number>, deviation: (i: number) => number): number {
  const sums: number[] = []
  let alone = 0
  for (let i = 0; i < runs.length; i++) {
    const one = deviation(i)
    alone += one ** 2
    sums[runs[i]!] = (sums[runs[i]!] ?? 0) + one
  }
  // Of some runs nothing is left.
  const all = Object.values(sums)
  if (all.length < 2 || alone === 0) return 1
  let differences = 0
  for (let i = 1; i < all.length; i++) differences += (all[i]! - all[i - 1]!) ** 2
  return Math.max(1, ((all.length / (all.length - 1)) * differences) / 2 / alone)
}
