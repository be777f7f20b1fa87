import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Heatmap } from '../api/contract-measurements.ts'
import type { Fidelity } from '../api/contract.ts'
import { bucketBounds, bucketsPerOctave } from '../statistics/histogram.ts'
import { readSteps, sumOf, type LevelRow } from './distributions.ts'
import type { QueryOf } from './query-of.ts'
import { unixNano, windowRead, type MadeRows, type RollupRows } from './rollup-window.ts'
import { mainLevel } from './series.ts'
import type { Steps } from './steps.ts'

/** The bucket that begins at 1,024 ns: nobody's clock shows what lies below it, which is one row. */
const firstKey = 321
/** At most so many rows hold all values, each of as few buckets as that allows. */
const mostRows = 120
const widths = [1, 2, 4, 8, 16]

interface Lattice {
  /** Values. */
  readonly stored: number
  /** Unix seconds of the steps that have values or requests. */
  readonly starts: readonly number[]
  /** Bucket keys: the least from `firstKey` on, the most, the least of all; 0 without any. */
  readonly least: number
  readonly most: number
  readonly bottom: number
  /** Buckets a row: row r holds [2^(r width / 32), 2^((r + 1) width / 32)) ns; -1: below `firstKey`. */
  readonly width: number
  /** Of each step: row -> how many of the population are in it. */
  readonly columns: readonly ReadonlyMap<number, number>[]
}

/** Where values of one metric of one entity lie over time, at one level. */
export async function readHeatmap(
  clickhouse: ClickHouse,
  { steps, rows, fidelity }: { steps: Steps; rows: RollupRows | MadeRows; fidelity?: Fidelity | undefined },
  options: QueryOf,
): Promise<Omit<Heatmap, 'id' | 'metric'>> {
  const { each } = await readSteps(clickhouse, { ...steps, rows }, options)
  return heatmapOf(each, fidelity ?? mainLevel(each), steps)
}

/** @param rows of steps, with histograms. */
export function heatmapOf(
  rows: readonly LevelRow[],
  fidelity: Fidelity,
  { window, stepMs }: Steps,
): Omit<Heatmap, 'id' | 'metric'> {
  const ofLevel = rows.filter((row) => row.fidelity === fidelity)
  const lattice = ofLevel.length > 0 ? latticeOf(ofLevel) : undefined
  const columns = (window.toMs - window.fromMs) / stepMs
  const { boundsNs, counts } = lattice ? fill(lattice, window.fromMs / 1000, stepMs / 1000, columns) : empty(columns)
  return {
    fidelity,
    ...windowRead(window, stepMs),
    stepMs,
    n: lattice?.stored ?? 0,
    ...(lattice && populationOf(lattice)),
    timesUnixNano: Array.from({ length: columns }, (_, i) => unixNano(window.fromMs + i * stepMs)),
    boundsNs,
    counts,
  }
}

function latticeOf(rows: readonly LevelRow[]): Lattice {
  const cells = rows.map(({ histogram = { keys: [], counts: [] } }) =>
    histogram.keys.flatMap((key, i) => (histogram.counts[i]! > 0 ? [[key, histogram.counts[i]!] as const] : [])),
  )
  const keys = cells.flatMap((of) => of.map(([key]) => key))
  const end = (of: readonly number[], pick: (a: number, b: number) => number) => (of.length > 0 ? of.reduce(pick) : 0)
  const least = end(
    keys.filter((key) => key >= firstKey),
    (a, b) => Math.min(a, b),
  )
  const most = end(keys, (a, b) => Math.max(a, b))
  const rowOf = (key: number, width: number) => Math.floor((key - 1) / width)
  const width = widths.find((one) => rowOf(most, one) - rowOf(least, one) < mostRows - 1) ?? widths.at(-1)!
  return {
    ...{ stored: sumOf(rows, 'n'), starts: rows.map(({ startSeconds }) => startSeconds) },
    ...{ least, most, bottom: end(keys, (a, b) => Math.min(a, b)), width },
    columns: cells.map((of) => {
      const column = new Map<number, number>()
      for (const [key, count] of of) {
        const row = key < firstKey ? -1 : rowOf(key, width)
        column.set(row, (column.get(row) ?? 0) + count)
      }
      return column
    }),
  }
}

/** Where values stand for more than themselves. */
function populationOf({ stored, columns }: Lattice): { population?: number } {
  const population = Math.round(
    columns.reduce((all, column) => [...column.values()].reduce((sum, n) => sum + n, all), 0),
  )
  return population === stored ? {} : { population }
}

const empty = (columns: number) => ({ boundsNs: [], counts: Array.from({ length: columns }, (): number[] => []) })

function fill(lattice: Lattice, fromSeconds: number, stepSeconds: number, columns: number) {
  const { least, most, bottom, width, starts } = lattice
  if (most === 0 && bottom === 0 && lattice.columns.every(({ size }) => size === 0)) return empty(columns)
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
    for (const [row, n] of lattice.columns[i]!) column[row < 0 ? 0 : row - first + Number(below)] = Math.round(n)
  })
  return { boundsNs, counts }
}
