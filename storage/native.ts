import { ByteBuffer } from './bytes.ts'
import {
  ArrayColumn,
  FixedColumn,
  FixedStringColumn,
  LowCardinalityColumn,
  MapColumn,
  NullableColumn,
  StringColumn,
  type Column,
} from './native-columns.ts'

/**
 * Blocks of ClickHouse's Native format as HTTP takes them (`INSERT … FORMAT Native`, protocol revision 0):
 * number of columns, number of rows, then name, type and data of each column.
 *
 * Values by type: UInt8…32, Int8…32, DateTime (Unix seconds), DateTime64(3) (Unix ms), Float64: number. UInt64, Int64:
 * bigint or integer number, Int128: bigint. DateTime64(9): Unix ns as bigint. FixedString(n): n bytes, or their hex digits, or '' for all zero.
 * String, LowCardinality(String): string or bytes. Nullable(T): T or null. Array(T): an iterable. Map(K, V): a Map or pairs.
 */
export interface NativeBlock<Row> {
  readonly rows: number
  /** Appends one row from an object; every column must be there, more are ignored. */
  push(row: Row): void
  /** The column of that name, to be filled by itself. `kind` is the class that its type has. */
  column<C extends Column<never>>(name: string, kind: new (...args: never[]) => C): C
  /**
   * The block as bytes, a copy.
   * @throws Error when the columns have different numbers of rows.
   */
  toBytes(): Buffer
  /** Appends what `toBytes` returns. */
  write(out: ByteBuffer): void
  /** Bytes that `write` appends, or a few more. */
  byteSize(): number
  /** Drops the rows from `rows` on. */
  truncate(rows: number): void
}

export type ColumnSpec = readonly [name: string, type: string]

type AnyColumn = Column<unknown>

export interface NamedColumn {
  readonly name: string
  readonly type: string
  readonly column: Column<never>
}

/**
 * An empty block. The types may differ from the table's where ClickHouse converts (Int8 for an Enum8).
 * @throws Error for a type that is not listed above.
 */
export function nativeBlock<Row = Record<string, unknown>>(specs: readonly ColumnSpec[]): NativeBlock<Row> {
  return blockOf(specs.map(([name, type]) => ({ name, type, column: columnOf(type) })))
}

/** A block of these columns, which may already be in other hands. */
export function blockOf<Row>(columns: readonly NamedColumn[]): NativeBlock<Row> {
  return {
    get rows() {
      return columns[0]?.column.rows ?? 0
    },
    push(row) {
      const rows = this.rows
      for (const { name, type, column } of columns) {
        const value = (row as Record<string, unknown>)[name]
        try {
          if (value === undefined) throw new TypeError('missing')
          ;(column as AnyColumn).push(value)
        } catch (error) {
          for (const c of columns) c.column.truncate(rows)
          throw new TypeError(`column ${name} ${type}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          })
        }
      }
    },
    column(name, kind) {
      const found = columns.find((c) => c.name === name)
      if (!found || !(found.column instanceof kind)) throw new Error(`no column ${name} of ${kind.name}`)
      return found.column
    },
    byteSize() {
      const sizes = columns.map(({ name, type, column }) => name.length + type.length + column.byteSize() + 8)
      return sizes.reduce((sum, size) => sum + size, 64)
    },
    toBytes() {
      // At once: a buffer that grows by doubling copies everything twice and leaves as much garbage.
      const out = new ByteBuffer(this.byteSize())
      this.write(out)
      return out.written()
    },
    write(out) {
      out.varuint(columns.length)
      out.varuint(this.rows)
      for (const { name, type, column } of columns) {
        if (column.rows !== this.rows) throw new Error(`column ${name} has ${column.rows} of ${this.rows} rows`)
        out.string(name)
        out.string(type)
        if (this.rows === 0) continue
        column.writePrefix(out)
        column.writeData(out)
      }
    },
    truncate(rows) {
      for (const { column } of columns) column.truncate(rows)
    },
  }
}

const fixed = <V>(width: number, push: (out: ByteBuffer, value: V) => void): (() => AnyColumn) => {
  return () => new FixedColumn<V>(width, push) as AnyColumn
}

const integer = (min: number, max: number, write: (out: ByteBuffer, value: number) => void) => {
  return (out: ByteBuffer, value: number) => {
    if (!Number.isInteger(value) || value < min || value > max)
      throw new RangeError(`${value} is not in ${min}..${max}`)
    write(out, value)
  }
}

/** Halves of a 64-bit integer: arithmetic on numbers is several times faster than on bigints. */
function pushInteger64(out: ByteBuffer, value: bigint | number): void {
  if (typeof value === 'bigint') {
    out.reserve(8)
    out.view.setBigUint64(out.length, value, true)
    out.length += 8
    return
  }
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`)
  out.u64(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0)
}

const mask64 = 2n ** 64n - 1n

function pushInteger128(out: ByteBuffer, value: bigint): void {
  out.reserve(16)
  out.view.setBigUint64(out.length, value & mask64, true)
  out.view.setBigInt64(out.length + 8, value >> 64n, true)
  out.length += 16
}

const u8 = (out: ByteBuffer, value: number): void => out.u8(value)
const u16 = (out: ByteBuffer, value: number): void => out.u16(value)
const u32 = (out: ByteBuffer, value: number): void => out.u32(value)

const simple: Record<string, () => AnyColumn> = {
  UInt8: fixed(1, integer(0, 0xff, u8)),
  UInt16: fixed(2, integer(0, 0xffff, u16)),
  UInt32: fixed(4, integer(0, 0xffffffff, u32)),
  UInt64: fixed(8, pushInteger64),
  Int8: fixed(1, integer(-0x80, 0x7f, u8)),
  Int16: fixed(2, integer(-0x8000, 0x7fff, u16)),
  Int32: fixed(4, integer(-0x80000000, 0x7fffffff, u32)),
  Int64: fixed(8, pushInteger64),
  Int128: fixed(16, pushInteger128),
  Float64: fixed(8, (out, value: number) => out.f64(value)),
  DateTime: fixed(4, integer(0, 0xffffffff, u32)),
  String: () => new StringColumn() as AnyColumn,
  'LowCardinality(String)': () => new LowCardinalityColumn() as AnyColumn,
}

/** An empty column of a type, written as ClickHouse does. */
export function columnOf(type: string): AnyColumn {
  const plain = simple[type]
  if (plain) return plain()
  const [, outer, inner] = /^(\w+)\((.*)\)$/.exec(type) ?? []
  if (outer === 'FixedString') return new FixedStringColumn(Number(inner)) as AnyColumn
  if (outer === 'DateTime') return simple['DateTime']!()
  if (outer === 'DateTime64') return simple['Int64']!()
  if (outer === 'Array') return new ArrayColumn(columnOf(inner!)) as AnyColumn
  if (outer === 'Nullable' && simple[inner!]) return new NullableColumn(columnOf(inner!), inner === 'String' ? '' : 0)
  if (outer === 'Map') {
    // A key type has no comma of its own: keys are strings or integers.
    const [, key, value] = /^([^,]+), *(.*)$/.exec(inner!) ?? []
    if (key && value) return new MapColumn(columnOf(key), columnOf(value)) as AnyColumn
  }
  throw new Error(`Native blocks of type ${type} are not supported`)
}
