import type { ClickHouse } from '../../storage/clickhouse.ts'
import { pageFormat } from '../api/contract-columns.ts'
import { loadSql } from './load-sql.ts'
import { readNative } from './native-reader.ts'
import type { QueryOf } from './query-of.ts'

const sql = loadSql(import.meta.url, 'trace-page.sql')

/**
 * What a job made of a large trace for its page (server/trace-page), gzip; undefined where it made none.
 * @param job that wrote the facts of the trace, decimal digits.
 */
export async function storedPage(
  clickhouse: ClickHouse,
  traceId: string,
  job: string,
  options: QueryOf,
): Promise<Buffer | undefined> {
  const answer = await clickhouse.queryBytes(sql, { traceId, job, format: pageFormat }, options)
  for (const block of readNative(answer)) if (block.rows > 0) return block.column('body', 'texts').bytesAt(0)
  return undefined
}
