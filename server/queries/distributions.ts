import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Distribution, Fidelity } from '../api/contract.ts'
import { claimedQuantiles, refusal, type Refusal } from '../statistics/claims.ts'
import {
  bucketBounds,
  keyAt,
  keysAtRanks,
  merge,
  representative,
  type Cells,
  type Histogram,
} from '../statistics/histogram.ts'
import { boundsWithMissing } from '../statistics/manski.ts'
import { effectiveCount, populationOf } from '../statistics/weights.ts'
import type { QueryOf } from './query-of.ts'
import { readWeights, type WeightRow, type WeightsAsked } from './weight-rows.ts'

/** Values of one metric of one entity at one level. */
export interface LevelRow {
  /** 16 hex digits; all zero where entities were not kept apart. */
  id: string
  metric: string
  fidelity: Fidelity
  /** Unix seconds of the step, or of the period; 0 without either. */
  startSeconds: number
  /** As stored. */
  requests: number
  errors: number
  /** How many of the requests have a finite value. */
  n: number
  /** The same three of the population: each request times its sampling weight (algorithms.md section 6). */
  population: { requests: number; errors: number; n: number }
  /** ns, of the population's n. */
  total: number
  /** Requests whose weight is not known; they count once. */
  weightUnknown: number
  /** Bucket keys at `claimedQuantiles`, then those of `intervalRanks` where asked for; empty without values. */
  quantileKeys: number[]
  maxKey: number | null
  /** Of the population, where asked for. */
  histogram?: Histogram
}

export interface LevelsAsked extends WeightsAsked {
  /** The ranks of `intervalOf`, too. */
  readonly intervals?: boolean
  /** Whose histograms come along: of those that count together, or of all. */
  readonly histograms?: 'together' | 'all' | undefined
}

/** Levels of the metrics of all entities (or of `rows.ids`) over a window, in no order. */
export async function readLevels(clickhouse: ClickHouse, asked: LevelsAsked, options: QueryOf): Promise<LevelRow[]> {
  const ranks = [...claimedQuantiles.map((q) => [q, 0] as const), ...(asked.intervals ? intervalRanks : [])]
  const isAsked = ({ id }: WeightRow) =>
    asked.histograms === 'all' || (asked.histograms === 'together' && id === togetherId)
  const rows = await readWeights(clickhouse, asked, options)
  const ofOneWeight = rows.every(({ extra }) => extra === rows[0]!.extra)
  const levels = ofOneWeight ? rows.map((row) => [row]) : byWeight(rows)
  return levels.map((of) => weigh(of, ranks, isAsked(of[0]!)))
}

/** Levels of each step, and of all steps together, with their histograms: one question for what is shown over time and in all. */
export async function readSteps(
  clickhouse: ClickHouse,
  asked: Omit<WeightsAsked, 'before' | 'edgeMs'> & { readonly stepMs: number },
  options: QueryOf,
): Promise<{ each: LevelRow[]; all: LevelRow[] }> {
  const ranks = claimedQuantiles.map((q) => [q, 0] as const)
  const rows = await readWeights(clickhouse, asked, options)
  const whole = byWeight(rows.map((row) => ({ ...row, startSeconds: 0 })))
  return {
    each: byWeight(rows).map((of) => weigh(of, ranks, true)),
    all: whole.map((of) =>
      weigh(
        [...new Set(of.map(({ extra }) => extra))].map((extra) => addedUp(of.filter((row) => row.extra === extra))),
        ranks,
        true,
      ),
    ),
  }
}

/** Rows of one weight as one. */
function addedUp(rows: readonly WeightRow[]): WeightRow {
  const sum = (field: 'requests' | 'errors' | 'n' | 'total') => rows.reduce((all, row) => all + row[field], 0)
  return {
    ...rows[0]!,
    ...{ requests: sum('requests'), errors: sum('errors'), n: sum('n'), total: sum('total') },
    histogram: merge(rows.map(({ histogram }) => histogram)),
  }
}

const togetherId = '0'.repeat(16)

type Rank = readonly [q: number, deviations: number]

/** The rows of each level, which differ in weight only. */
function byWeight(rows: readonly WeightRow[]): WeightRow[][] {
  const levels = new Map<string, WeightRow[]>()
  for (const row of rows) {
    const key = `${row.id} ${row.metric} ${row.fidelity} ${row.startSeconds}`
    const level = levels.get(key)
    if (level) level.push(row)
    else levels.set(key, [row])
  }
  return [...levels.values()]
}

/** Of how many requests each of a row is one; what is not known counts once. */
export const weightOf = ({ extra }: { extra: number }): number => (extra < 0 ? 1 : 1 + extra)

