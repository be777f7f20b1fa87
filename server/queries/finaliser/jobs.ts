import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'

export interface UnfinishedJob {
  /** Decimal digits. */
  readonly job: string
  readonly state: 'begin' | 'written'
}

const unfinishedSql = loadSql(import.meta.url, 'jobs-unfinished.sql')
const newestSql = loadSql(import.meta.url, 'jobs-newest.sql')
const deleteJobSql = loadSql(import.meta.url, 'delete-job.sql')
const killQueriesSql = loadSql(import.meta.url, 'kill-queries.sql')

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
