import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Heatmap } from '../api/contract-measurements.ts'
import type { Fidelity } from '../api/contract.ts'
import { bucketBounds, bucketsPerOctave } from '../statistics/histogram.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { overRollup, unixNano, windowRead, type MadeRows, type RollupRows } from './rollup-window.ts'
import type { Steps } from './steps.ts'

const heatmapSql = loadSql(import.meta.url, 'heatmap.sql')

/** The bucket that begins at 1,024 ns; heatmap.sql gathers what lies below it. */
const firstKey = 321

interface LatticeRow {
  fidelity: Fidelity
  /** Values. */
  stored: number
  /** Unix seconds of the steps that have values or requests. */
  starts: number[]
  /** Bucket keys: the least from `firstKey` on, the most, the least of all. */
  least: number
  most: number
  bottom: number
  /** Buckets a row. */
  width: number
  /** Of each step: rows, and how many of the population are in them. */
  columns: [rows: number[], counts: number[]][]
}

/** Where values of one metric of one entity lie over time, at one level. */
export async function readHeatmap(
  clickhouse: ClickHouse,
  asked: { steps: Steps; rows: RollupRows | MadeRows; fidelity?: Fidelity | undefined },
  options: QueryOf,
): Promise<Omit<Heatmap, 'id' | 'metric'>> {
  const { window, stepMs } = asked.steps
  const { sql, params } = overRollup(heatmapSql, { windows: [window], rows: asked.rows, stepMs })
  const [lattice] = await clickhouse.query<LatticeRow>(
    sql,
    { ...params, step: stepMs / 1000, fidelity: asked.fidelity ?? '' },
    options,
  )
  const columns = (window.toMs - window.fromMs) / stepMs
  const { boundsNs, counts } = lattice ? fill(lattice, window.fromMs / 1000, stepMs / 1000, columns) : empty(columns)
  return {
    fidelity: lattice?.fidelity ?? asked.fidelity ?? 'unknown',
    ...windowRead(window, stepMs),
    stepMs,
    n: lattice?.stored ?? 0,
    ...(lattice && populationOf(lattice)),
    timesUnixNano: Array.from({ length: columns }, (_, i) => unixNano(window.fromMs + i * stepMs)),
    boundsNs,
    counts,
  }
}

/** Where values stand for more than themselves. */
function populationOf({ stored, columns }: LatticeRow): { population?: number } {
  const population = Math.round(columns.reduce((all, [, counts]) => counts.reduce((sum, count) => sum + count, all), 0))
  return population === stored ? {} : { population }
}

const empty = (columns: number) => ({ boundsNs: [], counts: Array.from({ length: columns }, (): number[] => []) })

function fill(lattice: LatticeRow, fromSeconds: number, stepSeconds: number, columns: number) {
  const { least, most, bottom, width, starts } = lattice
  if (most === 0 && bottom === 0 && lattice.columns.every(([rows]) => rows.length === 0)) return empty(columns)
  const above = most >= firstKey
  const below = bottom < firstKey
  const first = above ? Math.floor((least - 1) / width) : 0
  const rows = above ? Math.floor((most - 1) / width) - first + 1 : 0
  const edges = Array.from({ length: rows + 1 }, (_, i) => Math.round(2 ** (((first + i) * width) / bucketsPerOctave)))
  const ceiling = above ? edges : [Math.round(bucketBounds(firstKey).lo)]
  const boundsNs = below ? [Math.floor(bucketBounds(bottom).lo), ...ceiling] : edges
  const counts = Array.from({ length: columns }, () => new Array<number>(boundsNs.length - 1).fill(0))
  starts.forEach((start, i) => {
    const column = counts[(start - fromSeconds) / stepSeconds]!
    const [rowNumbers, values] = lattice.columns[i]!
    rowNumbers.forEach((row, j) => (column[row < 0 ? 0 : row - first + Number(below)] = Math.round(values[j]!)))
  })
  return { boundsNs, counts }
}
