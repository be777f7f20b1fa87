import type { ClickHouse, Params } from '../../../storage/clickhouse.ts'
import type { ExploreRequest, Live, Selection } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import { readProxyNames } from '../names.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { hexOf, type Window } from '../rollup-window.ts'
import { factsOf, paramsAt, type FactsAsked } from './facts.ts'
import type { Dataset } from './fields.ts'
import { select, selectedWithReplaced, type BoxAsked } from './selection.ts'
import type { Highest } from './usual.ts'

const requestsSql = loadSql(import.meta.url, 'requests.sql')
const liveSql = loadSql(import.meta.url, 'live.sql')
const clockSql = loadSql(import.meta.url, '../finaliser/clock.sql')

interface Row {
  traceId: string
  spanId: string
  startUnixNano: string
  ns: number
  fidelity: Fidelity
  traceNs: number | null
  entity: string
  name: string
  caller: string
  callee: string
  route: string
  status: number
  error: number
}

/** As they are in ClickHouse: with what a revision replaced, and with sign -1 what took it back. */
type StoredRow = Row & { sign: 1 | -1; revision: number }

/** The last one of a page. */
export interface RequestCursor {
  /** ns, decimal. */
  readonly value: string
  readonly start: string
  readonly traceId: string
  readonly spanId: string
}

export interface RequestsAsked extends BoxAsked {
  readonly byValue: boolean
  readonly cursor: RequestCursor | null
  readonly limit: number
}

/** Of the highest, those that came since they were looked for. */
const moreRows = 100

const nameSql = (dataset: Dataset) => (dataset === 'traces' ? 'toString(root_name)' : "''")

/** @throws FilterError */
export async function listRequests(
  clickhouse: ClickHouse,
  asked: RequestsAsked,
  options: QueryOf,
): Promise<{ items: ExploreRequest[]; window: Window; fidelity: Fidelity; selection: Selection }> {
  const { cursor, byValue, limit } = asked
  const wanted = { highest: byValue && !cursor ? limit : 0 }
  const selected = await select(clickhouse, asked, wanted, partOf(options, 'sides'))
  const { facts, window, fidelity, selection, ctes, params, highest } = selected
  const read = (from: string, above: Params, of: QueryOf) =>
    clickhouse.query<StoredRow>(
      `WITH ${from}\n${requestsSql.replace('{{name}}', nameSql(facts.dataset))}`,
      {
        ...{ ...params, byValue: byValue ? 1 : 0, limit, ...above },
        ...{ cursorValue: cursor?.value ?? '0', cursorStart: cursor?.start ?? '0' },
        ...{
          cursorTrace: cursor?.traceId.toUpperCase() ?? '',
          cursorSpan: (cursor?.spanId || '0'.repeat(16)).toUpperCase(),
        },
      },
      of,
    )
  // Of millions a page takes the highest: the rest need not be looked at.
  const readHighest = async ({ least, places }: Highest) => {
    if (!places) return read(ctes, { selMin: least }, partOf(options, 'highest'))
    const near = factsOf({ ...asked, window, places })
    const most = 2 * places.entities.length + moreRows
    const above = { ...paramsAt(near, fidelity), selMin: least, limit: most }
    const stored = await read(selectedWithReplaced(near), above, partOf(options, 'highest'))
    return stored.length < most ? current(stored).slice(0, limit) : []
  }
  const isAbove = highest && selection.minNs !== null && highest.least > selection.minNs
  const found = isAbove ? await readHighest(highest) : []
  const rows = found.length === limit ? found : await read(ctes, {}, partOf(options, 'requests'))
  const items = await withNames(
    clickhouse,
    facts.dataset,
    rows.map(({ sign: _sign, revision: _revision, ...row }) => row),
    options,
  )
  return { items, window, fidelity, selection }
}

/** Without what a revision replaced, in the same order. */
function current(rows: readonly StoredRow[]): StoredRow[] {
  const keyOf = ({ traceId, revision }: StoredRow) => `${traceId} ${revision}`
  const replaced = new Set(rows.filter(({ sign }) => sign < 0).map(keyOf))
  return rows.filter((row) => row.sign > 0 && !replaced.has(keyOf(row)))
}

async function withNames(
  clickhouse: ClickHouse,
  dataset: Dataset,
  rows: readonly Row[],
  options: QueryOf,
): Promise<ExploreRequest[]> {
  const ids = dataset === 'proxies' ? rows.map(({ entity }) => hexOf(entity)) : []
  const names = await readProxyNames(clickhouse, ids, partOf(options, 'names'))
  return rows.map(({ entity, name, error, ...row }) => {
    const id = dataset === 'traces' ? null : hexOf(entity)
    const proxy = dataset === 'proxies' ? names.get(id!) : undefined
    const about =
      dataset === 'proxies'
        ? { id, name: proxy?.name ?? id!, role: proxy?.role ?? null }
        : {
            id,
            name: dataset === 'hops' ? `${row.caller || 'outside'} → ${row.callee || 'outside'}` : name,
            role: null,
          }
    return { ...row, about, error: error === 1 }
  })
}

/** A job's row may become visible a little after the instant that it has. */
const visibleMs = 1_000
/** Spans that began before are not shown as they come. */
const hourMs = 3_600_000
/** The first answer shows what settled just now. */
const firstMs = 10_000

export interface LiveAsked extends Omit<FactsAsked, 'window'> {
  /** Unix ms by the clock of ClickHouse, `next` of the answer before. */
  readonly after: number | undefined
  readonly limit: number
}

/** What has settled since the last answer, each request once. @throws FilterError */
export async function readLive(clickhouse: ClickHouse, asked: LiveAsked, options: QueryOf): Promise<Live> {
  const [clock] = await clickhouse.query<{ nowMs: string }>(clockSql, {}, partOf(options, 'clock'))
  const until = Number(clock!.nowMs) - visibleMs
  const after = Math.min(until, Math.max(asked.after ?? until - firstMs, until - hourMs))
  const { after: _after, limit, ...question } = asked
  const facts = factsOf({ ...question, window: { fromMs: until - 2 * hourMs, toMs: until + hourMs } })
  const rows = await clickhouse.query<Row & { arrived: number }>(
    `WITH ${facts.cte}\n${liveSql.replace('{{name}}', nameSql(facts.dataset))}`,
    { ...facts.params, after, until, limit },
    partOf(options, 'live'),
  )
  const arrived = rows[0]?.arrived ?? 0
  const items = await withNames(
    clickhouse,
    facts.dataset,
    rows.map(({ arrived: _arrived, ...row }) => row),
    options,
  )
  return { items, arrived, next: String(until) }
}
