import {
  FixedColumn,
  FixedStringColumn,
  LowCardinalityColumn,
  MapColumn,
  StringColumn,
} from '../../storage/native-columns.ts'
import { nativeBlock, type ColumnSpec, type NativeBlock } from '../../storage/native.ts'

/** The columns of `spans` that the scanner fills; `batch` and `received_at` are the same in all rows. */
export const spanColumnTypes: readonly ColumnSpec[] = [
  ['trace_id', 'FixedString(16)'],
  ['span_id', 'FixedString(8)'],
  ['parent_id', 'FixedString(8)'],
  ['start', "DateTime64(9, 'UTC')"],
  ['duration', 'Int64'],
  ['kind', 'UInt8'],
  ['status', 'UInt8'],
  ['flags', 'UInt32'],
  ['resource', 'UInt64'],
  ['scope', 'UInt64'],
  ['attrset', 'UInt64'],
  ['service', 'LowCardinality(String)'],
  ['name', 'LowCardinality(String)'],
  ['attrs', 'Map(LowCardinality(String), String)'],
  ['trace_state', 'String'],
  ['status_message', 'String'],
  ['ext', 'String'],
  ['batch', 'UInt64'],
  ['received_at', "DateTime('UTC')"],
]

export interface SpanBlock {
  readonly block: NativeBlock<never>
  readonly traceId: FixedStringColumn
  readonly spanId: FixedStringColumn
  readonly parentId: FixedStringColumn
  readonly start: FixedColumn<bigint>
  readonly duration: FixedColumn<bigint>
  readonly kind: FixedColumn<number>
  readonly status: FixedColumn<number>
  readonly flags: FixedColumn<number>
  readonly resource: FixedColumn<bigint>
  readonly scope: FixedColumn<bigint>
  readonly attrset: FixedColumn<bigint>
  readonly service: LowCardinalityColumn
  readonly name: LowCardinalityColumn
  readonly attrs: MapColumn<string, string>
  readonly attrKeys: LowCardinalityColumn
  readonly attrValues: StringColumn
  readonly traceState: StringColumn
  readonly statusMessage: StringColumn
  readonly ext: StringColumn
}

export function spanBlock(): SpanBlock {
  const block = nativeBlock<never>(spanColumnTypes)
  const fixed = <V>(name: string): FixedColumn<V> => block.column<FixedColumn<V>>(name, FixedColumn)
  const attrs = block.column<MapColumn<string, string>>('attrs', MapColumn)
  if (!(attrs.keys instanceof LowCardinalityColumn && attrs.values instanceof StringColumn)) throw new Error('attrs')
  return {
    block,
    traceId: block.column('trace_id', FixedStringColumn),
    spanId: block.column('span_id', FixedStringColumn),
    parentId: block.column('parent_id', FixedStringColumn),
    start: fixed('start'),
    duration: fixed('duration'),
    kind: fixed('kind'),
    status: fixed('status'),
    flags: fixed('flags'),
    resource: fixed('resource'),
    scope: fixed('scope'),
    attrset: fixed('attrset'),
    service: block.column('service', LowCardinalityColumn),
    name: block.column('name', LowCardinalityColumn),
    attrs,
    attrKeys: attrs.keys,
    attrValues: attrs.values,
    traceState: block.column('trace_state', StringColumn),
    statusMessage: block.column('status_message', StringColumn),
    ext: block.column('ext', StringColumn),
  }
}

/** Fills the columns that are the same in all rows. */
export function fillSame(spans: SpanBlock, batch: bigint, receivedAt: number): void {
  const ids = spans.block.column('batch', FixedColumn).data
  const times = spans.block.column('received_at', FixedColumn).data
  const low = Number(batch & 0xffffffffn)
  const high = Number(batch >> 32n)
  for (let rows = spans.kind.rows; rows > 0; rows--) {
    ids.u64(low, high)
    times.u32(receivedAt)
  }
}
