import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { ComparedDifference, CompareRequest, Comparison } from '../api/contract-compare.ts'
import type { Fidelity } from '../api/contract.ts'
import { leastCoverage, refusal } from '../statistics/claims.ts'
import type { CohortRow } from '../statistics/cohort.ts'
import {
  compareCohorts,
  isDistinguishable,
  leastCommon,
  leastInStratum,
  type Difference,
  type Estimate,
} from '../statistics/compare.ts'
import { bucketsPerOctave, representative, total } from '../statistics/histogram.ts'
import { kitagawa } from '../statistics/mix.ts'
import { readSides, slotSecondsOf, stratumKeys, type Side, type SideRow } from './compare.ts'
import { cohortConditions, namesIn } from './cohort-filter.ts'
import { methodInWords, nameOf, sentenceOf } from './comparison-words.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { unixNano } from './rollup-window.ts'

export const comparedQuantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const
const mostStrata = 200

/** @throws CohortError */
export async function readComparison(
  clickhouse: ClickHouse,
  asked: CompareRequest,
  options: QueryOf,
): Promise<Comparison> {
  const windows = { a: { fromMs: asked.a.from, toMs: asked.a.to }, b: { fromMs: asked.b.from, toMs: asked.b.to } }
  const slotSeconds = Math.max(slotSecondsOf(windows.a), slotSecondsOf(windows.b))
  const conditions = { a: cohortConditions(asked.a.filter, 'a'), b: cohortConditions(asked.b.filter, 'b') }
  const question = {
    measure: asked.measure,
    a: { conditions: conditions.a, window: windows.a },
    b: { conditions: conditions.b, window: windows.b },
  }
  const [sides, names] = await Promise.all([
    readSides(clickhouse, question, slotSeconds, partOf(options, 'sides')),
    namesIn(clickhouse, [...conditions.a, ...conditions.b], partOf(options, 'names')),
  ])
  const called = { a: nameOf(conditions.a, names), b: nameOf(conditions.b, names) }
  return comparisonOf(asked, sides, called)
}

/** What is read, to what is said. @param called what the sides are called. */
function comparisonOf(
  asked: CompareRequest,
  sides: Readonly<Record<'a' | 'b', Side>>,
  called: Readonly<Record<'a' | 'b', string>>,
): Comparison {
  const keys = asked.matchRoutes ? stratumKeys(asked.measure) : []
  const fidelity = commonLevel(sides.a.rows, sides.b.rows)
  const ofLevel = { a: atLevel(sides.a.rows, fidelity), b: atLevel(sides.b.rows, fidelity) }
  const bands = asked.matchLoad
  const matched = matchedKeys(keys, ofLevel, bands)
  const rows = { a: rowsOf(ofLevel.a, matched, bands), b: rowsOf(ofLevel.b, matched, bands) }
  const seen = {
    a: seenOf(called.a, sides.a, fidelity),
    b: seenOf(called.b, sides.b, fidelity),
  }
  const compared = compareCohorts(rows.a, rows.b, comparedQuantiles, seeded())
  const reasons: Comparison['reasons'] = [...compared.reasons]
  if (fidelity === 'unknown' && seen.a.requests > 0 && seen.b.requests > 0) reasons.push('no_common_level')
  if (fidelity !== 'unknown' && Math.min(seen.a.coverage, seen.b.coverage) < leastCoverage) reasons.push('low_coverage')
  if (isMixed([...sides.a.rows, ...sides.b.rows])) reasons.push('weight_unknown')
  const verdict = reasons.length > 0 ? 'not_comparable' : compared.verdict
  const told = (difference: Difference) => comparedOf(difference, seen)
  const adjusted = compared.adjusted && told(compared.adjusted)
  const result = {
    verdict,
    measure: asked.measure,
    ...seen,
    ...(compared.raw && told(compared.raw)),
    adjusted,
    common: compared.common,
    matched: [...matched, ...(bands ? ['load'] : [])],
    unmatched: keys.filter((key) => !matched.includes(key)),
    reversed: verdict !== 'not_comparable' && compared.reversed,
    mix: mixOf(rows.a, rows.b),
    strata: compared.strata.slice(0, mostStrata).map(({ stratum, n, p50, shift }) => ({
      keys: JSON.parse(stratum) as Record<string, string>,
      n: { a: Math.round(n.a), b: Math.round(n.b) },
      share: { a: shareOf(n.a, compared.n.a), b: shareOf(n.b, compared.n.b) },
      p50: { aNs: whole(p50.a), bNs: whole(p50.b) },
      shift: shift && ratioOf(shift),
    })),
    bins: binsOf(rows.a, rows.b),
    moreStrata: Math.max(0, compared.strata.length - mostStrata),
    reasons,
    method: methodInWords,
    sql: [{ what: 'requests of A and B', sql: sides.a.sql }],
  } satisfies Omit<Comparison, 'sentence'>
  return { ...result, sentence: sentenceOf(result) }
}

