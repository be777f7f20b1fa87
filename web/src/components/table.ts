/** Columns of a DataTable, and how rows are put in order by them. */
import type { Snippet } from 'svelte'

export interface Column<Row> {
  readonly key: string
  readonly head: string
  /** Says more than the head has room for. */
  readonly title?: string
  readonly align?: 'left' | 'right'
  /** What the column sorts by; without it the column does not sort. null sorts last either way. */
  readonly sortBy?: (row: Row) => number | string | null
  /** The first click: numbers largest first, words from a. */
  readonly first?: 'asc' | 'desc'
  /** Also given the key of the column. */
  readonly cell: Snippet<[Row, string]>
  /** Dropped below this width: columns go from the right on a phone. */
  readonly from?: 'phone' | 'tablet' | 'desktop'
  readonly width?: string
  /** A column that readers may choose, off or on until they do. */
  readonly choice?: 'on' | 'off'
}

export interface Order {
  readonly key: string
  readonly direction: 'asc' | 'desc'
}

/** `-p99` is p99 largest first, as the URL has it. */
export function orderOf(text: string, fallback: Order): Order {
  if (text === '' || text === '-') return fallback
  return text.startsWith('-') ? { key: text.slice(1), direction: 'desc' } : { key: text, direction: 'asc' }
}

export function orderText({ key, direction }: Order): string {
  return direction === 'desc' ? `-${key}` : key
}

/** A sorted copy; equal rows keep their places. An order by a column that is not there or does not sort changes nothing. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | undefined): Row[] {
  const by = columns.find(({ key }) => key === order?.key)?.sortBy
  if (!by || !order) return [...rows]
  const sign = order.direction === 'asc' ? 1 : -1
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a), by(b)]
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    if (typeof left === 'string' || typeof right === 'string') return sign * String(left).localeCompare(String(right))
    return sign * (left - right)
  })
}

export function nextOrder<Row>(column: Column<Row>, order: Order | undefined): Order {
  if (order?.key === column.key) return { key: column.key, direction: order.direction === 'asc' ? 'desc' : 'asc' }
  return { key: column.key, direction: column.first ?? (column.align === 'right' ? 'desc' : 'asc') }
}
