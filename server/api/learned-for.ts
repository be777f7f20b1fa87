import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import { learnedTables, type LearnedSettings } from '../analysis/learned/learned.ts'
import type { TraceInput } from '../analysis/types.ts'
import { readLearnedFor } from '../queries/learned.ts'

/**
 * What the facts of a trace were made with, so that its page shows the same numbers.
 * @param job wrote the facts, decimal digits; undefined for a trace without facts, which gets what is known now.
 */
export async function learnedFor(
  clickhouse: ClickHouse,
  { baseUnixNano, spans }: TraceInput,
  job: string | undefined,
  options: QueryOptions,
): Promise<LearnedSettings> {
  const startMs = Number(baseUnixNano / 1_000_000n)
  const lastNs = spans.reduce((last, { start }) => Math.max(last, start), 0)
  const when = { job: job === undefined ? null : BigInt(job), startMs, endMs: startMs + lastNs / 1e6 }
  const tables = learnedTables()
  tables.add(await readLearnedFor(clickhouse, when, options))
  return tables.settings
}
