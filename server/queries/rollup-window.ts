import { loadSql } from './load-sql.ts'

/** Unix ms, `fromMs` included, `toMs` not. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

const cte = loadSql(import.meta.url, 'rollup-window.sql')
const minuteMs = 60_000
const fiveMs = 5 * minuteMs
const hourMs = 60 * minuteMs

/** `sql` reads from `rollup`: the rollup rows of the window, of any step. It may go on with CTEs of its own. */
export function overRollup(sql: string): string {
  return `WITH ${cte}${sql}`
}

/** A window is read by whole minutes: the minute it begins in and the minute it ends in are part of it. */
export function alignWindow({ fromMs, toMs }: Window, stepMs = minuteMs): Window {
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs }
}

export interface RollupRows {
  readonly kind: 'proxy' | 'hop' | 'trace'
  readonly metrics: readonly string[]
  /** 16 hex digits each; none: all. */
  readonly ids?: readonly string[]
}

/**
 * Parameters of the CTE. With `stepMs` only rollups are read whose rows lie inside one step: a step of 10 min must not
 * meet an hour's row.
 */
export function rollupParams(window: Window, rows: RollupRows, stepMs = hourMs): Record<string, unknown> {
  const { fromMs, toMs } = alignWindow(window)
  const [five, fiveEnd] = within(fromMs, toMs, stepMs % fiveMs === 0 ? fiveMs : Infinity)
  const [hour, hourEnd] = within(five, fiveEnd, stepMs % hourMs === 0 ? hourMs : Infinity)
  const seconds = Object.entries({ minute: fromMs, minuteEnd: toMs, five, fiveEnd, hour, hourEnd })
  return {
    kind: rows.kind,
    metrics: rows.metrics,
    ids: (rows.ids ?? []).map(unsignedOf),
    ...Object.fromEntries(seconds.map(([name, ms]) => [name, ms / 1000])),
  }
}

/** The whole steps inside; an empty stretch at the start when there are none. */
function within(fromMs: number, toMs: number, stepMs: number): [number, number] {
  const first = stepMs === Infinity ? toMs : Math.ceil(fromMs / stepMs) * stepMs
  const last = stepMs === Infinity ? toMs : Math.floor(toMs / stepMs) * stepMs
  return first < last ? [first, last] : [toMs, toMs]
}

/** UInt64 of ClickHouse from 16 hex digits; a string would be quoted in an Array(UInt64). */
export const unsignedOf = (hex: string): bigint => BigInt(`0x${hex}`)

/** 16 hex digits from a UInt64 as ClickHouse writes it. */
export const hexOf = (unsigned: string): string => BigInt(unsigned).toString(16).padStart(16, '0')

/** Unix ns, decimal. */
export const unixNano = (ms: number): string => `${Math.round(ms)}000000`

/** The envelope's view of what was really read. */
export function windowRead(window: Window): { from: string; to: string } {
  const { fromMs, toMs } = alignWindow(window)
  return { from: unixNano(fromMs), to: unixNano(toMs) }
}