function weigh(rows: readonly WeightRow[], ranks: readonly Rank[], withHistogram: boolean): LevelRow {
  const [first] = rows as [WeightRow]
  const { id, metric, fidelity, startSeconds } = first
  const population = { requests: 0, errors: 0, n: 0 }
  const level: LevelRow = {
    id,
    metric,
    fidelity,
    startSeconds,
    requests: 0,
    errors: 0,
    n: 0,
    population,
    total: 0,
    weightUnknown: 0,
    quantileKeys: [],
    maxKey: null,
  }
  for (const row of rows) {
    const weight = weightOf(row)
    level.requests += row.requests
    level.errors += row.errors
    level.n += row.n
    population.requests += row.requests * weight
    population.errors += row.errors * weight
    population.n += row.n * weight
    level.total += row.total * weight
    if (row.extra < 0) level.weightUnknown += row.requests
    if (row.histogram.keys.length > 0 && row.n > 0)
      level.maxKey = Math.max(level.maxKey ?? -Infinity, highestKey(row.histogram))
  }
  if (rows.every(({ histogram }) => histogram.keys.length === 0)) return level
  const parts = rows.map((row) => ({ n: row.n, weight: weightOf(row), histogram: row.histogram }))
  const histogram = withHistogram || rows.length > 1 ? populationOf(parts) : undefined
  // Of one weight a quantile is the same whatever the weight is.
  level.quantileKeys = rows.length === 1 ? storedKeys(first, ranks) : keysAt(histogram!, ranks, effectiveCount(parts))
  if (withHistogram) level.histogram = histogram!
  return level
}

/** Of the highest bucket that holds anything: counts of 0 are what retractions left behind. */
function highestKey({ keys, counts }: Cells): number {
  let i = keys.length - 1
  while (i > 0 && counts[i] === 0) i--
  return keys[i]!
}

/** A rank is ceil(q n) of the n values, so many standard deviations of a rank off. */
function storedKeys({ histogram, n }: WeightRow, ranks: readonly Rank[]): number[] {
  if (n === 0) return []
  const rankOf = ([q, z]: Rank) => Math.min(n, Math.max(1, Math.ceil(q * n + z * Math.sqrt(n * q * (1 - q)))))
  return keysAtRanks(histogram, ranks.map(rankOf))
}

/** @param n values that say as much. */
function keysAt(histogram: Histogram, ranks: readonly Rank[], n: number): number[] {
  if (n === 0) return []
  return ranks.map(([q, z]) => keyAt(histogram, Math.min(1, Math.max(0, q + z * Math.sqrt((q * (1 - q)) / n))))!)
}

const intervalQuantiles = [0.5, 0.95, 0.99] as const
/** Ends of their 95 % intervals from order statistics (algorithms.md section 6): quantile, deviations. */
const intervalRanks = intervalQuantiles.flatMap((q) => [[q, -1.96] as const, [q, 1.96] as const])

/** Bucket keys between which a quantile lies, were requests independent; `intervals` must have been asked for. */
export function intervalOf(row: LevelRow, q: (typeof intervalQuantiles)[number]): [from: number, to: number] {
  const at = claimedQuantiles.length + 2 * intervalQuantiles.indexOf(q)
  return [row.quantileKeys[at]!, row.quantileKeys[at + 1]!]
}

const quantileFields = ['p50Ns', 'p75Ns', 'p90Ns', 'p95Ns', 'p99Ns', 'p999Ns'] as const

/** The value at a quantile of `claimedQuantiles`, whatever its claim; null without values. */
export function observed(row: LevelRow, q: (typeof claimedQuantiles)[number]): number | null {
  const key = row.quantileKeys[claimedQuantiles.indexOf(q)]
  return key === undefined ? null : Math.round(representative(key))
}

/**
 * The distribution of one level as api.md states it. @param unknown requests of the population that no level has a value
 * for.
 */
