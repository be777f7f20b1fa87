import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import type { Ledger } from '../api/contract-measurements.ts'
import { weightOf } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import { alignWindow, hexOf, type PlaceFilter, unsignedOf, type Window } from './rollup-window.ts'

const ledgerSql = loadSql(import.meta.url, 'ledger.sql')
const rowsSql = {
  hours: loadSql(import.meta.url, 'ledger-hours.sql'),
  minutes: loadSql(import.meta.url, 'ledger-minutes.sql'),
}
const hour = 3600

/** How many requests, as stored and of the population. */
export interface Counted {
  readonly stored: number
  readonly population: number
}

/** What was counted of the requests of something, by what finaliser/rollups/ledger.ts names; without what nobody showed. */
export type Counts = ReadonlyMap<string, Counted>

export interface LedgerAsked {
  readonly window: Window
  readonly kind: 'proxy' | 'hop' | 'trace' | 'service'
  /** 16 hex digits each; none: all. */
  readonly ids?: readonly string[]
  readonly place?: PlaceFilter
}

/** Counts over a window by id (16 hex digits), of services by name; what had no requests is left out. */
export async function readLedger(
  clickhouse: ClickHouse,
  { window, kind, ids = [], place = {} }: LedgerAsked,
  options: QueryOptions = {},
): Promise<Map<string, Counts>> {
  const { environment = '', cluster = '', namespace = '' } = place
  const { fromMs, toMs } = alignWindow(window)
  // What is before 1970 cannot be asked for, and is not there.
  const [minute, minuteEnd] = [Math.max(0, fromMs) / 1000, Math.max(0, toMs) / 1000]
  const [first, last] = [Math.ceil(minute / hour) * hour, Math.floor(minuteEnd / hour) * hour]
  const [from, to] = first < last ? [first, last] : [minuteEnd, minuteEnd]
  // Planning to read a table costs more than reading it: only those that the window needs.
  const tables = [
    ...(from < to || minute === minuteEnd ? [rowsSql.hours] : []),
    ...(minute < from || to < minuteEnd ? [rowsSql.minutes] : []),
  ]
  const rows = await clickhouse.query<{ id: string; service: string; what: string; extra: number; n: number }>(
    `WITH ledger AS (\n${tables.join('UNION ALL\n')})${ledgerSql}`,
    {
      ...{ kind, ids: ids.map(unsignedOf), environment, cluster, namespace },
      ...{ minute, minuteEnd, hour: from, hourEnd: to },
    },
    options,
  )
  const found = new Map<string, Map<string, Counted>>()
  for (const row of rows) {
    const key = kind === 'service' ? row.service : hexOf(row.id)
    let counts = found.get(key)
    if (!counts) found.set(key, (counts = new Map<string, Counted>()))
    add(counts, row.what, { stored: row.n, population: row.n * weightOf(row) })
  }
  return found
}

function add(counts: Map<string, Counted>, what: string, { stored, population }: Counted): void {
  const before = counts.get(what)
  counts.set(what, {
    stored: stored + (before?.stored ?? 0),
    population: population + (before?.population ?? 0),
  })
}

/** Of several together, as if they were one. */
export function together(each: Iterable<Counts>): Counts {
  const all = new Map<string, Counted>()
  for (const counts of each) for (const [what, counted] of counts) add(all, what, counted)
  return all
}

export const layersOf = {
  proxy: ['caller', 'upstream', 'callee'],
  hop: ['caller', 'proxy', 'callee', 'wire'],
  trace: ['root', 'proxy'],
} as const

/** Share of the population, 0..1; 0 without requests. */
export function shareIn(counts: Counts, what: string): number {
  const all = counts.get('requests')?.population ?? 0
  return all > 0 ? Math.min(1, (counts.get(what)?.population ?? 0) / all) : 0
}

/** What was seen of the requests, and what was lost or noted and why. */
export function ledgerOf(counts: Counts, kind: keyof typeof layersOf): Ledger {
  const { stored = 0, population = 0 } = counts.get('requests') ?? {}
  const prefix = 'flag:'
  return {
    requests: stored,
    ...(Math.round(population) !== stored && { population: Math.round(population) }),
    layers: layersOf[kind].map((layer) => ({
      layer,
      requests: counts.get(`layer:${layer}`)?.stored ?? 0,
      share: shareIn(counts, `layer:${layer}`),
    })),
    reasons: [...counts]
      .filter(([what]) => what.startsWith(prefix))
      .map(([what, { stored: requests }]) => ({
        flag: what.slice(prefix.length),
        requests,
        share: shareIn(counts, what),
      }))
      .sort((a, b) => b.requests - a.requests || (a.flag < b.flag ? -1 : 1)),
  }
}
