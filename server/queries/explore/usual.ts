/**
 * What Explore selects while nobody has selected anything, without sorting the values of all facts: the rollups say in which bucket a quantile
 * lies, the facts which value of that bucket it is.
 */
import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Fidelity } from '../../api/contract.ts'
import { bucketKey, bucketsPerOctave, keyAt, type Histogram } from '../../statistics/histogram.ts'
import { readLevels } from '../distributions.ts'
import { loadSql } from '../load-sql.ts'
import type { QueryOf } from '../query-of.ts'
import type { Steps } from '../steps.ts'
import { paramsAt, rolledUp, type Facts, type FactsAsked } from './facts.ts'

const inBucketsSql = loadSql(import.meta.url, 'in-buckets.sql')

/** Values of one level in a window, all of which weigh the same. */
export interface UsualLevel {
  readonly fidelity: Fidelity
  readonly n: number
  readonly histogram: Histogram
}

/** Levels with values, most first; undefined where rollups cannot tell: a filter leaves something out, or requests weigh differently. */
export async function readUsual(
  clickhouse: ClickHouse,
  asked: FactsAsked,
  { window, stepMs }: Steps,
  options: QueryOf,
): Promise<UsualLevel[] | undefined> {
  const rows = rolledUp(asked)
  if (!rows) return undefined
  const levels = await readLevels(
    clickhouse,
    { window, edgeMs: stepMs, rows, together: rows.kinds, histograms: 'all' },
    options,
  )
  const known = levels.filter(({ n, fidelity }) => n > 0 && fidelity !== 'unknown')
  if (known.some(({ n, population, histogram }) => population.n !== n || !histogram)) return undefined
  return known
    .map(({ fidelity, n, histogram }) => ({ fidelity, n, histogram: histogram! }))
    .sort((a, b) => b.n - a.n || (a.fidelity < b.fidelity ? -1 : 1))
}

/** As quantilesExact of sides.sql takes them. */
const exactly = (q: number): number => q - 1e-13

/** Where facts lie: entities and minutes, Unix seconds, as many of each. */
export interface Places {
  readonly entities: readonly bigint[]
  readonly minutes: readonly number[]
}

export interface ValuesAt {
  /** Of the level. */
  readonly n: number
  /** ns, in the order of the quantiles. */
  readonly values: readonly number[]
  /** Those from `least` on, highest first. */
  readonly highest: readonly HighValue[]
}

/** ns; -1: what a revision took back; entity, decimal digits; minute, Unix seconds. */
type HighValue = readonly [ns: number, sign: 1 | -1, entity: string, minute: number]

/** The highest values: from which on, and where they lie unless they are too many. */
export interface Highest {
  readonly least: number
  readonly places?: Places
}

/** Values at some quantiles, and those from `least` on; undefined where the rollups have led to the wrong bucket, as where facts have expired that they count. */
export async function valuesAt(
  clickhouse: ClickHouse,
  { facts, level, least }: { facts: Facts; level: UsualLevel; least: number },
  quantiles: readonly number[],
  options: QueryOf,
): Promise<ValuesAt | undefined> {
  if (quantiles.length === 0) return { n: level.n, values: [], highest: [] }
  const buckets = quantiles.map((q) => integersIn(keyAt(level.histogram, exactly(q))!))
  const belows = buckets.map((_, i) => `toFloat64(sumIf(sign, exactly < {lo${i}:Int64}))`)
  const lists = buckets.map(
    (_, i) => `arraySort(groupArrayIf((exactly, sign), exactly BETWEEN {lo${i}:Int64} AND {hi${i}:Int64}))`,
  )
  const edges = buckets.flatMap(({ lo, hi }, i) => [[`lo${i}`, lo] as const, [`hi${i}`, hi] as const])
  const sql = inBucketsSql.replace('{{belows}}', belows.join(', ')).replace('{{lists}}', lists.join(', '))
  const [row] = await clickhouse.query<ValuesAt & { found: number[] }>(
    `WITH ${facts.cte}\n${sql}`,
    {
      ...paramsAt(facts, level.fidelity),
      ...Object.fromEntries(edges),
      level: level.fidelity,
      least,
      quantiles: quantiles.map(exactly),
    },
    options,
  )
  return row && row.n > 0 && row.found.every(Boolean) ? row : undefined
}

/** Of so many of the highest values; undefined where there are fewer. */
export function highestOf(highest: ValuesAt['highest'], most: number): Highest | undefined {
  let n = 0
  const last = highest.findIndex(([, sign]) => (n += sign) >= most)
  if (last < 0) return undefined
  const [least] = highest[last]!
  const there = highest.filter(([ns]) => ns >= least)
  const places = { entities: there.map(([, , entity]) => BigInt(entity)), minutes: there.map((one) => one[3]) }
  return { least, places }
}

/** From this value on there are at least `most` values, or all, and how many. */
export function leastOf({ histogram: { keys, counts } }: UsualLevel, most: number): { ns: number; above: number } {
  let i = keys.length - 1
  let above = counts[i] ?? 0
  while (i > 0 && above < most) above += counts[--i]!
  return { ns: i >= 0 ? integersIn(keys[i]!).lo : 0, above }
}

/** The integers of a bucket, both ends included; lo > hi where it has none. */
export function integersIn(key: number): { lo: number; hi: number } {
  if (key === 0) return { lo: 0, hi: 0 }
  const size = Math.abs(key)
  const [near, far] = [leastWithKey(size), leastWithKey(size + 1) - 1]
  return key > 0 ? { lo: near, hi: far } : { lo: -far, hi: -near }
}

/** The least integer whose bucket is this one or lies beyond it. */
function leastWithKey(key: number): number {
  let least = Math.ceil(2 ** ((key - 1) / bucketsPerOctave))
  while (least > 1 && bucketKey(least - 1) >= key) least--
  while (bucketKey(least) < key) least++
  return least
}