export function distributionOf(row: LevelRow, unknown: number): Distribution {
  const { population, weightUnknown, histogram } = row
  const asked = population.requests + unknown
  const coverage = asked === 0 ? 0 : Math.min(1, population.n / asked)
  const reasons: string[] = []
  const bounds: NonNullable<Distribution['bounds']> = []
  const refused = (q: number): Refusal | undefined => {
    if (row.n === 0) return 'few_samples'
    // Nobody knows how much either part counts. All of unknown weight: as stored.
    if (weightUnknown > 0 && weightUnknown < row.requests) return 'weight_unknown'
    return refusal(q, row.n, coverage)
  }
  const claimed = claimedQuantiles.map((q, i) => {
    const why = refused(q)
    if (why) reasons.push(`${quantileFields[i]!.slice(0, -2)}_${why}`)
    if (why === 'low_coverage' && histogram) bounds.push({ q, ...whole(boundsWithMissing(histogram, q, 1 - coverage)) })
    return why ? null : observed(row, q)
  })
  const meanRefused = refused(0.5)
  if (meanRefused) reasons.push(`mean_${meanRefused}`)
  if (weightUnknown > 0 && weightUnknown === row.requests) reasons.push('weight_unknown')
  const [p50Ns, p75Ns, p90Ns, p95Ns, p99Ns, p999Ns] = claimed as [number | null, ...(number | null)[]]
  return {
    n: row.requests,
    ...populationIn(row),
    coverage,
    fidelity: row.fidelity,
    p50Ns,
    p75Ns: p75Ns!,
    p90Ns: p90Ns!,
    p95Ns: p95Ns!,
    p99Ns: p99Ns!,
    p999Ns: p999Ns!,
    maxNs: row.maxKey === null ? null : Math.round(bucketBounds(row.maxKey).hi),
    meanNs: meanRefused ? null : Math.round(row.total / population.n),
    reasons,
    ...(bounds.length > 0 && { bounds }),
  }
}

const whole = ({ loNs, hiNs }: { loNs: number | null; hiNs: number | null }) => ({
  loNs: loNs === null ? null : Math.floor(loNs),
  hiNs: hiNs === null ? null : Math.ceil(hiNs),
})

/** `population`, where requests stand for more than themselves. */
export function populationIn(...rows: readonly Pick<LevelRow, 'requests' | 'population'>[]): { population?: number } {
  const requests = rows.reduce((sum, row) => sum + row.requests, 0)
  const population = Math.round(rows.reduce((sum, row) => sum + row.population.requests, 0))
  return population === requests ? {} : { population }
}

/** The distributions of one metric of one entity, one a level, the level with most requests first. */
export function distributionsOf(rows: readonly LevelRow[]): Distribution[] {
  const unknown = unknownIn(rows)
  return knownFirst(rows).map((row) => distributionOf(row, unknown))
}

const knownFirst = (rows: readonly LevelRow[]): LevelRow[] =>
  rows.filter(({ fidelity }) => fidelity !== 'unknown').sort(byRequests)

/** Of as many requests the level first whose name is, so that an answer is the same whatever table it is read from. */
const byRequests = (a: LevelRow, b: LevelRow) => b.requests - a.requests || (a.fidelity < b.fidelity ? -1 : 1)

/** The level with most requests; of nothing but unknown ones, a distribution of level unknown with n = 0. */
export function mainDistribution(rows: readonly LevelRow[]): Distribution {
  const [main] = knownFirst(rows)
  return main ? distributionOf(main, unknownIn(rows)) : nothingKnown
}

/** Only those of a distribution. */
export function percentilesOf(of: Percentiles): Percentiles {
  const { p50Ns, p75Ns, p90Ns, p95Ns, p99Ns, p999Ns, maxNs, meanNs } = of
  return { p50Ns, p75Ns, p90Ns, p95Ns, p99Ns, p999Ns, maxNs, meanNs }
}

type Percentiles = Pick<Distribution, (typeof quantileFields)[number] | 'maxNs' | 'meanNs'>

export const nothingKnown: Distribution = {
  n: 0,
  coverage: 0,
  fidelity: 'unknown',
  p50Ns: null,
  p75Ns: null,
  p90Ns: null,
  p95Ns: null,
  p99Ns: null,
  p999Ns: null,
  maxNs: null,
  meanNs: null,
  reasons: ['no_value'],
}

/** Requests of level unknown, as stored. */
export const unknownOf = (rows: readonly LevelRow[]): number =>
  rows.reduce((sum, row) => sum + (row.fidelity === 'unknown' ? row.requests : 0), 0)

/** Requests of level unknown in the population. */
export const unknownIn = (rows: readonly LevelRow[]): number =>
  rows.reduce((sum, row) => sum + (row.fidelity === 'unknown' ? row.population.requests : 0), 0)

export const sumOf = (rows: readonly LevelRow[], field: 'requests' | 'errors' | 'n' | 'total'): number =>
  rows.reduce((sum, row) => sum + row[field], 0)

/** Sum over the population. */
export const sumIn = (rows: readonly LevelRow[], field: 'requests' | 'errors' | 'n'): number =>
  rows.reduce((sum, row) => sum + row.population[field], 0)

/** Rows by entity, then by metric. */
export function byEntity(rows: readonly LevelRow[]): Map<string, Map<string, LevelRow[]>> {
  const entities = new Map<string, Map<string, LevelRow[]>>()
  for (const row of rows) {
    let metrics = entities.get(row.id)
    if (!metrics) entities.set(row.id, (metrics = new Map()))
    const levels = metrics.get(row.metric)
    if (levels) levels.push(row)
    else metrics.set(row.metric, [row])
  }
  return entities
}