const shareOf = (part: number, all: number) => (all > 0 ? Math.min(1, part / all) : 0)
const whole = (ns: number | null) => (ns === null || !Number.isFinite(ns) ? null : Math.round(ns))

/** Of the levels that both sides have, the one that the side with fewer values has most of; 'unknown' without one. */
export function commonLevel(a: readonly SideRow[], b: readonly SideRow[]): Fidelity {
  const counted = (rows: readonly SideRow[], level: Fidelity) =>
    rows.reduce((sum, row) => sum + (row.level === level ? row.n : 0), 0)
  let best: Fidelity = 'unknown'
  let most = 0
  for (const level of ['exact', 'modelled', 'bounded'] as const) {
    const n = Math.min(counted(a, level), counted(b, level))
    if (n > most) [best, most] = [level, n]
  }
  return best
}

const atLevel = (rows: readonly SideRow[], level: Fidelity) => rows.filter((row) => row.level === level && row.n > 0)

/** Requests with weights that nobody knows beside some with known ones: what was kept of the former may be what was slow. */
function isMixed(rows: readonly SideRow[]): boolean {
  const unweighted = rows.reduce((sum, row) => sum + row.unweighted, 0)
  return unweighted > 0 && unweighted < rows.reduce((sum, row) => sum + row.requests, 0)
}

/** The most keys, from the first on, by which the two sides still have four fifths of their requests in common; the first at least. */
function matchedKeys(
  keys: readonly string[],
  { a, b }: { a: readonly SideRow[]; b: readonly SideRow[] },
  bands: boolean,
): string[] {
  for (let length = keys.length; length > 1; length--) {
    const some = keys.slice(0, length)
    if (commonShare(rowsOf(a, some, bands), rowsOf(b, some, bands)) >= leastCommon) return some
  }
  return keys.slice(0, 1)
}

function commonShare(a: readonly CohortRow[], b: readonly CohortRow[]): number {
  const counted = (rows: readonly CohortRow[]) => {
    const n = new Map<string, number>()
    for (const { stratum, histogram } of rows) n.set(stratum, (n.get(stratum) ?? 0) + total(histogram))
    return n
  }
  const [inA, inB] = [counted(a), counted(b)]
  let common = 0
  let all = 0
  for (const n of [...inA.values(), ...inB.values()]) all += n
  for (const [stratum, n] of inA) {
    const other = inB.get(stratum) ?? 0
    if (n >= leastInStratum && other >= leastInStratum) common += n + other
  }
  return all > 0 ? common / all : 0
}

/** Strata of these keys; with `bands`, times of other load are others: by doublings of the side's requests in them. */
function rowsOf(rows: readonly SideRow[], keys: readonly string[], bands: boolean): CohortRow[] {
  const load = new Map<number, number>()
  if (bands) for (const { slot, n } of rows) load.set(slot, (load.get(slot) ?? 0) + n)
  return rows.map(({ words, slot, histogram }) => {
    const named: Record<string, string> = Object.fromEntries(keys.map((key, i) => [key, words[i]!]))
    if (bands) named['load'] = String(2 ** Math.floor(Math.log2(Math.max(1, load.get(slot)!))))
    return { stratum: JSON.stringify(named), minute: slot, histogram }
  })
}

function seenOf(name: string, { rows, window }: Side, fidelity: Fidelity): Comparison['a'] {
  const sum = (some: readonly SideRow[], of: (row: SideRow) => number) => some.reduce((all, row) => all + of(row), 0)
  const n = sum(atLevel(rows, fidelity), (row) => row.n)
  const requests = sum(rows, (row) => row.requests)
  const lost = sum(rows, (row) => (row.level === fidelity || row.level === 'unknown' ? row.requests - row.n : 0))
  return {
    name,
    n,
    requests,
    coverage: n + lost > 0 ? n / (n + lost) : 0,
    fidelity,
    fromUnixNano: unixNano(window.fromMs),
    toUnixNano: unixNano(window.toMs),
  }
}

