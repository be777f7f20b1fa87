import { blockOf, columnOf, type NamedColumn } from '../../../storage/native.ts'
import type { ByteBuffer } from '../../../storage/bytes.ts'
import {
  hexDigit,
  type ArrayColumn,
  type FixedColumn,
  type FixedStringColumn,
  type LowCardinalityColumn,
  type NullableColumn,
} from '../../../storage/native-columns.ts'
import { ANALYSIS_VERSION } from '../../analysis/analyse.ts'
import type { Measure, Place } from '../../analysis/types.ts'

/** An instant, or a job, as halves of 64 bits: a bigint a value would cost as much as the rest of a row. */
export interface Halves {
  /** Unsigned. */
  readonly low: number
  /** Signed. */
  readonly high: number
}

export const halvesOf = (value: bigint): Halves => ({
  low: Number(BigInt.asUintN(32, value)),
  high: Number(value >> 32n),
})

/** What all rows of a trace in one job share. */
export interface RowContext {
  readonly job: Halves
  readonly revision: number
  /** Unix seconds. */
  readonly settledAt: number
  /** 16 bytes. */
  readonly traceId: Uint8Array
  /** Unix ns that all times of the trace are counted from. */
  readonly base: Halves
  /** D9 flags that only the finaliser knows. */
  readonly flags: number
}

/**
 * Rows of one table of migrations/0002_facts.sql, column by column: a subclass declares its columns in their order and fills
 * each by itself, because building an object a row costs more than analysing it.
 */
export class FactTable {
  private readonly columns: NamedColumn[] = []
  private readonly block = blockOf(this.columns)
  private readonly job = this.fixed('job', 'UInt64')
  private readonly sign = this.fixed('sign', 'Int8')
  private readonly revision = this.fixed('revision', 'UInt32')
  private readonly analysisVersion = this.fixed('analysis_version', 'UInt16')
  private readonly settledAt = this.fixed('settled_at', 'DateTime')
  private readonly traceId = this.id('trace_id', 16)

  get rows(): number {
    return this.block.rows
  }
  toBytes(): Buffer {
    return this.block.toBytes()
  }
  /** Drops the rows from `rows` on, also one that was not finished. */
  truncate(rows: number): void {
    this.block.truncate(rows)
  }

  /** The columns that every table has. @param version of the analysis. */
  protected begin({ job, revision, settledAt, traceId }: RowContext, version = ANALYSIS_VERSION): void {
    this.job.u64(job.low, job.high >>> 0)
    this.sign.u8(1)
    this.revision.u32(revision)
    this.analysisVersion.u16(version)
    this.settledAt.u32(settledAt)
    this.traceId.data.copy(traceId, 0, 16)
  }

  private add<Column>(name: string, type: string): Column {
    const column = columnOf(type) as Column & NamedColumn['column']
    this.columns.push({ name, type, column })
    return column
  }
  /** Its bytes, to be written with the method of its width. */
  protected fixed(name: string, type: FixedType): ByteBuffer {
    return this.add<FixedColumn<number>>(name, type).data
  }
  protected nullable(name: string): NullableNs {
    return this.add<NullableNs>(name, 'Nullable(Int64)')
  }
  protected word(name: string): LowCardinalityColumn {
    return this.add(name, 'LowCardinality(String)')
  }
  protected id(name: string, width: 8 | 16): FixedStringColumn {
    return this.add(name, `FixedString(${width})`)
  }
  protected words(name: string): ArrayColumn<string, LowCardinalityColumn> {
    return this.add(name, 'Array(LowCardinality(String))')
  }
  protected ids(name: string): ArrayColumn<string, FixedStringColumn> {
    return this.add(name, 'Array(FixedString(8))')
  }
  protected integers(name: string, type: 'Int64' | 'UInt64'): ArrayColumn<number, FixedColumn<number>> {
    return this.add(name, `Array(${type})`)
  }
  protected place(): Record<keyof Place, LowCardinalityColumn> {
    return { environment: this.word('environment'), cluster: this.word('cluster'), namespace: this.word('namespace') }
  }
  protected attempts(): AttemptColumns {
    return {
      count: this.fixed('attempts', 'UInt16'),
      backoff: this.fixed('backoff', 'Int64'),
      wasted: this.fixed('wasted', 'Int64'),
    }
  }
  protected measure(name: string): MeasureColumns {
    return {
      ns: this.nullable(name),
      lo: this.nullable(`${name}_lo`),
      hi: this.nullable(`${name}_hi`),
      fidelity: this.word(`${name}_fidelity`),
    }
  }
}

