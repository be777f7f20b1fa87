import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import type { OffsetRow } from '../analysis/clock/offsets.ts'
import type { LearnedRows } from '../analysis/learned/learned.ts'
import type { CalleeRow } from '../analysis/learned/callees.ts'
import type { EmitterRow } from '../analysis/learned/emitters.ts'
import type { LearnedKeys } from '../analysis/learned/keys.ts'
import type { WireRow } from '../analysis/learned/wires.ts'
import { maxShards, shardOfJob } from './finaliser/shards.ts'
import { loadSql } from './load-sql.ts'

/** @param some condition for those that have one of `keys`. */
function sqlOf(name: string, some: string) {
  const sql = loadSql(import.meta.url, name)
  return { all: sql.replace('{{keys}}', '1'), some: sql.replace('{{keys}}', some) }
}

const offsetsSql = sqlOf('clock-offsets.sql', 'from_clock IN {keys:Array(String)} AND to_clock IN {keys:Array(String)}')
const wiresSql = sqlOf('wire-times.sql', 'from_place IN {keys:Array(String)} AND to_place IN {keys:Array(String)}')
const calleesSql = sqlOf('edge-callees.sql', 'edge IN {keys:Array(String)}')
const emittersSql = sqlOf('emitters.sql', 'service IN {keys:Array(String)}')

/** Which rows: of windows that begin in [fromMs, toMs] (Unix ms), learned by jobs in [fromJob, beforeJob). */
export interface LearnedRange {
  readonly fromMs: number
  readonly toMs: number
  readonly fromJob: bigint
  readonly beforeJob: bigint
  /** Of jobs of these shards. */
  readonly shards: readonly number[]
}

/** No trace is older or younger than this, Unix ms. */
const allTime = { fromMs: -9_223_372_036_854, toMs: 9_223_372_036_854 }
const everyJob = {
  fromJob: 0n,
  beforeJob: 2n ** 64n - 1n,
  shards: Array.from({ length: maxShards }, (_, shard) => shard),
}

/** What an edge leads to and how a clock shows is known for a day after it was seen. */
const longestCarryMs = 24 * 60 * 60_000

type Text<Row, Key extends keyof Row> = Omit<Row, Key | 'job'> & Record<Key | 'job', string>

/** What was learned by the jobs before `beforeJob`, as it held for that job. @param keys of which rows are read; left out, of all. */
export async function readLearned(
  clickhouse: ClickHouse,
  range: LearnedRange,
  options: QueryOptions = {},
  keys?: LearnedKeys,
): Promise<LearnedRows> {
  type Offset = Text<Omit<OffsetRow, 'bounds'>, 'windowMs' | 'fromMs' | 'toMs'> & {
    lo: string | null
    up: string | null
  }
  type Wire = Text<Omit<WireRow, 'fromMs'>, 'windowMs' | 'floor' | 'median'>
  type Edge = Text<Omit<CalleeRow, 'fromMs'>, 'windowMs'>
  type Habit = Text<Omit<EmitterRow, 'fromMs' | 'slack'>, 'windowMs' | 'grid' | 'coarse'> & { slack: string | null }
  const longer = { ...range, fromMs: range.fromMs - longestCarryMs }
  const read = <Row>(sql: ReturnType<typeof sqlOf>, of: LearnedRange, some?: ReadonlySet<string>) => {
    if (some === undefined) return clickhouse.query<Row>(sql.all, { ...of }, options)
    if (some.size === 0) return []
    return clickhouse.query<Row>(sql.some, { ...of, keys: [...some] }, { ...options, settings: { max_threads: 1 } })
  }
  const [offsets, wires, callees, emitters] = await Promise.all([
    read<Offset>(offsetsSql, range, keys?.clocks),
    read<Wire>(wiresSql, range, keys?.places),
    read<Edge>(calleesSql, longer, keys?.edges),
    read<Habit>(emittersSql, longer, keys?.services),
  ])
  return {
    offsets: newestOf(
      offsets.map(({ lo, up, ...row }) => ({
        ...row,
        job: BigInt(row.job),
        windowMs: Number(row.windowMs),
        fromMs: Number(row.fromMs),
        toMs: Number(row.toMs),
        bounds: lo === null || up === null ? null : { lo: Number(lo), up: Number(up) },
      })),
    ),
    wires: wires.map((row) => ({
      ...row,
      job: BigInt(row.job),
      windowMs: Number(row.windowMs),
      fromMs: Number(row.windowMs),
      floor: Number(row.floor),
      median: Number(row.median),
    })),
    callees: callees.map((row) => ({
      ...row,
      job: BigInt(row.job),
      windowMs: Number(row.windowMs),
      fromMs: Number(row.windowMs),
    })),
    emitters: emitters.map((row) => ({
      ...row,
      job: BigInt(row.job),
      windowMs: Number(row.windowMs),
      fromMs: Number(row.windowMs),
      grid: Number(row.grid),
      coarse: Number(row.coarse),
      slack: row.slack === null ? null : Number(row.slack),
    })),
  }
}

/** Of each pair and window the rows of the newest job, oldest first. */
function newestOf(rows: readonly OffsetRow[]): OffsetRow[] {
  const keyOf = ({ from, to, windowMs }: OffsetRow) => `${windowMs}\n${from}\n${to}`
  const newest = new Map<string, bigint>()
  for (const row of rows) if (row.job > (newest.get(keyOf(row)) ?? -1n)) newest.set(keyOf(row), row.job)
  return rows
    .filter((row) => row.job === newest.get(keyOf(row)))
    .sort((a, b) => a.windowMs - b.windowMs || a.fromMs - b.fromMs)
}

/** Two hours of jobs: what is older holds no more. A job's id is Unix ms << 21. */
const recentJobs = BigInt(2 * 60 * 60_000) << 21n

/** What a thread that starts must know of what the jobs of its shard before this one learned. */
export function readLearnedBefore(clickhouse: ClickHouse, job: bigint): Promise<LearnedRows> {
  const fromJob = job > recentJobs ? job - recentJobs : 0n
  return readLearned(clickhouse, { ...allTime, fromJob, beforeJob: job, shards: [shardOfJob(job)] })
}

/** An estimate of clocks or wires holds for an hour after its window at most. */
const estimateCarryMs = 65 * 60_000

/** What the facts of a trace were made with: `job` wrote them; null for a trace without facts, which gets what is known now. */
export function readLearnedFor(
  clickhouse: ClickHouse,
  { job, startMs, endMs }: { job: bigint | null; startMs: number; endMs: number },
  options: QueryOptions = {},
  keys?: LearnedKeys,
): Promise<LearnedRows> {
  const jobs = job === null ? everyJob : { fromJob: 0n, beforeJob: job, shards: [shardOfJob(job)] }
  return readLearned(
    clickhouse,
    { fromMs: Math.floor(startMs - estimateCarryMs), toMs: Math.ceil(endMs), ...jobs },
    options,
    keys,
  )
}
