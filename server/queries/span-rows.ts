import { anyValueText, decodeSpanExtension, SpanField, type KeyValue } from '../../storage/otlp-decode.ts'
import { FieldCursor, viewOf } from '../../storage/protobuf.ts'
import type { Attributes, SpanEvent, SpanLink } from '../analysis/types.ts'
import type { Dictionaries, Dictionary } from './dictionaries.ts'
import type { Integers64, NativeRows, Texts } from './native-reader.ts'
import { rowAttributes } from './row-attributes.ts'
import type { RestOfSpans, StoredSpan } from './spans.ts'

/** First instant of a trace, and its halves: a bigint a span would cost as much as the rest of it. */
export interface Base {
  readonly unixNano: bigint
  readonly low: number
  readonly high: number
}

/** A block of spans-of-traces.sql, or of many. */
export interface SpanRows {
  readonly rows: number
  readonly keys: Keys
  /** By trace id: below 0 where that of `row` comes before that of `otherRow`. */
  compareIds(row: number, other: SpanRows, otherRow: number): number
  /** Of one trace: by start, then by span id. */
  compareRows(row: number, other: SpanRows, otherRow: number): number
  /** 32 hex digits. */
  traceIdAt(row: number): string
  /** Whether a row is of the same trace as the one before it. */
  continues(row: number): boolean
  baseAt(row: number): Base
  spanAt(row: number, base: Base): StoredSpan
}

/** What rows are sorted by. */
interface Keys {
  readonly traceId: Buffer
  readonly spanId: Buffer
  readonly start: Integers64
}

function compareBytes(a: Buffer, from: number, b: Buffer, otherFrom: number, width: number): number {
  for (let i = 0; i < width; i++) {
    const difference = a[from + i]! - b[otherFrom + i]!
    if (difference !== 0) return difference
  }
  return 0
}

function compareRows(a: Keys, i: number, b: Keys, j: number): number {
  return (
    a.start.high[i]! - b.start.high[j]! ||
    a.start.low[i]! - b.start.low[j]! ||
    compareBytes(a.spanId, 8 * i, b.spanId, 8 * j, 8)
  )
}

/** What ids stand for is asked once for all blocks. */
export async function spanRows(blocks: readonly NativeRows[], dictionaries: Dictionaries): Promise<SpanRows[]> {
  const told = <Entry>(dictionary: Dictionary<Entry>, name: string) =>
    dictionary(blocks.map((block) => block.column(name, 'integers64')))
  const [resources, scopes, sets] = await Promise.all([
    told(dictionaries.resources, 'resource'),
    told(dictionaries.scopes, 'scope'),
    told(dictionaries.attributeSets, 'attrset'),
  ])
  return blocks.map((block, i) => rowsOf(block, { resourceOf: resources[i]!, scopeOf: scopes[i]!, setOf: sets[i]! }))
}

interface Entries {
  readonly resourceOf: (row: number) => StoredSpan['resource']
  readonly scopeOf: (row: number) => StoredSpan['scope']
  readonly setOf: (row: number) => StoredSpan['set']
}

function rowsOf(block: NativeRows, { resourceOf, scopeOf, setOf }: Entries): SpanRows {
  const traceId = block.column('trace_id', 'bytes').data
  const spanId = block.column('span_id', 'bytes').data
  const parentId = block.column('parent_id', 'bytes').data
  const start = block.column('start', 'integers64')
  const duration = block.column('duration', 'integers64')
  const kind = block.column('kind', 'integers')
  const status = block.column('status', 'integers')
  const flags = block.column('flags', 'integers')
  const service = block.column('service', 'words')
  const name = block.column('name', 'words')
  const traceState = block.column('trace_state', 'texts')
  const statusMessage = block.column('status_message', 'texts')
  const ext = block.column('ext', 'texts')
  const attributesOf = rowAttributes(block.column('attrs', 'maps'))

  const rest: RestOfSpans = {
    statusMessageOf: (row) => statusMessage.at(row),
    extOf: (row) => Buffer.from(ext.bytesAt(row)),
  }
  const extensions = extensionsOf(ext)
  const ids = idsOf(spanId, parentId)

  const keys = { traceId, spanId, start }

  return {
    rows: block.rows,
    keys,
    compareIds: (row, other, otherRow) => compareBytes(traceId, 16 * row, other.keys.traceId, 16 * otherRow, 16),
    compareRows: (row, other, otherRow) => compareRows(keys, row, other.keys, otherRow),
    traceIdAt: (row) => traceId.toString('hex', row * 16, row * 16 + 16),
    continues(row) {
      for (let at = row * 16; at < row * 16 + 16; at++) if (traceId[at] !== traceId[at - 16]) return false
      return true
    },
    baseAt: (row) => baseAt(start, row),
    spanAt(row, base) {
      const set = setOf(row)
      const extension = extensions(row, base.unixNano)
      return {
        spanId: ids.own(row),
        parentId: ids.parent(row),
        name: name.words[name.indexes[row]!]!,
        kind: kind[row]!,
        status: status[row]!,
        flags: flags[row]!,
        start: (start.high[row]! - base.high) * 2 ** 32 + (start.low[row]! - base.low),
        duration: duration.high[row]! * 2 ** 32 + duration.low[row]!,
        resource: resourceOf(row),
        scope: scopeOf(row),
        attributeSet: set.attributes,
        attributes: attributesOf(row),
        events: extension.events,
        links: extension.links,
        set,
        service: service.words[service.indexes[row]!]!,
        traceState: traceState.isEmpty(row) ? '' : traceState.at(row),
        row,
        rest,
      }
    },
  }
}

