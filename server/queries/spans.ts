import { readFileSync } from 'node:fs'
import type { ClickHouse, Params } from '../../storage/clickhouse.ts'
import type { SpanInput, TraceInput } from '../analysis/types.ts'
import { openDictionaries, type StoredAttributeSet, type StoredResource, type StoredScope } from './dictionaries.ts'
import { readNative } from './native-reader.ts'
import { spanRows, type SpanRows } from './span-rows.ts'

/** Which trace, and where it lies. The minutes are Unix seconds; without them the whole table is searched. */
export interface TraceRef {
  /** 32 hex digits, lower case. */
  readonly traceId: string
  /** Minute of its earliest and of its latest start. */
  readonly firstMinute?: number
  readonly lastMinute?: number
  /** When the first and the last of the batches that it came in were closed (Unix ms); without them it is looked for in all. */
  readonly firstBatchMs?: number
  readonly lastBatchMs?: number
  /** How many rows it has, or had a moment ago. */
  readonly rows?: number
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
   * Reads traces whole, duplicates included, each by start and span id. A trace without a row is left out; the order is that of the
   * ids. Each is decoded when it is asked for, so that only those in use are objects. Many that say how many rows they have are read
   * for half of what others cost.
   * Keep `refs` of one call within a few minutes, and a few seconds of batches, of each other: everything between is looked through.
   */
  readTraces(refs: readonly TraceRef[], options?: ReadOptions): Promise<Iterable<StoredTrace>>
}

export interface ReadOptions {
  /** Per trace; default `defaultMaxSpans`. */
  readonly maxSpans?: number
  /** They lie in many minutes, and few in each: what lies between is not read. They must say where they lie and how many rows they have. */
  readonly scattered?: boolean
  readonly signal?: AbortSignal
}

/** A trace of more spans is cut here, wherever it is shown or analysed. */
export const defaultMaxSpans = 100_000
/** Of which at most so many are sorted at a time. */
const idsPerQuery = 20_000
const idsSorted = 5_000
/** What is found of traces whose rows are known may be twice as much and this more, or they have grown beyond all bounds. */
const moreRows = 100_000
/** Minutes of a scattered trace. */
const mostPlaces = 4
const lastMinuteOfAll = 0xffff_ffff
/** The last that the id of a batch can be made of. */
export const lastBatchMsOfAll = 2 ** 43 - 1

const spansOfTrace = readFileSync(new URL('./spans-of-trace.sql', import.meta.url), 'utf8')
const spansOfTraces = readFileSync(new URL('./spans-of-traces.sql', import.meta.url), 'utf8')
const spansOfManyTraces = readFileSync(new URL('./spans-of-many-traces.sql', import.meta.url), 'utf8')
const spansOfScatteredTraces = readFileSync(new URL('./spans-of-scattered-traces.sql', import.meta.url), 'utf8')

/** Opens a reader with dictionaries of its own; share it between requests. */
export function openSpanReader(clickhouse: ClickHouse): SpanReader {
  const dictionaries = openDictionaries(clickhouse)

  async function blocksOf(sql: string, params: Params, signal: AbortSignal | undefined): Promise<SpanRows[]> {
    const body = await clickhouse.queryBytes(sql, params, { ...(signal && { signal }), settings: { max_threads: 1 } })
    return spanRows([...readNative(body)], dictionaries)
  }

  /** Sorted and cut by ClickHouse: however long a trace is, no more of it comes here. */
  const sorted = (refs: readonly TraceRef[], maxSpans: number, signal: AbortSignal | undefined) => {
    const params = { ...placeOf(refs), maxSpans: maxSpans + 1 }
    return refs.length === 1
      ? blocksOf(spansOfTrace, { ...params, traceId: refs[0]!.traceId }, signal)
      : blocksOf(spansOfTraces, { ...params, traceIds: base64Of(refs), count: refs.length }, signal)
  }

  /** null where they have become many more than was known. */
  async function unsorted(refs: readonly TraceRef[], rows: number, { scattered, signal }: ReadOptions) {
    const mostRows = 2 * rows + moreRows
    const places = scattered ? placesOf(refs) : null
    const blocks = places
      ? await blocksOf(spansOfScatteredTraces, { ...places, mostRows }, signal)
      : await blocksOf(
          spansOfManyTraces,
          { ...placeOf(refs), ...batchesOf(refs), traceIds: base64Of(refs), count: refs.length, mostRows },
          signal,
        )
    return blocks.reduce((sum, block) => sum + block.rows, 0) < mostRows ? blocks : null
  }

  return {
    async readTraces(refs, options = {}) {
      const { maxSpans = defaultMaxSpans, signal } = options
      const answers: SpanRows[][] = []
      for (let from = 0; from < refs.length; from += idsPerQuery) {
        const many = refs.slice(from, from + idsPerQuery)
        const rows = many.reduce((sum, ref) => sum + (ref.rows ?? Infinity), 0)
        const found = many.every((ref) => ref.rows! <= maxSpans) ? await unsorted(many, rows, options) : null
        if (found) answers.push(found)
        else
          for (let at = 0; at < many.length; at += idsSorted)
            answers.push(await sorted(many.slice(at, at + idsSorted), maxSpans, signal))
      }
      return {
        *[Symbol.iterator]() {
          for (const blocks of answers) for (const trace of decodeTraces(blocks)) yield cut(trace, maxSpans)
        },
      }
    },
  }
}

