import type { Params } from '../../storage/clickhouse.ts'
import { loadSql } from './load-sql.ts'

/** Unix ms, `fromMs` included, `toMs` not. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

/** Where a filter looks; '' or absent: everywhere. */
export interface PlaceFilter {
  readonly environment?: string | undefined
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
}

export interface RollupRows {
  readonly kinds: readonly ('proxy' | 'hop' | 'trace')[]
  readonly metrics: readonly string[]
  /** 16 hex digits each, of the first kind; none: all. */
  readonly ids?: readonly string[]
}

/** Rows as of a rollup that a query makes itself. */
export interface MadeRows {
  /** CTEs, the last of them `rollup`. */
  readonly ctes: string
  readonly params: Params
}

const minuteMs = 60_000
const fiveMs = 5 * minuteMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const tables = ['days', 'hours', 'fives', 'minutes'] as const
type Table = (typeof tables)[number]
const rowsSql = loadSql(import.meta.url, 'rollup-rows.sql')
const stretchSql = loadSql(import.meta.url, 'rollup-stretch.sql').trimEnd()
/** Its name, and the coarser time that its sort order has before the entity: conditions on time name both. */
const rollups: Record<Table, { name: string; bucket: string }> = {
  days: { name: 'rollup_1d', bucket: '' },
  hours: { name: 'rollup_1h', bucket: 'toStartOfDay' },
  fives: { name: 'rollup_5m', bucket: 'toStartOfHour' },
  minutes: { name: 'rollup_1m', bucket: 'toStartOfFiveMinutes' },
}

/** From this length on a window is read by whole hours: the edges of a day cost more than the day. */
const longMs = 12 * hourMs

/**
 * A window is read by whole minutes, a long one by whole hours: those that it begins and ends in are part of it.
 * Done to what it gave it changes nothing.
 */
export function alignWindow({ fromMs, toMs }: Window, stepMs = toMs - fromMs >= longMs ? hourMs : minuteMs): Window {
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs }
}

/** Stretches of each rollup, Unix ms, none of them empty. */
export type Stretches = Record<Table, Window[]>

/**
 * A window in the coarsest rollups whose rows lie inside it, and inside one of the steps asked for: whole days, what is left of whole hours, of
 * whole five minutes, the rest by the minute.
 */
export function stretchesOf(window: Window, asked?: number): Stretches {
  const { fromMs, toMs } = alignWindow(window, asked && minuteMs)
  const stepMs = asked ?? dayMs
  const [five, fiveEnd] = within(fromMs, toMs, stepMs % fiveMs === 0 ? fiveMs : Infinity)
  const [hour, hourEnd] = within(five, fiveEnd, stepMs % hourMs === 0 ? hourMs : Infinity)
  const [day, dayEnd] = within(hour, hourEnd, stepMs % dayMs === 0 ? dayMs : Infinity)
  const some = (...stretches: [number, number][]): Window[] =>
    stretches.flatMap(([from, to]) => (from < to ? { fromMs: from, toMs: to } : []))
  return {
    days: some([day, dayEnd]),
    hours: some([hour, day], [dayEnd, hourEnd]),
    fives: some([five, hour], [hourEnd, fiveEnd]),
    minutes: some([fromMs, five], [fiveEnd, toMs]),
  }
}

/** The whole steps inside; an empty stretch at the end when there are none. */
function within(fromMs: number, toMs: number, stepMs: number): [number, number] {
  const first = stepMs === Infinity ? toMs : Math.ceil(fromMs / stepMs) * stepMs
  const last = stepMs === Infinity ? toMs : Math.floor(toMs / stepMs) * stepMs
  return first < last ? [first, last] : [toMs, toMs]
}

/**
 * A query over `rollup`, the rollup rows of one or two windows, and its parameters. `sql` may go on with CTEs of its own.
 * Only the tables that the windows need are asked: for a short query reading a table costs less than planning to.
 */
export function overRollup(
  sql: string,
  { windows, rows, stepMs }: { windows: readonly Window[]; rows: RollupRows | MadeRows; stepMs?: number | undefined },
): { sql: string; params: Params } {
  if ('ctes' in rows) return { sql: `WITH ${rows.ctes}${sql}`, params: rows.params }
  const stretched = windows.map((window) => stretchesOf(window, stepMs))
  const params: Params = {
    kinds: rows.kinds,
    metrics: rows.metrics,
    idsOf: rows.kinds[0],
    ids: (rows.ids ?? []).map(unsignedOf),
  }
  const parts = tables.flatMap((table) => {
    const stretches = stretched.flatMap((of) => of[table])
    if (stretches.length === 0) return []
    const { name, bucket } = rollups[table]
    return rowsSql.replace('{{table}}', name).replace('{{within}}', inStretches(stretches, bucket, params))
  })
  return { sql: `WITH rollup AS (\n${parts.join('UNION ALL\n')})${sql}`, params }
}

/**
 * The condition that `time` lies in one of some stretches; their ends become parameters.
 * @param bucket function of the coarser time that the table is sorted by before the entity; other stretches need another.
 */
export function inStretches(stretches: readonly Window[], bucket: string, params: Params): string {
  const each = stretches.map(({ fromMs, toMs }, i) => {
    const [from, to] = [`from${bucket}${i}`, `to${bucket}${i}`]
    // What is before 1970 cannot be asked for, and is not there.
    params[from] = Math.max(0, fromMs) / 1000
    params[to] = Math.max(0, toMs) / 1000
    return stretchSql
      .replaceAll('{{bucket}}', bucket)
      .replaceAll('{{from}}', `{${from}:UInt32}`)
      .replaceAll('{{to}}', `{${to}:UInt32}`)
  })
  return each.join(' OR ')
}

/** UInt64 of ClickHouse from 16 hex digits; a string would be quoted in an Array(UInt64). */
export const unsignedOf = (hex: string): bigint => BigInt(`0x${hex}`)

/** 16 hex digits from a UInt64 as ClickHouse writes it. */
export const hexOf = (unsigned: string): string => BigInt(unsigned).toString(16).padStart(16, '0')

/** Unix ns, decimal. */
export const unixNano = (ms: number): string => `${Math.round(ms)}000000`

/** The envelope's view of what was really read. */
export function windowRead(window: Window, stepMs?: number): { from: string; to: string } {
  const { fromMs, toMs } = alignWindow(window, stepMs)
  return { from: unixNano(fromMs), to: unixNano(toMs) }
}
