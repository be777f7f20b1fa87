import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Reanalysis } from '../api/contract-reanalyses.ts'
import { clockMs } from './finaliser/following.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { hexOf, unsignedOf } from './rollup-window.ts'

interface Row {
  readonly id: string
  /** '': the request itself. */
  readonly finaliser: string
  readonly state: Reanalysis['state']
  readonly fromMs: string
  readonly toMs: string
  readonly atMs: string
  readonly traces: string
  readonly reanalysed: string
  readonly kept: string
  readonly failed: string
}

const listSql = loadSql(import.meta.url, 'reanalyses.sql')
const requestSql = loadSql(import.meta.url, 'reanalysis-request.sql')

/** Newest first. @param id 16 hex digits: that one only. */
export async function listReanalyses(clickhouse: ClickHouse, options: QueryOf, id?: string): Promise<Reanalysis[]> {
  const rows = await clickhouse.query<Row>(
    listSql,
    { id: unsignedOf(id ?? '0'), all: id === undefined ? 1 : 0 },
    options,
  )
  const byId = new Map<string, Row[]>()
  for (const row of rows) byId.set(row.id, [...(byId.get(row.id) ?? []), row])
  return [...byId.values()].map(reanalysisOf).reverse()
}

function reanalysisOf(rows: readonly Row[]): Reanalysis {
  const request = rows.find(({ finaliser }) => finaliser === '')!
  const noted = rows.find(({ finaliser }) => finaliser !== '')
  const cancelled = request.state === 'cancelled' && noted?.state !== 'done'
  return {
    id: hexOf(request.id),
    state: cancelled ? 'cancelled' : (noted?.state ?? 'requested'),
    from: `${request.fromMs}000000`,
    to: `${request.toMs}000000`,
    requestedUnixNano: `${request.atMs}000000`,
    traces: Number(request.traces),
    reanalysed: Number(noted?.reanalysed ?? 0),
    kept: Number(noted?.kept ?? 0),
    failed: Number(noted?.failed ?? 0),
  }
}

/** Bits of a job's id below its Unix ms; the four lowest are no one's to choose. */
const bitsBelowMs = 21n
const lowBits = 4n

/**
 * Asks the finaliser to analyse the traces that start in [fromMs, toMs) (Unix ms) again.
 * @param afterMs all that is analysed until so much later counts as old: rules that were changed just now may not be in force.
 * @returns the id of the request.
 */
export async function requestReanalysis(
  clickhouse: ClickHouse,
  { fromMs, toMs, afterMs }: { fromMs: number; toMs: number; afterMs: number },
): Promise<string> {
  const atMs = BigInt((await clockMs(clickhouse)) + afterMs)
  // Two requests of one millisecond are two.
  const random = BigInt(Math.floor(Math.random() * 2 ** Number(bitsBelowMs - lowBits))) << lowBits
  const id = (atMs << bitsBelowMs) | random
  await clickhouse.command(requestSql, { id, fromMs, toMs })
  return hexOf(String(id))
}

/** What is written stays; the finaliser stops within seconds. */
export async function cancelReanalysis(clickhouse: ClickHouse, id: string): Promise<void> {
  await clickhouse.command(`INSERT INTO reanalyses (id, finaliser, state) VALUES ({id:UInt64}, '', 'cancelled')`, {
    id: unsignedOf(id),
  })
}