interface Extension {
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
}

const plain: Extension = { events: [], links: [] }

/** Events and links of each row; most spans have neither, but typed attributes, which `attrs` has as text. */
function extensionsOf(ext: Texts): (row: number, base: bigint) => Extension {
  const { body, bounds } = ext
  const cursor = new FieldCursor(body)
  const view = viewOf(body)
  const isPlain = (row: number): boolean => {
    cursor.reset(body, view, bounds[2 * row]!, bounds[2 * row + 1]!)
    while (cursor.next()) if (cursor.field === SpanField.events || cursor.field === SpanField.links) return false
    return true
  }
  return (row, base) => (ext.isEmpty(row) || isPlain(row) ? plain : extensionOf(ext.bytesAt(row), base))
}

function extensionOf(ext: Uint8Array, base: bigint): Extension {
  const { events, links } = decodeSpanExtension(ext)
  return {
    events: events.map((event) => ({
      name: event.name,
      time: Number(BigInt(event.timeUnixNano) - base),
      attributes: asText(event.attributes),
    })),
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  }
}

const asText = (attributes: readonly KeyValue[]): Attributes =>
  new Map(attributes.map(({ key, value }) => [key, anyValueText(value)]))

function baseAt({ low, high }: Integers64, row: number): Base {
  return { unixNano: (BigInt(high[row]!) << 32n) | BigInt(low[row]!), low: low[row]!, high: high[row]! }
}

/** A parent is looked for among so many rows before, where it mostly is. A power of two. */
const rowsBack = 16

/**
 * Ids of rows asked in their order. A parent's is the very string of its span, so that the two need not be compared again. Only
 * the last are kept: strings that outlive their trace are what collecting garbage takes its time for.
 */
function idsOf(spanIds: Uint8Array, parentIds: Uint8Array) {
  const ids = new Int32Array(copyOf(spanIds))
  const parents = new Int32Array(copyOf(parentIds))
  const known = new Array<string>(rowsBack).fill('')
  const knownRow = new Int32Array(rowsBack).fill(-1)
  return {
    own(row: number): string {
      const slot = row % rowsBack
      knownRow[slot] = row
      return (known[slot] = hex8(spanIds, row * 8))
    },
    parent(row: number): string {
      const [low, high] = [parents[2 * row]!, parents[2 * row + 1]!]
      if (low === 0 && high === 0) return ''
      for (let at = row - 1; at >= 0 && at >= row - rowsBack; at--) {
        const slot = at % rowsBack
        if (knownRow[slot] === at && ids[2 * at] === low && ids[2 * at + 1] === high) return known[slot]!
      }
      return hex8(parentIds, row * 8)
    },
  }
}

const copyOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const digitOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const firstDigit = Uint8Array.from(digitOf, (pair) => pair.charCodeAt(0))
const lastDigit = Uint8Array.from(digitOf, (pair) => pair.charCodeAt(1))

/** Eight bytes as hex digits, from code units: leaving JavaScript for it costs as much as reading the rest of a span. */
function hex8(bytes: Uint8Array, at: number): string {
  const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!]
  const [e, f, g, h] = [bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!]
  // prettier-ignore
  return String.fromCharCode(
    firstDigit[a]!, lastDigit[a]!, firstDigit[b]!, lastDigit[b]!, firstDigit[c]!, lastDigit[c]!, firstDigit[d]!, lastDigit[d]!,
    firstDigit[e]!, lastDigit[e]!, firstDigit[f]!, lastDigit[f]!, firstDigit[g]!, lastDigit[g]!, firstDigit[h]!, lastDigit[h]!,
  )
}
