/**
 * What many alerts have in common (algorithms.md section 8.6), and which of them are none: one alert for each cause, those that it
 * explains beneath it; time that only moved; an end-to-end alert that its parts explain; more traffic of what always was slow.
 */
import { extraTime, type Counted, type ExtraTime, type Side, type Tally, type Term } from '../statistics/explain.ts'
import type { MixChange } from '../statistics/mix.ts'
import { effectiveCount } from '../statistics/weights.ts'

/** Requests of one firing series that have all attributes in common, before and since. Their values are the measure's, ns. */
export interface Cell {
  /** Id of a proxy or hop. */
  readonly series: string
  readonly attributes: Readonly<Record<string, string>>
  readonly before: Tally
  readonly since: Tally
}

export interface Cause {
  /** One or two attributes. */
  readonly predicate: readonly Term[]
  /** Of the time that came to all cells looked at. */
  readonly explained: number
  readonly lift: number
  /** What came to a request inside, ns: the mean. */
  readonly effectNs: number
  /** Series of whose added time so much lies inside that they say nothing else: beneath the alert of this cause. */
  readonly symptoms: readonly string[]
}

/** A cause explains so much of what is left to explain. */
const leastExplained = 0.67
/** Each of several that explain so much together. */
const leastOfCover = 0.2
const mostCauses = 3
/** A series is a symptom when so much of its added time lies inside a cause. */
const symptomShare = 0.8

/**
 * Up to three causes, the one that explains most first; series that none explains are alerts of their own. Of each cause that is found
 * the cells are taken out before the next is looked for. Where no one explains enough, as when two things go wrong at once, up to three that explain
 * enough together are as good (greedy cover).
 */
export function causesOf(cells: readonly Cell[]): { causes: Cause[]; alone: string[] } {
  const all = centred(cells)
  let { causes } = coverOf(all, leastExplained)
  if (causes.length === 0) {
    const several = coverOf(all, leastOfCover)
    if (several.covers >= leastExplained) causes = several.causes
  }
  const explained = new Set(causes.flatMap(({ symptoms }) => symptoms))
  return { causes, alone: [...new Set(cells.map(({ series }) => series))].filter((series) => !explained.has(series)) }
}

/** @param least that each explains of what is left. `covers` is what they explain of all. */
function coverOf(cells: readonly Cell[], least: number): { causes: Cause[]; covers: number } {
  const causes: Cause[] = []
  let [left, unexplained] = [cells, 1]
  while (causes.length < mostCauses && left.length > 0) {
    const best = bestOf(left, least)
    if (!best) break
    const holds = holdsAll(best.terms)
    const symptoms = [...new Set(left.map(({ series }) => series))].filter((series) => {
      const own = left.filter((cell) => cell.series === series)
      const inside = addedBy(own.filter(holds))
      return inside > 0 && inside >= symptomShare * addedBy(own)
    })
    if (symptoms.length === 0) break
    const { terms: predicate, explained, lift, meanNs, referenceNs } = best
    causes.push({ predicate, explained: explained * unexplained, lift, effectNs: meanNs - referenceNs, symptoms })
    unexplained *= 1 - explained
    const taken = new Set(symptoms)
    left = left.filter((cell) => !holds(cell) && !taken.has(cell.series))
  }
  return { causes, covers: 1 - unexplained }
}

/** Less of a series had it before: it came to it. */
const mostBefore = 0.2

/**
 * Whether a cause that is known explains another series, too: so much of what came to it lies inside, and it began at the same time (`isNear`) or when the cause
 * came to it, as a version that is rolled out. What a series had before and began at another time is a fault of its own. @param cells of the series.
 */
export function isExplainedBy(cells: readonly Cell[], predicate: readonly Term[], isNear: boolean): boolean {
  const own = centred(cells)
  const inside = own.filter(holdsAll(predicate))
  const added = addedBy(inside)
  if (predicate.length === 0 || added <= 0 || added < symptomShare * addedBy(own)) return false
  const before = (of: readonly Cell[]) => add(of.map((cell) => cell.before)).weight
  return isNear || before(inside) <= mostBefore * before(own)
}

const holdsAll =
  (terms: readonly Term[]) =>
  ({ attributes }: Cell): boolean =>
    terms.every(({ key, value }) => (attributes[key] ?? '') === value)

/**
 * Values as distances from what the series took before. So a version that was not there before is held against its predecessor, and not
 * against the mean of all series.
 */
