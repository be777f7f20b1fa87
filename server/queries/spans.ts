import { readFileSync } from 'node:fs'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { anyValueText, decodeSpanExtension, type KeyValue } from '../../storage/otlp-decode.ts'
import type { SpanEvent, SpanInput, SpanLink, TraceInput } from '../analysis/types.ts'
import {
  attributesAt,
  openDictionaries,
  type Dictionaries,
  type StoredAttributeSet,
  type StoredResource,
  type StoredScope,
} from './dictionaries.ts'
import { readNative, type Integers64, type NativeRows } from './native-reader.ts'

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
  readonly statusMessage: string
  /** A partial OTLP Span, see storage/otlp-decode.ts; empty for most. */
  readonly ext: Uint8Array
  /** Unix seconds. */
  readonly receivedAt: number
}

export interface StoredTrace extends TraceInput {
  readonly spans: readonly StoredSpan[]
  /** There are more spans than `maxSpans`; the earliest are here. */
  readonly truncated: boolean
}

export interface SpanReader {
  /**
   * Reads traces whole, duplicates included. A trace without a row is left out; the order is that of the ids.
   * Keep `refs` of one call within a few minutes of each other: everything between is looked through.
   */
  readTraces(refs: readonly TraceRef[], options?: ReadOptions): Promise<StoredTrace[]>
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
      const traces: StoredTrace[] = []
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
        for await (const trace of decodeTraces(body, dictionaries)) traces.push(cut(trace, maxSpans))
      }
      return traces
    },
  }
}

function cut(trace: StoredTrace, maxSpans: number): StoredTrace {
  if (trace.spans.length <= maxSpans) return trace
  return { ...trace, spans: trace.spans.slice(0, maxSpans), truncated: true }
}

/** One by one, so that a large answer is not all objects at once. A trace may lie across blocks. */
async function* decodeTraces(body: Buffer, dictionaries: Dictionaries): AsyncGenerator<StoredTrace> {
  let open: { id: Buffer; base: Base; spans: StoredSpan[] } | undefined
  const finished = ({ id, base, spans }: NonNullable<typeof open>): StoredTrace => {
    return { traceId: id.toString('hex'), baseUnixNano: base.unixNano, spans, truncated: false }
  }
  for (const block of readNative(body)) {
    const { id, start, spanAt } = await spanColumns(block, dictionaries)
    for (let row = 0; row < block.rows; row++) {
      const rowId = id.subarray(row * 16, row * 16 + 16)
      if (!open || open.id.compare(rowId) !== 0) {
        if (open) yield finished(open)
        open = { id: rowId, base: baseAt(start, row), spans: [] }
      }
      open.spans.push(spanAt(row, open.base))
    }
  }
  if (open) yield finished(open)
}

async function spanColumns(block: NativeRows, { resources, scopes, attributeSets }: Dictionaries) {
  const spanId = block.column('span_id', 'bytes').data
  const parentId = block.column('parent_id', 'bytes').data
  const start = block.column('start', 'integers64')
  const duration = block.column('duration', 'integers64')
  const kind = block.column('kind', 'integers')
  const status = block.column('status', 'integers')
  const flags = block.column('flags', 'integers')
  const resource = block.column('resource', 'integers64')
  const scope = block.column('scope', 'integers64')
  const set = block.column('attrset', 'integers64')
  const service = block.column('service', 'words')
  const name = block.column('name', 'words')
  const attrs = block.column('attrs', 'maps')
  const traceState = block.column('trace_state', 'texts')
  const statusMessage = block.column('status_message', 'texts')
  const ext = block.column('ext', 'texts')
  const receivedAt = block.column('received_at', 'integers')
  const resourceOf = await resources(resource)
  const scopeOf = await scopes(scope)
  const setOf = await attributeSets(set)

  const spanAt = (row: number, base: Base): StoredSpan => {
    const setOfRow = setOf(row)
    const extension = ext.isEmpty(row) ? plain : extensionOf(Buffer.from(ext.bytesAt(row)), base.unixNano)
    return {
      spanId: hex8(spanId, row * 8),
      parentId: isZero(parentId, row * 8) ? '' : hex8(parentId, row * 8),
      name: name.words[name.indexes[row]!]!,
      kind: kind[row]!,
      status: status[row]!,
      flags: flags[row]!,
      start: (start.high[row]! - base.high) * 2 ** 32 + (start.low[row]! - base.low),
      duration: duration.high[row]! * 2 ** 32 + duration.low[row]!,
      resource: resourceOf(row),
      scope: scopeOf(row),
      attributeSet: setOfRow.attributes,
      attributes: attributesAt(attrs, row),
      events: extension.events,
      links: extension.links,
      set: setOfRow,
      service: service.words[service.indexes[row]!]!,
      traceState: traceState.isEmpty(row) ? '' : traceState.at(row),
      statusMessage: statusMessage.isEmpty(row) ? '' : statusMessage.at(row),
      ext: extension.ext,
      receivedAt: receivedAt[row]!,
    }
  }
  return { id: block.column('trace_id', 'bytes').data, start, spanAt }
}

interface Extension {
  readonly ext: Uint8Array
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
}

const plain: Extension = { ext: new Uint8Array(), events: [], links: [] }

function extensionOf(ext: Uint8Array, base: bigint): Extension {
  const { events, links } = decodeSpanExtension(ext)
  return {
    ext,
    events: events.map((event) => ({
      name: event.name,
      time: Number(BigInt(event.timeUnixNano) - base),
      attributes: asText(event.attributes),
    })),
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  }
}

const asText = (attributes: readonly KeyValue[]): Map<string, string> => {
  return new Map(attributes.map(({ key, value }) => [key, anyValueText(value)]))
}

/** First instant of a trace, and its halves: a bigint a span would cost as much as the rest of it. */
interface Base {
  readonly unixNano: bigint
  readonly low: number
  readonly high: number
}

function baseAt({ low, high }: Integers64, row: number): Base {
  return { unixNano: (BigInt(high[row]!) << 32n) | BigInt(low[row]!), low: low[row]!, high: high[row]! }
}

const isZero = (bytes: Buffer, at: number): boolean => bytes.readInt32LE(at) === 0 && bytes.readInt32LE(at + 4) === 0

const hex8 = (bytes: Buffer, at: number): string => bytes.toString('hex', at, at + 8)
