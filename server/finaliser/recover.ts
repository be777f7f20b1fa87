import type { Logger } from '../../storage/running.ts'
import { deleteFacts, finalisedSince } from '../queries/finaliser/facts.ts'
import { clockMs } from '../queries/finaliser/following.ts'
import { deleteJob, killQueries, newestJob, unfinishedJobs } from '../queries/finaliser/jobs.ts'
import { rollupsOfJob } from './rollups/read-back.ts'
import { recentIds, remember, startGeneration, type RecentIds } from './recent-ids.ts'
import { queryPrefix, rollUpJob, type JobWriter } from './write-job.ts'

/** Where a finaliser goes on. */
export interface Recovered {
  /** Unix ms: batches committed before it need not be looked at again. */
  readonly fromMs: number
  /** The newest job there is; the next must have a greater id. */
  readonly lastJob: bigint
  /** Traces that have facts already. */
  readonly recent: RecentIds
}

/** How far back ids are remembered at the start, at most, and how many of them. */
const rememberSeconds = 3600

/**
 * Brings the tables to a state that jobs can be written on: at the start, and after any failure. May itself be
 * interrupted and run again.
 */
export async function recover(writer: JobWriter, log: Logger): Promise<Recovered> {
  const { clickhouse, finaliser } = writer
  await killQueries(clickhouse, queryPrefix(finaliser))
  // Before jobs are forgotten: none of their ids may come again.
  const { job: newest, watermarkMs, anyFacts } = await newestJob(clickhouse, finaliser)
  for (const { job, state } of await unfinishedJobs(clickhouse, finaliser)) {
    log.warn({ job, state }, state === 'begin' ? 'taking back a job that was not written' : 'rolling up a written job')
    if (state === 'written') await rollUpJob(writer, BigInt(job), 0, await rollupsOfJob(clickhouse, BigInt(job)))
    else {
      await deleteFacts(clickhouse, job)
      await deleteJob(clickhouse, job)
    }
  }
  const nowMs = await clockMs(clickhouse)
  const recent = recentIds()
  let since = Math.floor(nowMs / 1000) - rememberSeconds
  let count = 0
  let oldest = Infinity
  await finalisedSince(clickhouse, { since, limit: recent.maxPerGeneration }, (id, settledAt) => {
    oldest = Math.min(oldest, settledAt)
    count++
    remember(recent, id, nowMs)
  })
  // Newest first: when the limit cut some off, those of the second that was cut through are not all here.
  if (count === recent.maxPerGeneration) since = oldest + 1
  startGeneration(recent, nowMs, anyFacts ? since * 1000 : -Infinity)
  return { fromMs: watermarkMs, lastJob: BigInt(newest), recent }
}
