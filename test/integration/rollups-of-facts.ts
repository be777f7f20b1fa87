import type { ClickHouse } from '../../storage/clickhouse.ts'

/** One cell of a rollup, summed over ids: what must agree with the facts. */
export interface RollupCell {
  time: string
  kind: string
  metric: string
  fidelity: string
  /** Sampling weight - 1; -1: not known. */
  extra: number
  requests: string
  errors: string
  n: string
  sum: string
}

export const rollupSteps = { rollup_1m: 60, rollup_5m: 300, rollup_1h: 3600, rollup_1d: 86_400 } as const
type Rollup = keyof typeof rollupSteps

export function readRollup(clickhouse: ClickHouse, table: Rollup): Promise<RollupCell[]> {
  return clickhouse.query<RollupCell>(`
    SELECT time, kind, metric, fidelity, extra, sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum
    FROM ${table} GROUP BY time, kind, metric, fidelity, extra HAVING requests != 0
    ORDER BY time, kind, metric, fidelity, extra`)
}

/** The same from the current facts: what the newest revision of each trace says, without signs and jobs. */
export function rollupOfFacts(clickhouse: ClickHouse, table: Rollup): Promise<RollupCell[]> {
  const current = (facts: string) => `(
    SELECT *, if(bitAnd(flags, 131072) != 0, toFloat32(-1), toFloat32(weight - 1)) AS stands FROM ${facts} WHERE sign = 1 AND (trace_id, revision) IN (
      SELECT trace_id, max(revision) FROM traces GROUP BY trace_id
    ))`
  const measured = (kind: string, facts: string, metric: string, fidelity: string, value: string, where = '1') => `
    SELECT '${kind}' AS kind, ${metric} AS metric, toString(${fidelity}) AS fidelity, toNullable(toInt64OrNull(toString(${value}))) AS value,
      start, error, stands FROM ${current(facts)} WHERE ${where}`
  const measure = (kind: string, facts: string, metric: string, column: string) =>
    measured(kind, facts, `'${metric}'`, `${column}_fidelity`, `if(${column}_fidelity = 'unknown', NULL, ${column})`)
  const tax = (metric: string, column: string) =>
    measured(
      'trace',
      'traces',
      `'${metric}'`,
      `multiIf(${column}_upper IS NULL, 'unknown', ${column}_estimate IS NOT NULL, 'modelled', ${column}_lower = ${column}_upper, 'exact', 'bounded')`,
      `ifNull(${column}_estimate, ${column}_upper)`,
    )
  const levels = `['exact', 'bounded', 'modelled', 'unknown']`
  return clickhouse.query<RollupCell>(`
    SELECT toStartOfInterval(start, INTERVAL ${rollupSteps[table]} SECOND) AS time, kind, metric, fidelity, stands AS extra,
      toInt64(count()) AS requests, toInt64(sum(error)) AS errors, toInt64(count(value)) AS n,
      toInt128(sum(ifNull(value, 0))) AS sum
    FROM (${[
      measure('hop', 'hops', 'transit', 'transit'),
      measured('hop', 'hops', `'wire'`, `if(wire IS NULL, 'unknown', 'exact')`, 'wire'),
      `SELECT 'hop', concat('segment:', class),
         ${levels}[arrayMax(arrayMap((c, f) -> if(c = class, indexOf(${levels}, toString(f)), 0), segments.class, segments.fidelity))],
         toNullable(arraySum(arrayMap((c, ns) -> if(c = class, ns, 0), segments.class, segments.ns))), start, error, stands
       FROM ${current('hops')} ARRAY JOIN arrayDistinct(segments.class) AS class`,
      measure('proxy', 'proxies', 'added', 'added'),
      measure('proxy', 'proxies', 'overhead', 'overhead'),
      measure('proxy', 'proxies', 'requestPath', 'request_path'),
      measure('proxy', 'proxies', 'responsePath', 'response_path'),
      measured('proxy', 'proxies', `'retry'`, `'exact'`, 'backoff + wasted', 'attempts > 1'),
      measured('trace', 'traces', `'endToEnd'`, `if(duration IS NULL, 'unknown', 'exact')`, 'duration'),
      // D9: a parent, a callee, what lies beyond a limit, or what was not sampled, is missing.
      measured(
        'trace',
        'traces',
        `'incomplete'`,
        `'exact'`,
        'duration',
        'duration IS NOT NULL AND bitAnd(flags, 64 + 128 + 32768 + 33554432) != 0',
      ),
      tax('meshTax', 'mesh'),
      tax('gatewayTax', 'gateway'),
      `SELECT 'trace', concat('class:', class), 'exact',
         toNullable(arraySum(arrayMap((c, ns) -> if(c = class, ns, 0), segments.class, segments.ns))), start, error, stands
       FROM ${current('traces')} ARRAY JOIN arrayDistinct(segments.class) AS class`,
    ].join(' UNION ALL ')})
    GROUP BY time, kind, metric, fidelity, extra ORDER BY time, kind, metric, fidelity, extra`)
}