type FixedType = 'UInt8' | 'Int8' | 'UInt16' | 'UInt32' | 'UInt64' | 'Int64' | 'Float64' | 'DateTime' | 'DateTime64(9)'
export type NullableNs = NullableColumn<number, FixedColumn<number>>

interface AttemptColumns {
  readonly count: ByteBuffer
  readonly backoff: ByteBuffer
  readonly wasted: ByteBuffer
}

interface MeasureColumns {
  readonly ns: NullableNs
  readonly lo: NullableNs
  readonly hi: NullableNs
  readonly fidelity: LowCardinalityColumn
}

export function pushPlace(columns: Record<keyof Place, LowCardinalityColumn>, place: Place): void {
  columns.environment.pushText(place.environment)
  columns.cluster.pushText(place.cluster)
  columns.namespace.pushText(place.namespace)
}

export function pushAttempts(columns: AttemptColumns, count: number, backoffNs: number, wastedNs: number): void {
  columns.count.u16(uint16(count))
  columns.backoff.i64(int64(backoffNs))
  columns.wasted.i64(int64(wastedNs))
}

export function pushMeasure(columns: MeasureColumns, { ns, loNs, hiNs, fidelity }: Measure): void {
  pushNullable(columns.ns, ns)
  pushNullable(columns.lo, loNs)
  pushNullable(columns.hi, hiNs)
  columns.fidelity.pushText(fidelity)
}

export function pushNullable({ nulls, values }: NullableNs, ns: number | null): void {
  nulls.u8(ns === null ? 1 : 0)
  values.data.i64(ns === null ? 0 : int64(ns))
}

const two32 = 2 ** 32

/** `base` + `ns`, Unix ns; beyond 2262 a start from a hostile client does not fit the column and is cut. */
export function pushInstant(column: ByteBuffer, { low, high }: Halves, ns: number): void {
  const rest = low + Math.round(ns)
  const top = high + Math.floor(rest / two32)
  if (top > 0x7fff_ffff) column.u64(0xffff_ffff, 0x7fff_ffff)
  else if (top < -0x8000_0000) column.u64(1, 0x8000_0000)
  else column.u64(rest >>> 0, top >>> 0)
}

const exact = Number.MAX_SAFE_INTEGER

/** Durations over 104 days are not exact anyway (types.ts): cut, not rounded into nonsense. */
export const int64 = (ns: number): number => Math.min(exact, Math.max(-exact, Math.round(ns)))

export const uint16 = (n: number): number => Math.min(0xffff, Math.max(0, Math.trunc(n) || 0))

/** An identity of 16 hex digits as a UInt64; '' is 0. */
export function pushId64(column: ByteBuffer, digits: string): void {
  if (digits === '') column.u64(0, 0)
  else column.u64(word32(digits, 8), word32(digits, 0))
}

/** Eight hex digits of an identity from `from` on. */
function word32(digits: string, from: number): number {
  let word = 0
  for (let i = from; i < from + 8; i++) word = (word << 4) | (hexDigit(digits, i) & 0xf)
  return word >>> 0
}

/** The SERVER half of a shared Zipkin id has a longer id of its own; the first eight bytes are those that were sent. */
export function pushId8(column: FixedStringColumn, hex: string): void {
  if (hex === '') column.pushZero()
  else column.pushHex(hex.length > 16 ? hex.slice(0, 16) : hex)
}
