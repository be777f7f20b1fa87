import type { ClickHouse, QueryOptions } from '../../../storage/clickhouse.ts'
import { allFlagNames } from '../../analysis/flags.ts'
import { loadSql } from '../load-sql.ts'

export interface UnfinishedJob {
  /** Decimal digits. */
  readonly job: string
  readonly state: 'begin' | 'written'
}

export const rollups = ['hops', 'proxies', 'traces', 'classes', 'coverage'] as const
export type Rollup = (typeof rollups)[number]

const unfinishedSql = loadSql(import.meta.url, 'jobs-unfinished.sql')
const newestSql = loadSql(import.meta.url, 'jobs-newest.sql')
const deleteJobSql = loadSql(import.meta.url, 'delete-job.sql')
const killQueriesSql = loadSql(import.meta.url, 'kill-queries.sql')
const rollupSql: Record<Rollup, string> = {
  hops: loadSql(import.meta.url, 'rollup-hops.sql'),
  proxies: loadSql(import.meta.url, 'rollup-proxies.sql'),
  traces: loadSql(import.meta.url, 'rollup-traces.sql'),
  classes: loadSql(import.meta.url, 'rollup-classes.sql'),
  coverage: loadSql(import.meta.url, 'rollup-coverage.sql'),
}

/** Oldest first. */
export function unfinishedJobs(clickhouse: ClickHouse, finaliser: string): Promise<UnfinishedJob[]> {
  return clickhouse.query<UnfinishedJob>(unfinishedSql, { finaliser })
}

/** `job` is '0' and `watermarkMs` 0 when there is no job yet. */
export async function newestJob(clickhouse: ClickHouse, finaliser: string) {
  const [row] = await clickhouse.query<{ job: string; watermarkMs: string; anyFacts: number }>(newestSql, { finaliser })
  return { job: row!.job, watermarkMs: Number(row!.watermarkMs), anyFacts: row!.anyFacts === 1 }
}

/** Ends what an earlier life of the finaliser left running in ClickHouse, and waits for it to have ended. */
export async function killQueries(clickhouse: ClickHouse, prefix: string): Promise<void> {
  await clickhouse.command(killQueriesSql, { prefix })
}

/** Forgets a job whose facts were deleted. */
export async function deleteJob(clickhouse: ClickHouse, job: string): Promise<void> {
  await clickhouse.command(deleteJobSql, { job: BigInt(job) })
}

/**
 * Adds the facts of `job` to one rollup, and through its views to the coarser ones. One block under one token: run
 * again it completes what is missing and doubles nothing, in the rollup and in each target of its views by itself.
 */
export async function rollUp(
  clickhouse: ClickHouse,
  { job, rollup, token }: { job: bigint; rollup: Rollup; token: string },
  options: QueryOptions,
): Promise<void> {
  await clickhouse.command(rollupSql[rollup], rollup === 'coverage' ? { job, flagNames: allFlagNames } : { job }, {
    ...options,
    settings: {
      insert_deduplication_token: token,
      insert_deduplicate: 1,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      max_threads: 1,
      max_insert_threads: '1',
      min_insert_block_size_rows: '1000000000',
      min_insert_block_size_bytes: '0',
    },
  })
}
