import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import { hexOf, overRollup, unsignedOf, type Window } from '../rollup-window.ts'

/** p50 and p95 of one minute of one series, as bucket keys. */
export interface MinuteQuantiles {
  readonly kind: 'proxy' | 'hop' | 'trace'
  readonly metric: string
  /** 16 hex digits. */
  readonly id: string
  readonly fidelity: Fidelity
  /** Since 1970. */
  readonly minute: number
  readonly n: number
  readonly p50: number
  readonly p95: number
}

interface Row extends Omit<MinuteQuantiles, 'minute'> {
  readonly seconds: number
}
interface HourRow extends Omit<MinuteQuantiles, 'minute' | 'n' | 'p50' | 'p95'> {
  readonly seconds: number
  readonly p50: number[]
  readonly p95: number[]
  readonly n: number[]
}

const minutesSql = loadSql(import.meta.url, 'minutes.sql')
const keptSql = loadSql(import.meta.url, 'kept-hours.sql')
const keepSql = loadSql(import.meta.url, 'keep-hour.sql')
const keptListSql = loadSql(import.meta.url, 'kept-hours-list.sql')
/** What regression rules may be about, and what they are explained with. */
export const watchedMetrics = ['added', 'overhead', 'requestPath', 'responsePath', 'transit', 'wire', 'endToEnd']

/** From rollups of a minute: for the last minutes. */
export async function readMinutes(
  clickhouse: ClickHouse,
  window: Window,
  metrics: readonly string[],
  ids: readonly string[] = [],
): Promise<MinuteQuantiles[]> {
  const { sql, params } = overRollup(minutesSql, {
    windows: [window],
    rows: { kinds: ids.length > 0 ? kindsOf(metrics) : ['proxy', 'hop', 'trace'], metrics, ids },
    stepMs: 60_000,
  })
  const rows = await clickhouse.query<Row>(sql, params)
  return rows.map(({ seconds, id, ...row }) => ({ ...row, id: hexOf(id), minute: seconds / 60 }))
}

function kindsOf(metrics: readonly string[]): ('proxy' | 'hop' | 'trace')[] {
  const [metric = ''] = metrics
  return metric === 'endToEnd' ? ['trace'] : metric === 'transit' || metric === 'wire' ? ['hop'] : ['proxy']
}

/** From the hours that were kept. Both ends are whole hours, Unix ms. */
export async function* readKeptMinutes(
  clickhouse: ClickHouse,
  { fromMs, toMs }: Window,
  metrics: readonly string[],
  ids: readonly string[] = [],
): AsyncGenerator<MinuteQuantiles> {
  const day = 86_400_000
  // By the day: nine of thousands of series at once would be more than the process may take.
  for (let from = fromMs; from < toMs; from += day) {
    const to = Math.min(toMs, from + day)
    const params = { from: from / 1000, to: to / 1000, metrics, ids: ids.map(unsignedOf) }
    for (const { seconds, id, p50, p95, n, ...row } of await clickhouse.query<HourRow>(keptSql, params)) {
      const hex = hexOf(id)
      for (let minute = 0; minute < 60; minute++)
        if (n[minute]! > 0)
          yield { ...row, id: hex, minute: seconds / 60 + minute, n: n[minute]!, p50: p50[minute]!, p95: p95[minute]! }
    }
  }
}

/** Which whole hours of a window have been kept, Unix ms. */
export async function readKeptHours(clickhouse: ClickHouse, { fromMs, toMs }: Window): Promise<Set<number>> {
  const rows = await clickhouse.query<{ seconds: number }>(keptListSql, { from: fromMs / 1000, to: toMs / 1000 })
  return new Set(rows.map(({ seconds }) => seconds * 1000))
}

/** Keeps a whole hour. @param again another number: the hour is kept anew. */
export async function keepHour(clickhouse: ClickHouse, hourMs: number, again = 0): Promise<void> {
  const token = `alert-minutes-${hourMs}-${again}`
  await clickhouse.command(keepSql, { hour: hourMs / 1000, metrics: watchedMetrics, token })
}
