import { nativeBlock, type ColumnSpec } from '../../../storage/native.ts'
import { settleSums } from './cell.ts'
import { ledgerOf } from './ledger.ts'
import { classPrefix } from './metric-numbers.ts'
import { levels, metricsOf, type Group, type Rollups } from './rollups.ts'

/** The tables that a job adds to; their coarser ones are views on them. */
export const rollupTables = ['rollup_1m', 'rollup_class_1m', 'coverage_1m'] as const
export type RollupTable = (typeof rollupTables)[number]

const place: ColumnSpec[] = [
  ['environment', 'LowCardinality(String)'],
  ['cluster', 'LowCardinality(String)'],
  ['namespace', 'LowCardinality(String)'],
]
const columns: Record<RollupTable, ColumnSpec[]> = {
  rollup_1m: [
    ['kind', 'LowCardinality(String)'],
    ['metric', 'LowCardinality(String)'],
    ['id', 'UInt64'],
    ['fidelity', 'LowCardinality(String)'],
    ...place,
    ['time', 'DateTime'],
    ['extra', 'Float64'],
    ['requests', 'Int64'],
    ['errors', 'Int64'],
    ['n', 'Int64'],
    ['sum', 'Int128'],
    ['sum_sq', 'Int128'],
    ['hist', 'Map(Int16, Int64)'],
  ],
  rollup_class_1m: [
    ['id', 'UInt64'],
    ...place,
    ['class', 'LowCardinality(String)'],
    ['time', 'DateTime'],
    ['extra', 'Float64'],
    ['ns', 'Map(Int16, Int64)'],
  ],
  coverage_1m: [
    ['kind', 'LowCardinality(String)'],
    ['id', 'UInt64'],
    ['what', 'LowCardinality(String)'],
    ['time', 'DateTime'],
    ['service', 'LowCardinality(String)'],
    ...place,
    ['extra', 'Float64'],
    ['requests', 'Int64'],
  ],
}

/** What to insert into: a block names its columns, those that it lacks are left to their defaults. */
export const intoRollup = (table: RollupTable): string =>
  `${table} (${columns[table].map(([name]) => name).join(', ')})`

/** One Native block a table, the same for the same sums whatever order they came in; empty where there is nothing to add. */
export function rollupBlocks({ groups }: Rollups): Record<RollupTable, Uint8Array> {
  const blocks = {
    rollup_1m: nativeBlock(columns.rollup_1m),
    rollup_class_1m: nativeBlock(columns.rollup_class_1m),
    coverage_1m: nativeBlock(columns.coverage_1m),
  }
  for (const group of [...groups].sort(byKey)) pushGroup(blocks, group)
  const bytes = (table: RollupTable) =>
    blocks[table].rows > 0 ? new Uint8Array(blocks[table].toBytes()) : new Uint8Array()
  return { rollup_1m: bytes('rollup_1m'), rollup_class_1m: bytes('rollup_class_1m'), coverage_1m: bytes('coverage_1m') }
}

type Blocks = Record<RollupTable, ReturnType<typeof nativeBlock>>

function pushGroup(blocks: Blocks, group: Group): void {
  const { kind, id, minute: time, extra, environment, cluster, namespace } = group
  const common = { kind, id, time, extra, environment, cluster, namespace }
  const metrics = metricsOf[kind]
  for (const [metric, number] of sorted(new Map(metrics.map((name, i) => [name, i])))) {
    levels.forEach((fidelity, level) => {
      const cell = group.cells[4 * number + level]
      if (!cell) return
      settleSums(cell)
      const { requests, errors, n, sum, squares: sum_sq } = cell
      const hist = cell.hist.entries()
      if (requests === 0 && errors === 0 && n === 0 && sum === 0n && sum_sq === 0n && hist.length === 0) return
      blocks.rollup_1m.push({ ...common, metric, fidelity, requests, errors, n, sum, sum_sq, hist })
    })
    const ns = group.classes[number]?.entries() ?? []
    if (ns.length > 0) blocks.rollup_class_1m.push({ ...common, class: metric.slice(classPrefix.length), ns })
  }
  for (const [service, counted] of sorted(group.coverage))
    for (const [what, requests] of sorted(ledgerOf(counted))) {
      if (requests !== 0) blocks.coverage_1m.push({ ...common, what, service, requests })
    }
}

const keyOf = ({ kind, id, minute, extra, environment, cluster, namespace }: Group): string =>
  [kind, id, minute, extra, environment, cluster, namespace].join('\0')
const byKey = (a: Group, b: Group): number => (keyOf(a) < keyOf(b) ? -1 : 1)

const sorted = <K extends string | number, V>(entries: Map<K, V>): [K, V][] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