const base64Of = (refs: readonly TraceRef[]): string =>
  Buffer.from(refs.map((ref) => ref.traceId).join(''), 'hex').toString('base64')

/** The minutes that all of them lie in. */
const placeOf = (refs: readonly TraceRef[]) => ({
  firstMinute: refs.reduce((least, { firstMinute = 0 }) => Math.min(least, firstMinute), lastMinuteOfAll),
  lastMinute: refs.reduce((most, { lastMinute = lastMinuteOfAll }) => Math.max(most, lastMinute), 0),
})

/** Traces by the minutes that each lies in; null where most lie in many, or minutes wrap. */
function placesOf(refs: readonly TraceRef[]) {
  const minutes: number[] = []
  const placed: TraceRef[] = []
  for (const ref of refs) {
    const [first, last] = [ref.firstMinute!, ref.lastMinute!]
    if (first > last || placed.length + (last - first) / 60 >= mostPlaces * refs.length) return null
    for (let minute = first; minute <= last; minute += 60) {
      minutes.push(minute)
      placed.push(ref)
    }
  }
  return { minutes, traceIds: base64Of(placed), count: placed.length }
}

/** The ids of batches that all of them came in: of those closed in these ms, whatever their lower bits. */
function batchesOf(refs: readonly TraceRef[]) {
  const firstMs = refs.reduce((least, { firstBatchMs = 0 }) => Math.min(least, firstBatchMs), lastBatchMsOfAll)
  const lastMs = refs.reduce((most, { lastBatchMs = lastBatchMsOfAll }) => Math.max(most, lastBatchMs), 0)
  return { firstBatch: BigInt(firstMs) << 21n, lastBatch: ((BigInt(lastMs) + 1n) << 21n) - 1n }
}

function cut(trace: StoredTrace, maxSpans: number): StoredTrace {
  if (trace.spans.length <= maxSpans) return trace
  return { ...trace, spans: trace.spans.slice(0, maxSpans), truncated: true }
}

/** Rows of one trace that follow each other in a block. */
interface Run {
  readonly block: SpanRows
  readonly from: number
  readonly to: number
}

/** Runs of the same trace come from several parts of the table, or from a trace that lies across blocks. */
function* decodeTraces(blocks: readonly SpanRows[]): Generator<StoredTrace> {
  const runs = blocks.flatMap(runsOf)
  // Those of a block are in order already, so that this merges more than it sorts.
  runs.sort((a, b) => a.block.compareIds(a.from, b.block, b.from))
  for (let first = 0, next = 1; first < runs.length; first = next++) {
    const run = runs[first]!
    while (next < runs.length && runs[next]!.block.compareIds(runs[next]!.from, run.block, run.from) === 0) next++
    yield next === first + 1 ? traceOfRun(run) : traceOf(rowsOf(runs.slice(first, next)))
  }
}

function runsOf(block: SpanRows): Run[] {
  const runs: Run[] = []
  for (let from = 0, to = 1; from < block.rows; from = to++) {
    while (to < block.rows && block.continues(to)) to++
    runs.push({ block, from, to })
  }
  return runs
}

/** The usual case: all rows of a trace lie together and in order. */
function traceOfRun(run: Run): StoredTrace {
  const { block, from, to } = run
  for (let row = from + 1; row < to; row++)
    if (block.compareRows(row - 1, block, row) > 0) return traceOf(rowsOf([run]))
  const base = block.baseAt(from)
  const spans: StoredSpan[] = []
  for (let row = from; row < to; row++) spans.push(block.spanAt(row, base))
  return { traceId: block.traceIdAt(from), baseUnixNano: base.unixNano, spans, truncated: false }
}

interface Row {
  readonly block: SpanRows
  readonly row: number
}

const rowsOf = (runs: readonly Run[]): Row[] =>
  runs.flatMap(({ block, from, to }) => Array.from({ length: to - from }, (_, i) => ({ block, row: from + i })))

function traceOf(rows: Row[]): StoredTrace {
  rows.sort((a, b) => a.block.compareRows(a.row, b.block, b.row))
  const { block, row } = rows[0]!
  const base = block.baseAt(row)
  const spans = rows.map((at) => at.block.spanAt(at.row, base))
  return { traceId: block.traceIdAt(row), baseUnixNano: base.unixNano, spans, truncated: false }
}
