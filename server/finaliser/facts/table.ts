import { ByteBuffer } from '../../../storage/bytes.ts'
import type { Measure, Place } from '../../analysis/types.ts'
import type { Together } from './together.ts'
import { firstCapacity, Fixed, Lists, NullableNs, Same, Words, type FactColumn, type Halves } from './columns.ts'

/** What all rows of a trace in one job share. */
export interface RowContext {
  readonly job: Halves
  readonly revision: number
  /** Unix seconds. */
  readonly settledAt: number
  /** Its 16 bytes, four a word. */
  readonly traceId: Int32Array
  /** Unix ns that all times of the trace are counted from. */
  readonly base: Halves
  /** Its start, Unix ns. */
  readonly traceStart: Halves
  readonly shapeId: Halves
  /** D9 flags that only the finaliser knows. */
  readonly flags: number
}

/**
 * Rows of one table of migrations/0002_facts.sql, column by column: a subclass declares its columns in their order and fills
 * each by itself, because building an object a row costs more than analysing it.
 */
export class FactTable {
  rows = 0
  private capacity = firstCapacity
  private readonly columns: { name: string; type: string; column: FactColumn }[] = []
  private readonly allLists: Lists[] = []
  private readonly job = this.add('job', 'UInt64', new Same(8))
  protected readonly sign = this.add('sign', 'Int8', new Same(1, [1]))
  private readonly revision = this.uint32('revision')
  private readonly settledAt = this.add('settled_at', 'DateTime', new Same(4))
  private readonly traceId = this.add('trace_id', 'FixedString(16)', new Fixed((n) => new Int32Array(n), 4))

  /** A Native block, in a buffer of its own. */
  toBytes(): Buffer {
    const { columns, rows } = this
    const size = columns.reduce(
      (sum, { name, type, column }) => sum + name.length + type.length + 16 + column.byteSize(rows),
      64,
    )
    const out = new ByteBuffer(size)
    out.varuint(columns.length)
    out.varuint(rows)
    for (const { name, type, column } of columns) {
      out.string(name)
      out.string(type)
      if (rows === 0) continue
      column.writePrefix(out)
      column.write(out, rows)
    }
    return out.written()
  }
  /** Drops the rows from `rows` on, also one that was not finished. */
  truncate(rows: number): void {
    this.rows = rows
    for (const lists of this.allLists) lists.truncate(rows)
    if (rows === 0) for (const { column } of this.columns) column.clear()
  }

  /** Begins a row with the columns that every table has; it is there when `rows` counts it. All rows are of one job. */
  protected begin({ job, revision, settledAt, traceId }: RowContext): number {
    const row = this.rows
    if (row === 0) {
      this.job.say(job.low, job.high)
      this.settledAt.say(settledAt)
    }
    if (row === this.capacity) {
      this.capacity *= 2
      for (const { column } of this.columns) column.grow(this.capacity)
    }
    this.revision.data[row] = revision
    const ids = this.traceId.data
    for (let i = 0; i < 4; i++) ids[4 * row + i] = traceId[i]!
    return row
  }

  private add<C extends FactColumn>(name: string, type: string, column: C): C {
    this.columns.push({ name, type, column })
    return column
  }
  protected byte(name: string): Fixed<Uint8Array> {
    return this.add(name, 'UInt8', new Fixed((n) => new Uint8Array(n)))
  }
  protected short(name: string): Fixed<Uint16Array> {
    return this.add(name, 'UInt16', new Fixed((n) => new Uint16Array(n)))
  }
  protected uint32(name: string): Fixed<Uint32Array> {
    return this.add(name, 'UInt32', new Fixed((n) => new Uint32Array(n)))
  }
  protected float(name: string): Fixed<Float64Array> {
    return this.add(name, 'Float64', new Fixed((n) => new Float64Array(n)))
  }
  /** Halves of 64-bit integers. */
  protected halves(name: string, type: 'UInt64' | 'Int64' | 'DateTime64(9)'): Fixed<Int32Array> {
    return this.add(name, type, new Fixed((n) => new Int32Array(n), 2))
  }
  protected spanId(name: string): Fixed<Int32Array> {
    return this.add(name, 'FixedString(8)', new Fixed((n) => new Int32Array(n), 2))
  }
  protected nullable(name: string): NullableNs {
    return this.add(name, 'Nullable(Int64)', new NullableNs())
  }
  protected word(name: string): Words {
    return this.add(name, 'LowCardinality(String)', new Words())
  }
  /** Its words by the number of a combination. */
  protected wordOf(together: Together, name: string): Words {
    const { column, words } = together.of()
    this.add(name, 'LowCardinality(String)', column)
    return words
  }
  protected lists(): Lists {
    const lists = new Lists()
    this.allLists.push(lists)
    return lists
  }
  private list<C extends FactColumn>(lists: Lists, name: string, type: string, column: C): C {
    const { lists: listed, elements } = lists.of(column)
    this.add(name, `Array(${type})`, listed)
    return elements
  }
  protected listOfWords(lists: Lists, name: string): Words {
    return this.list(lists, name, 'LowCardinality(String)', new Words())
  }
  protected listOfHalves(lists: Lists, name: string, type: 'Int64' | 'UInt64' | 'FixedString(8)'): Fixed<Int32Array> {
    return this.list(lists, name, type, new Fixed((n) => new Int32Array(n), 2))
  }
  protected placeOf(together: Together): Record<keyof Place, Words> {
    const [environment, cluster, namespace] = (['environment', 'cluster', 'namespace'] as const).map((name) =>
      this.wordOf(together, name),
    )
    return { environment: environment!, cluster: cluster!, namespace: namespace! }
  }
  protected place(): Record<keyof Place, Words> {
    return { environment: this.word('environment'), cluster: this.word('cluster'), namespace: this.word('namespace') }
  }
  protected measure(name: string): MeasureColumns {
    return {
      ns: this.nullable(name),
      fidelity: this.word(`${name}_fidelity`),
    }
  }
}

interface MeasureColumns {
  /** The estimate, or the upper end of what is bounded: migrations/0021_one_value_a_measure.sql. */
  readonly ns: NullableNs
  readonly fidelity: Words
}

export function putPlace(columns: Record<keyof Place, Words>, row: number, place: Place): void {
  columns.environment.put(row, place.environment)
  columns.cluster.put(row, place.cluster)
  columns.namespace.put(row, place.namespace)
}

export function putMeasure(columns: MeasureColumns, row: number, { ns, hiNs, fidelity }: Measure): void {
  columns.ns.put(row, fidelity === 'bounded' ? hiNs : ns)
  columns.fidelity.put(row, fidelity)
}
