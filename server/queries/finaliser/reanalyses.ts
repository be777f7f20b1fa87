import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import type { FactsOfTrace } from './facts.ts'

/** A request to analyse the traces that start in [fromMs, toMs) again; Unix ms. */
export interface OpenReanalysis {
  /** Made like the id of a job: facts of jobs before it are to be done. */
  readonly id: bigint
  readonly fromMs: number
  readonly toMs: number
}

/** What became of the traces of a request so far. */
export interface ReanalysisCounts {
  readonly reanalysed: number
  /** Their spans have expired: the facts stand. */
  readonly kept: number
  readonly failed: number
}

/** Current facts that a request is to replace. */
export interface OldFacts extends FactsOfTrace {
  readonly late: boolean
  /** Unix ns, decimal. */
  readonly startNano: string
}

const openSql = loadSql(import.meta.url, 'reanalyses-open.sql')
const doneSql = loadSql(import.meta.url, 'reanalysed-for.sql')
const minutesSql = loadSql(import.meta.url, 'minutes-to-reanalyse.sql')
const factsSql = loadSql(import.meta.url, 'facts-to-reanalyse.sql')

/** Oldest first. */
export async function openReanalyses(clickhouse: ClickHouse): Promise<OpenReanalysis[]> {
  const rows = await clickhouse.query<{ id: string; fromMs: string; toMs: string }>(openSql)
  return rows.map(({ id, fromMs, toMs }) => ({ id: BigInt(id), fromMs: Number(fromMs), toMs: Number(toMs) }))
}

/** What jobs have written for a request, in this life of the finaliser and in earlier ones. */
export async function reanalysedFor(clickhouse: ClickHouse, id: bigint) {
  const [row] = await clickhouse.query<{ reanalysed: string; failed: string }>(doneSql, { id })
  return { reanalysed: Number(row!.reanalysed), failed: Number(row!.failed) }
}

export interface MinuteOfFacts {
  /** Unix seconds. */
  readonly minute: number
  readonly facts: number
}

export function minutesToReanalyse(clickhouse: ClickHouse, request: OpenReanalysis): Promise<MinuteOfFacts[]> {
  return clickhouse.query<MinuteOfFacts>(minutesSql, { ...request })
}

/** Where to look on: after this trace, in the order of starts. */
export interface Cursor {
  readonly afterNano: string
  readonly afterId: string
}

/** @param part of the window, Unix ms, and at most 5,000 `ids` to look for where not all are meant. */
export async function factsToReanalyse(
  clickhouse: ClickHouse,
  part: OpenReanalysis & Cursor & { limit: number; ids?: readonly string[] },
): Promise<OldFacts[]> {
  const { ids = [], ...params } = part
  const traceIds = Buffer.from(ids.join(''), 'hex').toString('base64')
  const rows = await clickhouse.query<Omit<OldFacts, 'late' | 'job'> & { late: number; job: string }>(factsSql, {
    ...params,
    traceIds,
    count: ids.length,
  })
  return rows.map((row) => ({ ...row, job: BigInt(row.job), late: row.late === 1 }))
}

/** Notes how far a finaliser is with a request. */
export async function noteReanalysis(
  clickhouse: ClickHouse,
  finaliser: string,
  { id, state, ...counts }: ReanalysisCounts & { id: bigint; state: 'running' | 'done' },
): Promise<void> {
  await clickhouse.command(
    `INSERT INTO reanalyses (id, finaliser, state, reanalysed, kept, failed)
     VALUES ({id:UInt64}, {finaliser:String}, {state:String}, {reanalysed:UInt64}, {kept:UInt64}, {failed:UInt64})`,
    { id, finaliser, state, ...counts },
  )
}
