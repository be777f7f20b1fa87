import type { ClickHouse, QueryOptions } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import { readNative } from '../native-reader.ts'

export const factTables = ['hops', 'proxies', 'traces'] as const
export type FactTable = (typeof factTables)[number]

/** The current facts of a trace. */
export interface FactsOfTrace {
  readonly traceId: string
  readonly revision: number
  /** The job that wrote them. */
  readonly job: bigint
  /** How many rows of spans they were made from. */
  readonly spanRows: number
  /** So many of them were there already; left out where that does not matter. */
  readonly duplicates?: number
  /** Minutes of the sort order of spans, Unix seconds. */
  readonly firstMinute: number
  readonly lastMinute: number
  /** They were revised by late spans; left out where that does not matter. */
  readonly late?: boolean
}

const factsOfTracesSql = loadSql(import.meta.url, 'facts-of-traces.sql')
const finalisedSinceSql = loadSql(import.meta.url, 'finalised-since.sql')
const perTable = (prefix: string): Record<FactTable, string> => ({
  hops: loadSql(import.meta.url, `${prefix}-hops.sql`),
  proxies: loadSql(import.meta.url, `${prefix}-proxies.sql`),
  traces: loadSql(import.meta.url, `${prefix}-traces.sql`),
})
const retractSql = perTable('retract')
const deleteSql = perTable('delete')

/** Looked for in one query, so that none takes long. */
const idsPerQuery = 5_000
export const pairsPerQuery = 3_000

/** Facts of those traces that have some and started within the minutes (Unix seconds). In no order. */
export async function factsOfTraces(
  clickhouse: ClickHouse,
  traceIds: readonly string[],
  minutes: { firstMinute: number; lastMinute: number },
): Promise<FactsOfTrace[]> {
  const found: FactsOfTrace[] = []
  for (let from = 0; from < traceIds.length; from += idsPerQuery) {
    const some = traceIds.slice(from, from + idsPerQuery)
    const params = { ...minutes, traceIds: Buffer.from(some.join(''), 'hex').toString('base64'), count: some.length }
    for (const row of await clickhouse.query<Omit<FactsOfTrace, 'job'> & { job: string }>(factsOfTracesSql, params)) {
      found.push({ ...row, job: BigInt(row.job) })
    }
  }
  return found
}

/** Ids (16 bytes each) and instants (Unix seconds) of the traces that were settled last, newest first. */
export async function finalisedSince(
  clickhouse: ClickHouse,
  params: { since: number; limit: number },
  add: (id: Buffer, settledAt: number) => void,
): Promise<void> {
  const body = await clickhouse.queryBytes(finalisedSinceSql, params)
  for (const block of readNative(body)) {
    const ids = block.column('trace_id', 'bytes').data
    const settledAt = block.column('settled_at', 'integers')
    for (let row = 0; row < block.rows; row++) add(ids.subarray(row * 16, row * 16 + 16), settledAt[row]!)
  }
}

/** When facts of these jobs were settled, Unix seconds: the second of their ids (Unix ms << 21). */
export const secondsOf = (jobs: readonly bigint[]): number[] => [
  ...new Set(jobs.map((job) => Number(job / 2_097_152_000n))),
]

/** Writes the facts of those traces again with sign -1, under `job`. */
export async function retract(
  clickhouse: ClickHouse,
  { job, facts }: { job: bigint; facts: readonly Pick<FactsOfTrace, 'traceId' | 'job'>[] },
  optionsOf: (what: string) => QueryOptions,
): Promise<void> {
  for (let from = 0; from < facts.length; from += pairsPerQuery) {
    const some = facts.slice(from, from + pairsPerQuery)
    const jobs = [...new Set(some.map((fact) => fact.job))]
    const params = {
      job,
      settledAt: secondsOf(jobs),
      jobs,
      pairs: pairsOf(some).toString('base64'),
      count: some.length,
    }
    for (const table of factTables) {
      await clickhouse.command(retractSql[table], params, optionsOf(`retract-${table}-${from}`))
    }
  }
}

/** Removes every fact that `job` wrote. */
export async function deleteFacts(clickhouse: ClickHouse, job: string): Promise<void> {
  for (const table of factTables) await clickhouse.command(deleteSql[table], { job: BigInt(job) })
}

/** Trace id (16 bytes) and job (8 bytes, little-endian) of each. */
export function pairsOf(facts: readonly { traceId: string; job: bigint }[]): Buffer {
  const bytes = Buffer.alloc(24 * facts.length)
  facts.forEach(({ traceId, job }, i) => {
    bytes.write(traceId, 24 * i, 'hex')
    bytes.writeBigUInt64LE(job, 24 * i + 16)
  })
  return bytes
}