function centred(cells: readonly Cell[]): Cell[] {
  const means = new Map<string, number>()
  for (const { series } of cells) {
    if (means.has(series)) continue
    const { sum, weight } = add(cells.flatMap((cell) => (cell.series === series ? [cell.before] : [])))
    means.set(series, weight > 0 ? sum / weight : 0)
  }
  return cells.map((cell) => {
    const mean = means.get(cell.series)!
    const from = ({ n, weight, sum, squares }: Tally): Tally => ({
      ...{ n, weight, sum: sum - mean * weight },
      squares: squares - 2 * mean * sum + mean * mean * weight,
    })
    return { ...cell, before: from(cell.before), since: from(cell.since) }
  })
}

/** Time that came to requests like these: their number now, by how much each takes longer. Of centred cells. */
function addedBy(cells: readonly Cell[]): number {
  const [before, since] = [add(cells.map((cell) => cell.before)), add(cells.map((cell) => cell.since))]
  return since.sum - (before.weight > 0 ? (since.weight * before.sum) / before.weight : 0)
}

function bestOf(cells: readonly Cell[], least: number): ExtraTime | undefined {
  const side = (tallies: readonly Tally[]): Side => ({
    ...add(tallies),
    effective: effectiveCount(tallies.map(perRequest)),
  })
  const sides = { selection: side(cells.map(({ since }) => since)), baseline: side(cells.map(({ before }) => before)) }
  return extraTime(candidates(cells), sides, 'same').find(({ explained }) => explained >= least)
}

const perRequest = ({ n, weight }: Tally) => ({ n, weight: n > 0 ? weight / n : 0 })

/** Every value of every attribute, and every two of two, that some cell has. */
function candidates(cells: readonly Cell[]): Counted[] {
  const found = new Map<string, { terms: Term[]; cells: Cell[] }>()
  const put = (terms: Term[], cell: Cell): void => {
    const key = JSON.stringify(terms)
    const one = found.get(key)
    if (one) one.cells.push(cell)
    else found.set(key, { terms, cells: [cell] })
  }
  for (const cell of cells) {
    const terms = Object.entries(cell.attributes)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    terms.forEach((term, i) => {
      put([term], cell)
      for (const other of terms.slice(i + 1)) put([term, other], cell)
    })
  }
  return [...found.values()].map(({ terms, cells }) => ({
    terms,
    selection: add(cells.map(({ since }) => since)),
    baseline: add(cells.map(({ before }) => before)),
  }))
}

function add(tallies: readonly Tally[]): Tally {
  const total = { n: 0, weight: 0, sum: 0, squares: 0 }
  for (const { n, weight, sum, squares } of tallies) {
    total.n += n
    total.weight += weight
    total.sum += sum
    total.squares += squares
  }
  return total
}

/** The change of the mean of one class of segments of requests of one shape, ns a request; they add up to the change end to end. */
export interface SegmentChange {
  readonly segment: string
  readonly ns: number
}

/** Only so much of what came to one segment is left end to end: the rest was taken off others. */
const movedShare = 0.3

/**
 * Segments whose time moved (cost shift): what came to them left another segment of requests of the same shape, and the whole is as
 * long as before. They are shown and nobody is called.
 */
export function movedSegments(changes: readonly SegmentChange[]): { segment: string; from: string }[] {
  const whole = changes.reduce((sum, { ns }) => sum + ns, 0)
  return changes.flatMap(({ segment, ns }) => {
    if (ns <= 0 || Math.abs(whole) >= movedShare * ns) return []
    const from = changes.reduce((least, one) => (one.ns < least.ns ? one : least))
    return from.ns < 0 ? [{ segment, from: from.segment }] : []
  })
}

/** End to end is a symptom when the segments that have alerts of their own explain so much of its change. */
const segmentsExplain = 0.8

export function isExplainedBySegments(changes: readonly SegmentChange[], alerted: ReadonlySet<string>): boolean {
  const whole = changes.reduce((sum, { ns }) => sum + ns, 0)
  const theirs = changes.reduce((sum, { segment, ns }) => sum + (alerted.has(segment) ? ns : 0), 0)
  return whole > 0 && theirs >= segmentsExplain * whole
}

/** Less than this of a change is within strata: traffic moved, nothing got slower (section 8.4). */
const leastWithin = 0.3

export function isMixOnly({ mix, within }: MixChange): boolean {
  const change = mix + within
  return change !== 0 && within / change < leastWithin
}
