import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Series, SeriesPoint } from '../api/contract-measurements.ts'
import type { Fidelity } from '../api/contract.ts'
import { bucketBounds } from '../statistics/histogram.ts'
import { observed, readLevels, sumOf } from './distributions.ts'
import type { LevelRow, LevelsAsked } from './distributions.ts'
import type { QueryOf } from './query-of.ts'
import { unixNano, windowRead } from './rollup-window.ts'
import type { Steps } from './steps.ts'

export interface SeriesAsked extends Pick<LevelsAsked, 'rows' | 'together'> {
  readonly steps: Steps
  /** Absent: the level with most requests. */
  readonly fidelity?: Fidelity | undefined
}

/** One metric over time, at one level. */
export async function readSeries(
  clickhouse: ClickHouse,
  { steps: { window, stepMs }, fidelity, ...asked }: SeriesAsked,
  options: QueryOf,
): Promise<Omit<Series, 'id' | 'metric'>> {
  const rows = await readLevels(clickhouse, { ...asked, window, stepMs }, options)
  const level = fidelity ?? mainLevel(rows)
  return { fidelity: level, ...windowRead(window, stepMs), stepMs, points: pointsOf(rows, level) }
}

/** The known level with most requests; unknown when there is none. */
export function mainLevel(rows: readonly LevelRow[]): Fidelity {
  const requests = new Map<Fidelity, number>()
  for (const row of rows) {
    if (row.fidelity !== 'unknown') requests.set(row.fidelity, (requests.get(row.fidelity) ?? 0) + row.requests)
  }
  return [...requests].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'unknown'
}

/** One a step, of rows of one metric. */
export function pointsOf(rows: readonly LevelRow[], level: Fidelity): SeriesPoint[] {
  const steps = new Map<number, LevelRow[]>()
  for (const row of rows) {
    const step = steps.get(row.startSeconds)
    if (step) step.push(row)
    else steps.set(row.startSeconds, [row])
  }
  return [...steps].sort(([a], [b]) => a - b).map(([startSeconds, step]) => pointOf(startSeconds * 1000, step, level))
}

function pointOf(startMs: number, step: readonly LevelRow[], level: Fidelity): SeriesPoint {
  const row = step.find(({ fidelity }) => fidelity === level)
  const n = row?.n ?? 0
  const at = (q: Parameters<typeof observed>[1]) => (row && n * (1 - q) >= 1 - 1e-9 ? observed(row, q) : null)
  const maxKey = row?.maxKey ?? null
  return {
    startUnixNano: unixNano(startMs),
    n,
    requests: sumOf(step, 'requests'),
    errors: sumOf(step, 'errors'),
    p50Ns: at(0.5),
    p75Ns: at(0.75),
    p90Ns: at(0.9),
    p95Ns: at(0.95),
    p99Ns: at(0.99),
    p999Ns: at(0.999),
    maxNs: maxKey === null ? null : Math.round(bucketBounds(maxKey).hi),
    meanNs: row && n > 0 ? Math.round(row.total / n) : null,
  }
}
