/**
 * Both sides of a comparison again and again: with minutes drawn anew, and cut into stretches (algorithms.md 8.3). Stratum by stratum, so
 * that what is added up lies close together.
 */
import { shifterOf, totalOf, type Cohorts, type Part } from './cohort.ts'
import { blockMinutes, cut, draw, summersOf } from './minutes.ts'
import type { Random } from './shift.ts'
import { averaged, type Shifted } from './shifts.ts'
import { cutsOf } from './wavering.ts'

export interface Pair<One> {
  readonly a: One
  readonly b: One
}

/** Counts by bucket of some minutes of a side, and how far they are shifted from all of it. */
export interface Piece {
  readonly counts: Float64Array
  readonly shift: number
}

/** All strata together, as they are or each with its weight. */
export interface Resampled {
  readonly whole: Pair<Float64Array>
  readonly draws: readonly Pair<Float64Array>[]
  /** From `a` to `b`. */
  readonly shifted: Shifted
  readonly blocks: Pair<readonly Piece[]>
  readonly stretches: Pair<readonly Piece[]>
}

/** Of a side: draws, then blocks, then stretches. */
type Pieces = Float64Array[]

/**
 * @param counts of the strata. @param weights of the strata, together 1, or 0 each: then there is no `like`.
 * @returns `shifts` by stratum, of those with a weight.
 */
export function resample(
  cohorts: Cohorts,
  counts: Pair<readonly Float64Array[]>,
  weights: readonly number[],
  random: Random,
  count: number,
): { raw: Resampled; like: Resampled | null; shifts: readonly (Shifted | null)[] } {
  const { width } = cohorts
  const drawn = Array.from({ length: count }, () => each((side) => draw(cohorts[side].minutes, random)))
  const blocks = each((side) => cut(cohorts[side].minutes, blockMinutes))
  const stretches = each((side) => cut(cohorts[side].minutes, cutsOf(cohorts[side].minutes).stretch))
  const picks = each((side) => [...drawn.map((one) => one[side]), ...blocks[side], ...stretches[side]])
  const nothing = (): Pair<Pieces> => each((side) => picks[side].map(() => new Float64Array(width)))
  const [raw, like] = [nothing(), nothing()]
  const whole = { raw: each(() => new Float64Array(width)), like: each(() => new Float64Array(width)) }
  const shiftOf = shifterOf(width)
  const summerOf = each((side) => summersOf(cohorts[side].minutes))
  /** Of blocks and stretches of a side, by stratum: weight times shift, and the weights of those that have any. */
  const shiftSums = each((side) => new Float64Array(picks[side].length))
  const among = each((side) => new Float64Array(picks[side].length))

  const add = (parts: Pair<readonly Part[]>, all: Pair<Float64Array>, weight: number): Shifted | null => {
    const { from, to } = extentOf(all.a, all.b)
    const own = each((side) => all[side].subarray(from, to))
    const room = each(() => new Float64Array(to - from))
    const sum = each((side) => summerOf[side](parts[side], { least: cohorts.least + from, width: to - from }))
    const take = (side: 'a' | 'b', i: number): Float64Array => {
      const counts = room[side]
      sum[side](picks[side][i]!, counts)
      plus(raw[side][i]!, from, counts)
      if (weight > 0) plusShare(like[side][i]!, from, counts, weight)
      return counts
    }
    for (const side of sides) {
      plus(whole.raw[side], from, own[side])
      if (weight > 0) plusShare(whole.like[side], from, own[side], weight)
      for (let i = count; i < picks[side].length; i++) {
        const counts = take(side, i)
        const shift = weight > 0 ? shiftOf(counts, own[side], 0).value : NaN
        if (Number.isNaN(shift)) continue
        shiftSums[side][i]! += weight * shift
        among[side][i]! += weight
      }
    }
    const now = weight > 0 ? shiftOf(own.b, own.a) : null
    const again: number[] = []
    for (let i = 0; i < count; i++) {
      const [inA, inB] = [take('a', i), take('b', i)]
      if (now) again.push(shiftOf(inB, inA, now.value).value)
    }
    return now && { now, again }
  }

  const shifts = weights.map((weight, i) => {
    const [parts, own] = [each((side) => cohorts[side].strata[i]!), each((side) => counts[side][i]!)]
    return weight > 0 ? add(parts, own, weight) : null
  })
  const rest = each((side) => cohorts[side].strata.filter((_, i) => weights[i] === 0).flat())
  const ofRest = each((side) => {
    const sums = new Float64Array(width)
    counts[side].forEach((own, i) => weights[i] === 0 && plus(sums, 0, own))
    return sums
  })
  if (rest.a.length + rest.b.length > 0) add(rest, ofRest, 0)

  const resampled = (
    all: Pair<Float64Array>,
    pieces: Pair<Pieces>,
    shifted: Shifted,
    shiftAt: (side: 'a' | 'b', i: number) => number,
  ): Resampled => {
    const piecesOf = (from: Pair<number>, to: Pair<number>) =>
      each((side) =>
        pieces[side]
          .slice(from[side], to[side])
          .map((counts, i): Piece => ({ counts, shift: shiftAt(side, from[side] + i) })),
      )
    const ends = each((side) => count + blocks[side].length)
    return {
      whole: all,
      draws: drawn.map((_, i) => each((side) => pieces[side][i]!)),
      shifted,
      blocks: piecesOf({ a: count, b: count }, ends),
      stretches: piecesOf(
        ends,
        each((side) => picks[side].length),
      ),
    }
  }
  const now = shiftOf(whole.raw.b, whole.raw.a)
  const again = drawn.map((_, i) => shiftOf(raw.b[i]!, raw.a[i]!, now.value).value)
  return {
    raw: resampled(whole.raw, raw, { now, again }, (side, i) => shiftOf(raw[side][i]!, whole.raw[side], 0).value),
    like: shifts.some((one) => one !== null)
      ? resampled(whole.like, like, averaged(shifts, weights), (side, i) => shiftSums[side][i]! / among[side][i]!)
      : null,
    shifts,
  }
}

const sides = ['a', 'b'] as const
const each = <One>(of: (side: 'a' | 'b') => One): Pair<One> => ({ a: of('a'), b: of('b') })

function plus(into: Float64Array, from: number, counts: Float64Array): void {
  for (let i = 0; i < counts.length; i++) into[from + i]! += counts[i]!
}

/** The stratum with this weight, whatever it has: what the side would be with those shares. One without requests counts for nothing. */
function plusShare(into: Float64Array, from: number, counts: Float64Array, weight: number): void {
  const n = totalOf(counts)
  if (n > 0) for (let i = 0; i < counts.length; i++) into[from + i]! += (counts[i]! * weight) / n
}

/** Buckets of either side. */
function extentOf(a: Float64Array, b: Float64Array): { from: number; to: number } {
  let [from, to] = [0, a.length]
  while (from < to && a[from] === 0 && b[from] === 0) from++
  while (to > from && a[to - 1] === 0 && b[to - 1] === 0) to--
  return { from, to }
}
