import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import { noKeys, noting, type LearnedKeys } from '../analysis/learned/keys.ts'
import { learnedTables, type LearnedSettings } from '../analysis/learned/learned.ts'
import type { TraceInput } from '../analysis/types.ts'
import { readLearnedFor } from '../queries/learned.ts'

/** Of more spans, analysing twice takes longer than to read what all traces taught. */
const mostSpansTwice = 2_000
/** More go into no address. */
const mostKeys = 200

/**
 * Analyses a trace with what its facts were made with, so that its page shows the same numbers. Only what the analysis asks for is read: it is
 * made without first, and again with what was asked for until it asks for nothing more.
 * @param place where the facts say the trace lies, and who wrote them; of a trace without facts `extentOf` it: that gets
 * what is known now.
 */
export async function analysedAsItsFacts<Analysed>(
  clickhouse: ClickHouse,
  { spans }: TraceInput,
  { job, firstNano, lastNano }: { job?: string; firstNano: string; lastNano: string },
  analyse: (learned: LearnedSettings) => Analysed,
  options: QueryOptions,
): Promise<Analysed> {
  const ms = (nano: string) => Number(BigInt(nano) / 1_000_000n) + Number(BigInt(nano) % 1_000_000n) / 1e6
  const when = { job: job === undefined ? null : BigInt(job), startMs: Math.floor(ms(firstNano)), endMs: ms(lastNano) }
  const learned = async (keys?: LearnedKeys) => {
    const tables = learnedTables()
    tables.add(await readLearnedFor(clickhouse, when, options, keys))
    return tables.settings
  }
  if (spans.length > mostSpansTwice) return analyse(await learned())
  const keys = noKeys()
  for (let settings = learnedTables().settings, known = 0; ; known = sizeOf(keys)) {
    const analysed = analyse(noting(settings, keys))
    if (sizeOf(keys) === known) return analysed
    if (sizeOf(keys) > mostKeys) return analyse(await learned())
    settings = await learned(keys)
  }
}

const sizeOf = ({ clocks, places, edges, services }: LearnedKeys) =>
  clocks.size + places.size + edges.size + services.size

/** Of its earliest and latest span, Unix ns. */
export function extentOf({ baseUnixNano, spans }: TraceInput): { firstNano: string; lastNano: string } {
  const lastNs = spans.reduce((last, { start }) => Math.max(last, start), 0)
  return { firstNano: String(baseUnixNano), lastNano: String(baseUnixNano + BigInt(lastNs)) }
}
