import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import { learnedTables, type LearnedSettings } from '../analysis/learned/learned.ts'
import type { TraceInput } from '../analysis/types.ts'
import { readLearnedFor } from '../queries/learned.ts'

/**
 * What the facts of a trace were made with, so that its page shows the same numbers.
 * @param place where the facts say the trace lies, and who wrote them; of a trace without facts `extentOf` it: that gets
 * what is known now.
 */
export async function learnedFor(
  clickhouse: ClickHouse,
  { job, firstNano, lastNano }: { job?: string; firstNano: string; lastNano: string },
  options: QueryOptions,
): Promise<LearnedSettings> {
  const ms = (nano: string) => Number(BigInt(nano) / 1_000_000n) + Number(BigInt(nano) % 1_000_000n) / 1e6
  const when = { job: job === undefined ? null : BigInt(job), startMs: Math.floor(ms(firstNano)), endMs: ms(lastNano) }
  const tables = learnedTables()
  tables.add(await readLearnedFor(clickhouse, when, options))
  return tables.settings
}

/** Of its earliest and latest span, Unix ns. */
export function extentOf({ baseUnixNano, spans }: TraceInput): { firstNano: string; lastNano: string } {
  const lastNs = spans.reduce((last, { start }) => Math.max(last, start), 0)
  return { firstNano: String(baseUnixNano), lastNano: String(baseUnixNano + BigInt(lastNs)) }
}
