/** The figures of a page as SQL over the facts, for whoever wants to go on in ClickHouse. */
import type { Fidelity } from '../../../server/api/contract.ts'

const columns = {
  proxy: { added: 'added', overhead: 'overhead', requestPath: 'request_path', responsePath: 'response_path' },
  hop: { transit: 'transit' },
} as const

export interface Figures {
  readonly kind: keyof typeof columns
  /** 16 hex digits. */
  readonly id: string
  readonly metric: string
  readonly fidelity: Fidelity
  /** Unix ns, decimal: the window that was read. */
  readonly from: string
  readonly to: string
}

/**
 * Exact quantiles where the page reads them off a histogram (at most 1.09 % apart), each request once: weights of sampling are not in it.
 * What a revision took back stands there again with sign −1.
 */
export function sqlOf({ kind, id, metric, fidelity, from, to }: Figures): string {
  const column = (columns[kind] as Readonly<Record<string, string>>)[metric]
  const [table, key] = kind === 'proxy' ? ['proxies', 'proxy_id'] : ['hops', 'hop_id']
  const value = fidelity === 'bounded' ? `ifNull(${column}, ${column}_hi)` : column
  const instant = (unixNano: string) => `fromUnixTimestamp64Nano(${unixNano}, 'UTC')`
  return `SELECT sum(n) AS requests,
  quantilesExactWeighted(0.5, 0.75, 0.9, 0.95, 0.99, 0.999)(value, toUInt64(n)) AS p50_p75_p90_p95_p99_p999_ns,
  max(value) AS max_ns, sum(value * n) / sum(n) AS mean_ns
FROM (
  SELECT ${value} AS value, sum(sign) AS n
  FROM ${table}
  WHERE ${key} = ${BigInt(`0x${id}`)} AND ${column}_fidelity = '${fidelity}'
    AND toStartOfMinute(start) >= ${instant(from)} AND start < ${instant(to)}
  GROUP BY value
  HAVING n > 0 AND value IS NOT NULL
)`
}

/** Those of which an answer was made, one after the other. */
export const sqlOfSeveral = (queries: readonly { readonly what: string; readonly sql: string }[]): string =>
  queries.map(({ what, sql }) => `-- ${what}\n${sql.trim().replace(/;$/, '')};`).join('\n\n')

/** The figures of a list: of every proxy or hop in a window (Unix ns, decimal), a row for each level of fidelity. As `sqlOf`. */
export function sqlOfList(kind: keyof typeof columns, { from, to }: { from: string; to: string }): string {
  const [table, key, column] = kind === 'proxy' ? ['proxies', 'proxy_id', 'added'] : ['hops', 'hop_id', 'transit']
  const instant = (unixNano: string) => `fromUnixTimestamp64Nano(${unixNano}, 'UTC')`
  return `SELECT lower(hex(${key})) AS id, fidelity, sum(n) AS requests,
  quantilesExactWeighted(0.5, 0.75, 0.9, 0.95, 0.99, 0.999)(value, toUInt64(n)) AS p50_p75_p90_p95_p99_p999_ns,
  max(value) AS max_ns, sum(value * n) / sum(n) AS mean_ns
FROM (
  SELECT ${key}, ${column}_fidelity AS fidelity,
    if(fidelity = 'bounded', ifNull(${column}, ${column}_hi), ${column}) AS value, sum(sign) AS n
  FROM ${table}
  WHERE toStartOfMinute(start) >= ${instant(from)} AND start < ${instant(to)}
  GROUP BY ${key}, fidelity, value
  HAVING n > 0 AND value IS NOT NULL
)
GROUP BY ${key}, fidelity
ORDER BY requests DESC`
}
