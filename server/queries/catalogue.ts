import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Ingest, Route, Sender, Service } from '../api/contract-catalogue.ts'
import { readLedger } from './ledger.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'

const routesSql = loadSql(import.meta.url, 'routes.sql')
const ingestSql = loadSql(import.meta.url, 'ingest.sql')
const sendersSql = loadSql(import.meta.url, 'senders.sql')
const spoolsSql = loadSql(import.meta.url, 'spools.sql')
const totalsSql = loadSql(import.meta.url, 'ingest-totals.sql')

/** Unix ms, `fromMs` included, `toMs` not. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

type Raw<T, K extends keyof T> = Omit<T, K> & Record<K, string>

/** Whole minutes, or hours of a long window, as `windowRead` says; most traces first, at most 1000. */
export async function listServices(clickhouse: ClickHouse, window: Window, options: QueryOf): Promise<Service[]> {
  const ledger = await readLedger(clickhouse, { window, kind: 'service' }, options)
  return [...ledger]
    .map(([name, counts]) => {
      const of = (what: string) => counts.get(what)?.stored ?? 0
      return {
        name,
        traces: of('requests'),
        errors: of('errors'),
        late: of('flag:late_revision'),
        truncated: of('flag:truncated'),
        orphaned: of('flag:missing_parent'),
        rootless: of('flag:no_root'),
        sampledOut: of('flag:sampled_out'),
        weightUnknown: of('flag:weight_unknown'),
      }
    })
    .sort((a, b) => b.traces - a.traces || (a.name < b.name ? -1 : 1))
    .slice(0, mostServices)
}

const mostServices = 1000

export async function listRoutes(clickhouse: ClickHouse, window: Window, options: QueryOf): Promise<Route[]> {
  const rows = await clickhouse.query<Raw<Route, 'traces' | 'errors'>>(routesSql, { ...window }, options)
  return rows.map((row) => ({ ...row, traces: Number(row.traces), errors: Number(row.errors) }))
}

/** Counts by exporter are a few seconds behind; the number of stored spans is that of committed batches. */
export async function readIngest(
  clickhouse: ClickHouse,
  window: Window,
  options: QueryOf,
): Promise<Omit<Ingest, 'from' | 'to'>> {
  interface ExporterRow {
    service: string
    scope: string
    stored: string
    refused: string
    lastMs: string
  }
  const [rows, senders, [totals], [spool]] = await Promise.all([
    clickhouse.query<ExporterRow>(ingestSql, { ...window }, partOf(options, 'exporters')),
    clickhouse.query<SenderRow>(sendersSql, { ...window }, partOf(options, 'senders')),
    clickhouse.query<{ stored: string; lastMs: string; late: string; duplicates: string }>(
      totalsSql,
      { ...window },
      partOf(options, 'totals'),
    ),
    clickhouse.query<Raw<Spooled, keyof Spooled>>(spoolsSql, {}, partOf(options, 'spools')),
  ])
  const refused = rows.reduce((sum, row) => sum + Number(row.refused), 0)
  const stored = Number(totals!.stored)
  return {
    received: stored + refused,
    stored,
    refused,
    late: Number(totals!.late),
    duplicates: Number(totals!.duplicates),
    inSpool: spool ? Number(spool.spans) : null,
    spool: spool ? spooled(spool) : null,
    lastSpanUnixNano: totals!.lastMs === '0' ? null : `${totals!.lastMs}000000`,
    exporters: rows.map((row) => ({
      service: row.service,
      scope: row.scope,
      spans: Number(row.stored),
      lastUnixNano: row.lastMs === '0' ? null : `${row.lastMs}000000`,
    })),
    senders: senders.map(senderOf),
  }
}

type Spooled = NonNullable<Ingest['spool']> & { spans: number }

const spooled = ({ batches, bytes, limitBytes, setAside }: Raw<Spooled, keyof Spooled>): Ingest['spool'] => ({
  batches: Number(batches),
  bytes: Number(bytes),
  limitBytes: Number(limitBytes),
  setAside: Number(setAside),
})

const senderCounts = ['requests', 'stored', 'rejected', 'late'] as const
const refusals = ['malformed', 'unauthenticated', 'overloaded', 'limited', 'spoolFull', 'unavailable'] as const

type SenderRow = Pick<Sender, 'client' | 'transport' | 'agent' | 'services'> &
  Record<(typeof senderCounts)[number] | (typeof refusals)[number] | 'lately' | 'lastMs', string> & { byKey: number }

function senderOf(row: SenderRow): Sender {
  const { client, transport, agent, services } = row
  const numbers = <Name extends (typeof senderCounts)[number] | (typeof refusals)[number]>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, Number(row[name])])) as Record<Name, number>
  return {
    ...{ client, byKey: row.byKey === 1, transport, agent, services },
    ...numbers(senderCounts),
    spansPerSecond: Number(row.lately) / 60,
    refused: numbers(refusals),
    lastUnixNano: `${row.lastMs}000000`,
  }
}
