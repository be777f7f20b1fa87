/** Which series of a family became slower, and which of them somebody is told of (algorithms.md section 8.2). */
import { chanceInPool, chanceInTail } from '../statistics/placebo.ts'
import { believed, falseShares } from '../statistics/proportions.ts'
import type { Finding } from './state.ts'
import { scales } from './baseline.ts'
import type { Shift, Watched } from './windows.ts'

/** What a rule asks of a shift. */
export interface Bar {
  readonly relMin: number
  readonly absMinNs: number
  /** False discoveries among those listed. */
  readonly q: number
  readonly minCount: number
}

/** Of those that page, so many of the false discoveries and so much more of the least effect (bench/alerts.ts tells what comes of it). */
export const pagingGate = { q: 0.001, effect: 1.5 }

/** Deviations by which it lies above what it was a week ago. */
const leastAboveDays = 2.5

export interface Judged {
  readonly finding: Finding
  /** Beyond the gate of those that somebody is called for. */
  readonly pages: boolean
  readonly chance: number | null
  /** Of what is met, by window: the least share of false discoveries at which it would page, and by which part it is longer. */
  readonly beyond: readonly { readonly q: number; readonly ratio: number }[]
  /** What was found, in the shortest window that finds it; null where there is nothing to say. */
  readonly shift: Shift | null
  /** Minutes for which every minute but for one in ten has shown it. */
  readonly steady: number
}

export interface FamilyMember {
  readonly series: Watched
  /** By scale. */
  readonly shifts: readonly (Shift | null)[]
  readonly isActive: boolean
}

/** Ascending placebos of a family by scale, as long as those of its series are the same. */
const pools = new WeakMap<readonly number[], { of: readonly (readonly number[])[]; sorted: Float64Array }>()

function poolOf(family: readonly FamilyMember[], at: number): Float64Array {
  const of = family.map(({ series }) => series.pasts[at]!.pool)
  const [first] = of
  if (!first) return new Float64Array()
  const known = pools.get(first)
  if (known?.of.length === of.length && known.of.every((one, i) => one === of[i])) return known.sorted
  const sorted = Float64Array.from(of.flat()).sort()
  pools.set(first, { of, sorted })
  return sorted
}

/**
 * What is found of each series of a family at one evaluation, in their order. What windows of all lengths find is believed together.
 * `isActive`: it has an alert, and keeps it while its effect lasts, however unusual it is.
 */
export function judge(family: readonly FamilyMember[], { relMin, absMinNs, q, minCount }: Bar): Judged[] {
  const tested: { i: number; at: number; chance: number; inTail: number }[] = []
  scales.forEach((_, at) => {
    const pool = poolOf(family, at)
    family.forEach(({ shifts }, i) => {
      const z = shifts[at]?.z ?? null
      if (z !== null) tested.push({ i, at, chance: chanceInPool(z, pool), inTail: chanceInTail(z, pool) })
    })
  })
  const ofTest = (i: number, at: number) => i * scales.length + at
  const isBelieved = believed(
    tested.map(({ chance }) => chance),
    q,
  )
  const listed = new Set(tested.filter((_, n) => isBelieved[n]).map(({ i, at }) => ofTest(i, at)))
  const shares = falseShares(tested.map(({ inTail }) => inTail))
  const shareOf = new Map(tested.map(({ i, at }, n) => [ofTest(i, at), shares[n]!]))
  const chances = new Map<number, number>()
  for (const { i, chance } of tested) chances.set(i, Math.min(chances.get(i) ?? 1, chance))
  return family.map(({ shifts, isActive }, i): Judged => {
    const [first] = shifts
    const chance = chances.get(i) ?? null
    if (!first || first.n < minCount) return { ...none, finding: 'unknown', chance }
    const isLarge = (shift: Shift) => shift.ratio >= relMin && shift.nowNs - shift.beforeNs >= absMinNs && shift.lasts
    // What is as slow as it was a week ago comes every week.
    const isNew = (shift: Shift) =>
      isActive || shift.aboveDays() >= Math.max(shift.shift / 2, leastAboveDays * shift.deviation)
    const isThere = (shift: Shift) =>
      shift.ratio >= relMin / 2 && shift.nowNs > shift.beforeNs && (shift === first || shift.lastRatio >= relMin / 2)
    const met = shifts.findIndex(
      (shift, at) => shift && isLarge(shift) && isNew(shift) && (isActive || listed.has(ofTest(i, at))),
    )
    if (met >= 0) {
      const beyond = shifts.flatMap((shift, at) =>
        shift && isLarge(shift) && isNew(shift) ? [{ q: shareOf.get(ofTest(i, at)) ?? 1, ratio: shift.ratio }] : [],
      )
      const pages = beyond.some((one) => one.q <= q * pagingGate.q && one.ratio >= pagingGate.effect * relMin)
      return { finding: 'met', pages, chance, beyond, shift: shifts[met]!, steady: first.steady }
    }
    const there = shifts.find((shift) => shift && isThere(shift))
    return { ...none, finding: there ? 'less' : 'gone', chance, shift: there ?? first }
  })
}

const none = { pages: false, beyond: [], shift: null, steady: 0 } as const
