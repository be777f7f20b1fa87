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
const mostCauses = 3
/** A series is a symptom when so much of its added time lies inside a cause. */
const symptomShare = 0.8

/**
 * Up to three causes, the one that explains most first; series that none explains are alerts of their own. Of each cause that is found
 * the cells are taken out before the next is looked for.
 */
export function causesOf(cells: readonly Cell[]): { causes: Cause[]; alone: string[] } {
  const causes: Cause[] = []
  const explained = new Set<string>()
  let left: readonly Cell[] = centred(cells)
  while (causes.length < mostCauses && left.length > 0) {
    const best = bestOf(left)
    if (!best) break
    const holds = holdsAll(best.terms)
    const symptoms = [...new Set(left.map(({ series }) => series))].filter((series) => {
      const own = left.filter((cell) => cell.series === series)
      const inside = addedBy(own.filter(holds))
      return inside > 0 && inside >= symptomShare * addedBy(own)
    })
    if (symptoms.length === 0) break
    for (const series of symptoms) explained.add(series)
    causes.push({
      predicate: best.terms,
      explained: best.explained,
      lift: best.lift,
      effectNs: best.meanNs - best.referenceNs,
      symptoms,
    })
    left = left.filter((cell) => !holds(cell) && !explained.has(cell.series))
  }
  const all = [...new Set(cells.map(({ series }) => series))]
  return { causes, alone: all.filter((series) => !explained.has(series)) }
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

function bestOf(cells: readonly Cell[]): ExtraTime | undefined {
  const side = (tallies: readonly Tally[]): Side => ({
    ...add(tallies),
    effective: effectiveCount(tallies.map(perRequest)),
  })
  const sides = { selection: side(cells.map(({ since }) => since)), baseline: side(cells.map(({ before }) => before)) }
  return extraTime(candidates(cells), sides, 'same').find(({ explained }) => explained >= leastExplained)
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
