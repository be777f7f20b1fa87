import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import { unsignedOf } from '../rollup-window.ts'

const exemplarsSql = {
  proxy: loadSql(import.meta.url, 'exemplars-proxy.sql'),
  hop: loadSql(import.meta.url, 'exemplars-hop.sql'),
  trace: loadSql(import.meta.url, 'exemplars-trace.sql'),
}

/** Traces of a series in [fromMs, toMs) whose value is nearest `nearNs`: what an alert looks like in single requests. */
export async function readNearTraces(
  clickhouse: ClickHouse,
  asked: { kind: 'proxy' | 'hop' | 'trace'; metric: string; id: string; fromMs: number; toMs: number; nearNs: number },
): Promise<string[]> {
  const { kind, id, nearNs, ...params } = asked
  const all = { ...params, id: unsignedOf(id), near: Math.round(nearNs), most: 3 }
  return (await clickhouse.query<{ traceId: string }>(exemplarsSql[kind], all)).map(({ traceId }) => traceId)
}
