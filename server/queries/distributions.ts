import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Distribution, Fidelity } from '../api/contract.ts'
import { claimedQuantiles, refusal } from '../statistics/claims.ts'
import { bucketBounds, representative } from '../statistics/histogram.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { alignWindow, hexOf, overRollup, type RollupRows, type Window } from './rollup-window.ts'

const levelsSql = loadSql(import.meta.url, 'distributions.sql')

/** Where a filter looks; '' or absent: everywhere. */
export interface PlaceFilter {
  readonly environment?: string | undefined
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
}

/** Values of one metric of one entity at one level. */
export interface LevelRow {
  /** 16 hex digits; all zero where entities were not kept apart. */
  id: string
  metric: string
  fidelity: Fidelity
  /** Unix seconds of the step, or of the period; 0 without either. */
  startSeconds: number
  requests: number
  errors: number
  /** How many of the requests have a finite value. */
  n: number
  /** ns, of those. */
  total: number
  /** Bucket keys at `claimedQuantiles`, then those of `intervalRanks` where asked for; empty without values. */
  quantileKeys: number[]
  maxKey: number | null
}

export interface LevelsAsked {
  readonly window: Window
  readonly rows: RollupRows
  readonly place?: PlaceFilter | undefined
  /** One row a step, too. */
  readonly stepMs?: number
  /** Of the period of equal length before, too, in rows that start there; not with steps. */
  readonly before?: boolean
  /** Kinds whose entities count as if they were one. */
  readonly together?: RollupRows['kinds']
  readonly intervals?: boolean
}

/** Levels of the metrics of all entities (or of `rows.ids`) over a window, in no order. */
export async function readLevels(clickhouse: ClickHouse, asked: LevelsAsked, options: QueryOf): Promise<LevelRow[]> {
  const { rows, place = {}, stepMs, together = [], intervals = false } = asked
  const { environment = '', cluster = '', namespace = '' } = place
  const window = stepMs === undefined ? alignWindow(asked.window) : asked.window
  const length = window.toMs - window.fromMs
  const earlier = { fromMs: window.fromMs - length, toMs: window.fromMs }
  const ranks = [...claimedQuantiles.map((q) => [q, 0] as const), ...(intervals ? intervalRanks : [])]
  const { sql, params } = overRollup(levelsSql, { windows: asked.before ? [earlier, window] : [window], rows, stepMs })
  const found = await clickhouse.query<LevelRow>(
    sql,
    {
      ...params,
      ...{ environment, cluster, namespace, together },
      quantiles: ranks.map(([q]) => q),
      deviations: ranks.map(([, z]) => z),
      origin: asked.before ? earlier.fromMs / 1000 : 0,
      step: asked.before ? length / 1000 : stepMs === undefined ? allTime : stepMs / 1000,
    },
    options,
  )
  return found.map((row) => ({ ...row, id: hexOf(row.id) }))
}

/** Ends of the 95 % intervals of p50 and p99 from order statistics (algorithms.md section 6): quantile, deviations. */
const intervalRanks = [
  [0.5, -1.96],
  [0.5, 1.96],
  [0.99, -1.96],
  [0.99, 1.96],
] as const

/** Bucket keys between which p50 or p99 lies, were requests independent; `intervals` must have been asked for. */
export function intervalOf(row: LevelRow, q: 0.5 | 0.99): [from: number, to: number] {
  const at = claimedQuantiles.length + (q === 0.5 ? 0 : 2)
  return [row.quantileKeys[at]!, row.quantileKeys[at + 1]!]
}

/** Seconds of a step that everything is in. */
const allTime = 2 ** 32 - 1

const quantileFields = ['p50Ns', 'p75Ns', 'p90Ns', 'p95Ns', 'p99Ns', 'p999Ns'] as const

/** The value at a quantile of `claimedQuantiles`, whatever its claim; null without values. */
export function observed(row: LevelRow, q: (typeof claimedQuantiles)[number]): number | null {
  const key = row.quantileKeys[claimedQuantiles.indexOf(q)]
  return key === undefined ? null : Math.round(representative(key))
}

/** The distribution of one level as api.md states it. @param unknown requests that no level has a value for. */
export function distributionOf(row: LevelRow, unknown: number): Distribution {
  const asked = row.requests + unknown
  const coverage = asked === 0 ? 0 : Math.min(1, row.n / asked)
  const reasons: string[] = []
  const claimed = claimedQuantiles.map((q, i) => {
    const why = row.n === 0 ? 'few_samples' : refusal(q, row.n, coverage)
    if (why) reasons.push(`${quantileFields[i]!.slice(0, -2)}_${why}`)
    return why ? null : observed(row, q)
  })
  const meanRefused = row.n === 0 ? 'few_samples' : refusal(0.5, row.n, coverage)
  if (meanRefused) reasons.push(`mean_${meanRefused}`)
  const [p50Ns, p75Ns, p90Ns, p95Ns, p99Ns, p999Ns] = claimed as [number | null, ...(number | null)[]]
  return {
    n: row.requests,
    coverage,
    fidelity: row.fidelity,
    p50Ns,
    p75Ns: p75Ns!,
    p90Ns: p90Ns!,
    p95Ns: p95Ns!,
    p99Ns: p99Ns!,
    p999Ns: p999Ns!,
    maxNs: row.maxKey === null ? null : Math.round(bucketBounds(row.maxKey).hi),
    meanNs: meanRefused ? null : Math.round(row.total / row.n),
    reasons,
  }
}

/** The distributions of one metric of one entity, one a level, the level with most requests first. */
export function distributionsOf(rows: readonly LevelRow[]): Distribution[] {
  const unknown = unknownOf(rows)
  const known = rows.filter(({ fidelity }) => fidelity !== 'unknown')
  return known.sort((a, b) => b.requests - a.requests).map((row) => distributionOf(row, unknown))
}

/** The level with most requests; of nothing but unknown ones, a distribution of level unknown with n = 0. */
export function mainDistribution(rows: readonly LevelRow[]): Distribution {
  return distributionsOf(rows)[0] ?? nothingKnown
}

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

export function unknownOf(rows: readonly LevelRow[]): number {
  return rows.reduce((sum, row) => sum + (row.fidelity === 'unknown' ? row.requests : 0), 0)
}

export const sumOf = (rows: readonly LevelRow[], field: 'requests' | 'errors' | 'n' | 'total'): number =>
  rows.reduce((sum, row) => sum + row[field], 0)

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