function comparedOf(difference: Difference, { a, b }: Pick<Comparison, 'a' | 'b'>) {
  const coverage = Math.min(a.coverage, b.coverage)
  const n = Math.min(a.n, b.n)
  const at = (q: number, one: { a: number; b: number; difference: Estimate }): ComparedDifference => {
    const refused = refusal(q, n, coverage)
    if (refused !== undefined) return { ...untold, reasons: [refused] }
    const [aNs, bNs] = [Math.round(one.a), Math.round(one.b)]
    return {
      ...{ aNs, bNs, diffNs: bNs - aNs, loNs: whole(one.difference.lo), hiNs: whole(one.difference.hi) },
      ...{ distinguishable: isDistinguishable(one.difference), reasons: [] },
    }
  }
  return {
    shift: ratioOf(difference.shift),
    quantiles: difference.quantiles.map((one) => ({ q: one.q, ...at(one.q, one) })),
    mean: at(0.5, difference.mean),
    tail: ratioOf(difference.tail),
    dispersion: ratioOf(difference.dispersion),
    jitter: ratioOf(difference.jitter),
  }
}

const untold = { aNs: null, bNs: null, diffNs: null, loNs: null, hiNs: null, distinguishable: false } as const

const ratioOf = (estimate: Estimate) => ({
  ratio: Math.exp(estimate.value),
  lo: Math.exp(estimate.lo),
  hi: Math.exp(estimate.hi),
  distinguishable: isDistinguishable(estimate),
})

/** Of the strata that both have. */
function mixOf(a: readonly CohortRow[], b: readonly CohortRow[]): Comparison['mix'] {
  const [before, after] = [tallied(a), tallied(b)]
  const both = [...before.keys()].filter((stratum) => after.has(stratum))
  const all = (side: ReadonlyMap<string, Tally>) => both.reduce((sum, stratum) => sum + side.get(stratum)!.n, 0)
  const [allBefore, allAfter] = [all(before), all(after)]
  if (allBefore === 0 || allAfter === 0) return null
  const told = (tally: Tally, of: number) => ({ share: tally.n / of, mean: tally.sum / tally.n })
  const { mix, within } = kitagawa(
    both.map((stratum) => ({
      before: told(before.get(stratum)!, allBefore),
      after: told(after.get(stratum)!, allAfter),
    })),
  )
  return { mixNs: Math.round(mix), withinNs: Math.round(within) }
}

interface Tally {
  n: number
  /** ns. */
  sum: number
}

function tallied(rows: readonly CohortRow[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const { stratum, histogram } of rows) {
    const tally = tallies.get(stratum) ?? { n: 0, sum: 0 }
    histogram.keys.forEach((key, i) => {
      tally.n += histogram.counts[i]!
      tally.sum += histogram.counts[i]! * representative(key)
    })
    if (tally.n > 0) tallies.set(stratum, tally)
  }
  return tallies
}

const bucketsPerBin = 4

function binsOf(a: readonly CohortRow[], b: readonly CohortRow[]): Comparison['bins'] {
  const counted = (rows: readonly CohortRow[]) => {
    const bins = new Map<number, number>()
    let n = 0
    for (const { histogram } of rows)
      histogram.keys.forEach((key, i) => {
        const bin = Math.floor((Math.max(1, key) - 1) / bucketsPerBin)
        bins.set(bin, (bins.get(bin) ?? 0) + histogram.counts[i]!)
        n += histogram.counts[i]!
      })
    return { bins, n }
  }
  const [inA, inB] = [counted(a), counted(b)]
  const edge = (bin: number) => 2 ** ((bin * bucketsPerBin) / bucketsPerOctave)
  return [...new Set([...inA.bins.keys(), ...inB.bins.keys()])]
    .sort((x, y) => x - y)
    .map((bin) => ({
      loNs: edge(bin),
      hiNs: edge(bin + 1),
      a: shareOf(Math.max(0, inA.bins.get(bin) ?? 0), inA.n),
      b: shareOf(Math.max(0, inB.bins.get(bin) ?? 0), inB.n),
    }))
}

/** The same for every question, so that an answer can be had again. */
function seeded(): () => number {
  let state = 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
