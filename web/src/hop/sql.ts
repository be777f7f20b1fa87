/** The figures of a page as SQL over the facts, for whoever wants to go on in ClickHouse. */
import type { Fidelity } from '../../../server/api/contract.ts'

const columns = {
  proxy: { added: 'added', overhead: 'overhead', requestPath: 'request_path', responsePath: 'response_path' },
  hop: { transit: 'transit' },
} as const

const facts = {
  proxy: { table: 'proxies', key: 'proxy_id', column: 'added' },
  hop: { table: 'hops', key: 'hop_id', column: 'transit' },
} as const

/** Unix ns, decimal: the window that was read. */
interface Window {
  readonly from: string
  readonly to: string
}

const within = ({ from, to }: Window): string =>
  `toStartOfMinute(start) >= fromUnixTimestamp64Nano(${from}, 'UTC') AND start < fromUnixTimestamp64Nano(${to}, 'UTC')`

/** Of values of which there are n each. */
const figures = `sum(n) AS requests,
  quantilesExactWeighted(0.5, 0.75, 0.9, 0.95, 0.99, 0.999)(value, toUInt64(n)) AS p50_p75_p90_p95_p99_p999_ns,
  max(value) AS max_ns, sum(value * n) / sum(n) AS mean_ns`

export interface Figures extends Window {
  readonly kind: keyof typeof columns
  /** 16 hex digits. */
  readonly id: string
  readonly metric: string
  readonly fidelity: Fidelity
}

/**
 * Exact quantiles where the page reads them off a histogram (at most 1.09 % apart), each request once: weights of sampling are not in it.
 * What a revision took back stands there again with sign −1.
 */
export function sqlOf({ kind, id, metric, fidelity, from, to }: Figures): string {
  const column = (columns[kind] as Readonly<Record<string, string>>)[metric]
  const { table, key } = facts[kind]
  const value = fidelity === 'bounded' ? `ifNull(${column}, ${column}_hi)` : column
  return `SELECT ${figures}
FROM (
  SELECT ${value} AS value, sum(sign) AS n
  FROM ${table}
  WHERE ${key} = ${BigInt(`0x${id}`)} AND ${column}_fidelity = '${fidelity}'
    AND ${within({ from, to })}
  GROUP BY value
  HAVING n > 0 AND value IS NOT NULL
)`
}

/** Those of which an answer was made, one after the other. */
export const sqlOfSeveral = (queries: readonly { readonly what: string; readonly sql: string }[]): string =>
  queries.map(({ what, sql }) => `-- ${what}\n${sql.trim().replace(/;$/, '')};`).join('\n\n')

/** The figures of a list: of every proxy or hop in a window, a row for each level of fidelity. As `sqlOf`. */
export function sqlOfList(kind: keyof typeof columns, window: Window): string {
  const { table, key, column } = facts[kind]
  return `SELECT lower(hex(${key})) AS id, fidelity, ${figures}
FROM (
  SELECT ${key}, ${column}_fidelity AS fidelity,
    if(fidelity = 'bounded', ifNull(${column}, ${column}_hi), ${column}) AS value, sum(sign) AS n
  FROM ${table}
  WHERE ${within(window)}
  GROUP BY ${key}, fidelity, value
  HAVING n > 0 AND value IS NOT NULL
)
GROUP BY ${key}, fidelity
ORDER BY requests DESC`
}
