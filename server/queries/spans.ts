import { readFileSync } from 'node:fs'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { SpanInput, TraceInput } from '../analysis/types.ts'
import { openDictionaries, type StoredAttributeSet, type StoredResource, type StoredScope } from './dictionaries.ts'
import { readNative } from './native-reader.ts'
import { spanRows, type Base, type SpanRows } from './span-rows.ts'

/** Which trace, and where it lies. The minutes are Unix seconds; without them the whole table is searched. */
export interface TraceRef {
  /** 32 hex digits, lower case. */
  readonly traceId: string
  /** Minute of its earliest and of its latest start. */
  readonly firstMinute?: number
  readonly lastMinute?: number
}

/** A span as the analysis wants it, and what else is stored about it. */
export interface StoredSpan extends SpanInput {
  readonly resource: StoredResource
  readonly scope: StoredScope
  /** The interned set with its protobuf; `attributeSet` is its text. */
  readonly set: StoredAttributeSet
  readonly service: string
  readonly traceState: string
  /** Where the rest of it is. */
  readonly row: number
  readonly rest: RestOfSpans
}

/** What only an export needs, read when it is asked for. */
export interface RestOfSpans {
  statusMessageOf(row: number): string
  /** A partial OTLP Span, see storage/otlp-decode.ts; empty for most. */
  extOf(row: number): Uint8Array
}

export interface StoredTrace extends TraceInput {
  readonly spans: readonly StoredSpan[]
  /** There are more spans than `maxSpans`; the earliest are here. */
  readonly truncated: boolean
}

export interface SpanReader {
  /**
   * Reads traces whole, duplicates included. A trace without a row is left out; the order is that of the ids. Each is decoded when
   * it is asked for, so that only those in use are objects.
   * Keep `refs` of one call within a few minutes of each other: everything between is looked through.
   */
  readTraces(refs: readonly TraceRef[], options?: ReadOptions): Promise<Iterable<StoredTrace>>
}

export interface ReadOptions {
  /** Per trace; default `defaultMaxSpans`. */
  readonly maxSpans?: number
  readonly signal?: AbortSignal
}

/** A trace of more spans is cut here, wherever it is shown or analysed. */
export const defaultMaxSpans = 100_000
/** So that the ids stay below the 128 KiB that ClickHouse allows one parameter. */
export const tracesPerQuery = 5_000
const lastMinuteOfAll = 0xffff_ffff

const spansOfTraces = readFileSync(new URL('./spans-of-traces.sql', import.meta.url), 'utf8')

/** Opens a reader with dictionaries of its own; share it between requests. */
export function openSpanReader(clickhouse: ClickHouse): SpanReader {
  const dictionaries = openDictionaries(clickhouse)
  return {
    async readTraces(refs, { maxSpans = defaultMaxSpans, signal } = {}) {
      const answers: SpanRows[][] = []
      for (let from = 0; from < refs.length; from += tracesPerQuery) {
        const some = refs.slice(from, from + tracesPerQuery)
        const params = {
          traceIds: Buffer.from(some.map((ref) => ref.traceId).join(''), 'hex').toString('base64'),
          count: some.length,
          firstMinute: some.reduce((least, { firstMinute = 0 }) => Math.min(least, firstMinute), lastMinuteOfAll),
          lastMinute: some.reduce((most, { lastMinute = lastMinuteOfAll }) => Math.max(most, lastMinute), 0),
          maxSpans: maxSpans + 1,
        }
        const body = await clickhouse.queryBytes(spansOfTraces, params, {
          ...(signal && { signal }),
          settings: { max_threads: 1 },
        })
        const blocks: SpanRows[] = []
        for (const block of readNative(body)) blocks.push(await spanRows(block, dictionaries))
        answers.push(blocks)
      }
      return {
        *[Symbol.iterator]() {
          for (const blocks of answers) for (const trace of decodeTraces(blocks)) yield cut(trace, maxSpans)
        },
      }
    },
  }
}

function cut(trace: StoredTrace, maxSpans: number): StoredTrace {
  if (trace.spans.length <= maxSpans) return trace
  return { ...trace, spans: trace.spans.slice(0, maxSpans), truncated: true }
}

/** A trace may lie across blocks. */
function* decodeTraces(blocks: readonly SpanRows[]): Generator<StoredTrace> {
  let open: { id: string; base: Base; spans: StoredSpan[] } | undefined
  for (const block of blocks)
    for (let row = 0; row < block.rows; row++) {
      // Only a first row may go on with the trace of the block before.
      const isSame = row > 0 ? block.continues(row) : open?.id === block.traceIdAt(row)
      if (open === undefined || !isSame) {
        if (open) yield traceOf(open)
        open = { id: block.traceIdAt(row), base: block.baseAt(row), spans: [] }
      }
      open.spans.push(block.spanAt(row, open.base))
    }
  if (open) yield traceOf(open)
}

const traceOf = ({ id, base, spans }: { id: string; base: Base; spans: StoredSpan[] }): StoredTrace => ({
  traceId: id,
  baseUnixNano: base.unixNano,
  spans,
  truncated: false,
})
