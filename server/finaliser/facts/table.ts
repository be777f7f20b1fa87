import { blockOf, columnOf, type NamedColumn } from '../../../storage/native.ts'
import {
  hexDigit,
  type ArrayColumn,
  type FixedColumn,
  type FixedStringColumn,
  type LowCardinalityColumn,
  type NullableColumn,
} from '../../../storage/native-columns.ts'
import { ANALYSIS_VERSION } from '../../analysis/analyse.ts'
import type { Measure } from '../../analysis/types.ts'

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
  private readonly job = this.int64('job', 'UInt64')
  private readonly sign = this.number('sign', 'Int8')
  private readonly revision = this.number('revision', 'UInt32')
  private readonly analysisVersion = this.number('analysis_version', 'UInt16')
  private readonly settledAt = this.number('settled_at', 'DateTime')
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
    this.job.data.u64(job.low, job.high >>> 0)
    this.sign.push(1)
    this.revision.push(revision)
    this.analysisVersion.push(version)
    this.settledAt.push(settledAt)
    this.traceId.push(traceId)
  }

  private add<Column>(name: string, type: string): Column {
    const column = columnOf(type) as Column & NamedColumn['column']
    this.columns.push({ name, type, column })
    return column
  }
  protected number(name: string, type: 'UInt8' | 'Int8' | 'UInt16' | 'UInt32' | 'DateTime' | 'Float64') {
    return this.add<FixedColumn<number>>(name, type)
  }
  protected int64(name: string, type: 'Int64' | 'UInt64' = 'Int64') {
    return this.add<FixedColumn<number>>(name, type)
  }
  protected nullableInt64(name: string) {
    return this.add<NullableColumn<number>>(name, 'Nullable(Int64)')
  }
  /** Filled by `pushInstant`. */
  protected instant(name: string) {
    return this.add<FixedColumn<number>>(name, 'DateTime64(9)')
  }
  protected word(name: string) {
    return this.add<LowCardinalityColumn>(name, 'LowCardinality(String)')
  }
  protected id(name: string, width: 8 | 16) {
    return this.add<FixedStringColumn>(name, `FixedString(${width})`)
  }
  protected words(name: string) {
    return this.add<ArrayColumn<string, LowCardinalityColumn>>(name, 'Array(LowCardinality(String))')
  }
  protected ids(name: string) {
    return this.add<ArrayColumn<string, FixedStringColumn>>(name, 'Array(FixedString(8))')
  }
  protected integers64(name: string, type: 'Int64' | 'UInt64') {
    return this.add<ArrayColumn<number, FixedColumn<number>>>(name, `Array(${type})`)
  }
  protected place() {
    return { environment: this.word('environment'), cluster: this.word('cluster'), namespace: this.word('namespace') }
  }
  protected attempts() {
    return { attempts: this.number('attempts', 'UInt16'), backoff: this.int64('backoff'), wasted: this.int64('wasted') }
  }
  protected measure(name: string): MeasureColumns {
    return {
      ns: this.nullableInt64(name),
      lo: this.nullableInt64(`${name}_lo`),
      hi: this.nullableInt64(`${name}_hi`),
      fidelity: this.word(`${name}_fidelity`),
    }
  }
}

export interface MeasureColumns {
  readonly ns: NullableColumn<number>
  readonly lo: NullableColumn<number>
  readonly hi: NullableColumn<number>
  readonly fidelity: LowCardinalityColumn
}

export function pushMeasure(columns: MeasureColumns, { ns, loNs, hiNs, fidelity }: Measure): void {
  columns.ns.push(orNull(ns))
  columns.lo.push(orNull(loNs))
  columns.hi.push(orNull(hiNs))
  columns.fidelity.push(fidelity)
}

const two32 = 2 ** 32

/** `base` + `ns`, Unix ns; beyond 2262 a start from a hostile client does not fit the column and is cut. */
export function pushInstant({ data }: FixedColumn<number>, { low, high }: Halves, ns: number): void {
  const rest = low + Math.round(ns)
  const top = high + Math.floor(rest / two32)
  if (top > 0x7fff_ffff) data.u64(0xffff_ffff, 0x7fff_ffff)
  else if (top < -0x8000_0000) data.u64(1, 0x8000_0000)
  else data.u64(rest >>> 0, top >>> 0)
}

const exact = Number.MAX_SAFE_INTEGER

/** Durations over 104 days are not exact anyway (types.ts): cut, not rounded into nonsense. */
export const int64 = (ns: number): number => Math.min(exact, Math.max(-exact, Math.round(ns)))

export const orNull = (ns: number | null): number | null => (ns === null ? null : int64(ns))

export const uint16 = (n: number): number => Math.min(0xffff, Math.max(0, Math.trunc(n) || 0))

/** An identity of 16 hex digits as a UInt64; '' is 0. */
export function pushId64({ data }: FixedColumn<number>, digits: string): void {
  data.u64(word32(digits, 8), word32(digits, 0))
}

/** Eight hex digits of an identity from `from` on. */
function word32(digits: string, from: number): number {
  let word = 0
  for (let i = from; i < from + 8 && digits !== ''; i++) word = (word << 4) | (hexDigit(digits, i) & 0xf)
  return word >>> 0
}

/** The SERVER half of a shared Zipkin id has a longer id of its own; the first eight bytes are those that were sent. */
export const id8 = (hex: string): string => (hex.length > 16 ? hex.slice(0, 16) : hex)
