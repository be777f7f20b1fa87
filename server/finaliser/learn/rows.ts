import { nativeBlock, type ColumnSpec } from '../../../storage/native.ts'
import type { LearnedRows } from '../../analysis/learned/learned.ts'

/** What was learned as rows of the tables of migrations/0004_learned.sql. */
export const learnedTableNames = ['clock_offsets', 'wire_times', 'edge_callees', 'emitters'] as const
export type LearnedTable = (typeof learnedTableNames)[number]

const shared: ColumnSpec[] = [
  ['job', 'UInt64'],
  ['learned_at', 'DateTime'],
  ['window', 'DateTime64(3)'],
]

const columns: Record<LearnedTable, ColumnSpec[]> = {
  clock_offsets: [
    ...shared,
    ['from_time', 'DateTime64(3)'],
    ['to_time', 'DateTime64(3)'],
    ['from_clock', 'LowCardinality(String)'],
    ['to_clock', 'LowCardinality(String)'],
    ['lo', 'Nullable(Int64)'],
    ['hi', 'Nullable(Int64)'],
    ['n', 'UInt32'],
    ['agree', 'UInt32'],
  ],
  wire_times: [
    ...shared,
    ['level', 'LowCardinality(String)'],
    ['from_place', 'LowCardinality(String)'],
    ['to_place', 'LowCardinality(String)'],
    ['n', 'UInt32'],
    ['floor', 'Int64'],
    ['median', 'Int64'],
  ],
  edge_callees: [
    ...shared,
    ['edge', 'String'],
    ['asked', 'UInt32'],
    ['answered', 'UInt32'],
    ['callee', 'LowCardinality(String)'],
  ],
  emitters: [
    ...shared,
    ['service', 'LowCardinality(String)'],
    ['scope', 'LowCardinality(String)'],
    ['n', 'UInt32'],
    ['grid', 'Int64'],
    ['coarse', 'Int64'],
    ['slack', 'Nullable(Int64)'],
  ],
}

/** Columns to insert: computed ones are left to ClickHouse. */
export const intoLearned = (table: LearnedTable): string =>
  `${table} (${columns[table].map(([name]) => name).join(', ')})`

/** Native blocks, empty where there is nothing. @param learnedAt Unix seconds. */
export function learnedBlocks(rows: LearnedRows, learnedAt: number): Record<LearnedTable, Uint8Array> {
  const block = (table: LearnedTable, values: readonly Record<string, unknown>[]): Uint8Array => {
    if (values.length === 0) return new Uint8Array()
    const filled = nativeBlock(columns[table])
    for (const value of values) filled.push(value)
    return new Uint8Array(filled.toBytes())
  }
  const common = (row: { job: bigint; windowMs: number }) => ({
    job: row.job,
    learned_at: learnedAt,
    window: row.windowMs,
  })
  return {
    clock_offsets: block(
      'clock_offsets',
      rows.offsets.map((row) => ({
        ...common(row),
        from_time: row.fromMs,
        to_time: row.toMs,
        from_clock: row.from,
        to_clock: row.to,
        lo: row.bounds?.lo ?? null,
        hi: row.bounds?.up ?? null,
        n: row.n,
        agree: row.m,
      })),
    ),
    wire_times: block(
      'wire_times',
      rows.wires.map((row) => ({
        ...common(row),
        level: row.level,
        from_place: row.from,
        to_place: row.to,
        n: row.n,
        floor: row.floor,
        median: row.median,
      })),
    ),
    edge_callees: block(
      'edge_callees',
      rows.callees.map((row) => ({
        ...common(row),
        edge: row.edge,
        asked: row.asked,
        answered: row.answered,
        callee: row.callee,
      })),
    ),
    emitters: block(
      'emitters',
      rows.emitters.map((row) => ({
        ...common(row),
        service: row.service,
        scope: row.scope,
        n: row.n,
        grid: row.grid,
        coarse: row.coarse,
        slack: row.slack,
      })),
    ),
  }
}
