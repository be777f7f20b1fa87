import { AttributeKeys } from '../../collector/wire/attribute-keys.ts'
import { dictionaryRows, Interner, type DictionaryRows } from '../../collector/wire/interner.ts'
import { Scanner, type ScanResult } from '../../collector/wire/scan.ts'
import { SpanColumns } from '../../collector/wire/span-columns.ts'
import { decodeSpanExtension, spanAttributes, type AnyValue, type KeyValue } from '../../storage/otlp-decode.ts'
import { MalformedError } from '../../storage/protobuf.ts'
import { attributesOf, lastText, serviceOf, sorted, type Row } from './expect.ts'
import type { Kind } from './fuzz.ts'
import { readBlock, readBlocks, type Cell } from './native-reader.ts'
import { fieldsOf, textOf, type Attribute, type Value } from './otlp-reader.ts'

/** No request may take longer, in CPU time: the machine has other things to do. */
export const stallMs = 1000

/**
 * A collector's scanner over many requests, as the pipeline uses it, beside what the specifications say of each. All
 * methods return what differs, in words, or ''.
 */
export class Session {
  // Limits so small that keys leave the sets and windows end within a few requests.
  private readonly interner = new Interner(new AttributeKeys({ keys: 100, valuesPerKey: 5, sets: 50 }))
  private readonly scanner = new Scanner(this.interner)
  private readonly spans = new SpanColumns()
  private dictionaries: DictionaryRows = dictionaryRows()
  private rows: Row[] = []
  // What the store has, by id.
  private readonly resources = new Map<bigint, string>()
  private readonly scopes = new Map<bigint, string>()
  private readonly sets = new Map<bigint, Buffer>([[0n, Buffer.alloc(0)]])
  private now = 1_700_000_000
  // The CPU time when the last batch ended.
  private begin = process.cpuUsage()
  /** Requests that were taken, refused; spans stored, and how many of them as usual ones. */
  readonly counts = { taken: 0, refused: 0, spans: 0, usual: 0 }

  /** CPU time since the last batch, in ms. */
  private usedMs() {
    const { user, system } = process.cpuUsage(this.begin)
    return (user + system) / 1000
  }

  take(body: Buffer, kind: Kind): string {
    const expected = kind.expected(body)
    // An hour later now and then: a window of the keys ends.
    this.now += 10
    const begin = performance.now()
    const outcome = this.scan(body, kind)
    // Asking for the CPU time costs as much as scanning: only of what may have stalled.
    if (performance.now() - begin > stallMs && this.usedMs() > stallMs) return `took ${this.usedMs()} ms of CPU`
    if (typeof outcome === 'string') {
      this.counts.refused++
      return expected.verdict === 'taken' ? `refused: ${outcome}` : ''
    }
    this.counts.taken++
    if (expected.verdict === 'refused') return 'taken, though it is malformed'
    this.rows.push(...expected.rows)
    const { stored, rejected, reasons, sources, firstStart, lastStart } = outcome
    this.counts.spans += stored
    const starts = expected.rows.map(({ start }) => start)
    const found = {
      stored,
      rejected,
      reasons: [...reasons].sort(),
      sources: sources.map((source) => [source.service, source.scope, source.stored, source.rejected]),
      first: stored > 0 ? String(firstStart) : '',
      last: stored > 0 ? String(lastStart) : '',
    }
    const right = {
      stored: expected.rows.length,
      rejected: Object.values(expected.reasons).reduce((sum, n) => sum + n, 0),
      reasons: Object.entries(expected.reasons).sort(),
      sources: expected.sources,
      first: String(starts.reduce<bigint | ''>((least, start) => (least === '' || start < least ? start : least), '')),
      last: String(starts.reduce<bigint | ''>((most, start) => (most === '' || start > most ? start : most), '')),
    }
    return difference('the result', found, right)
  }

  private scan(body: Buffer, kind: Kind): ScanResult | string {
    const mark = this.spans.mark()
    this.interner.begin(this.dictionaries, this.now)
    try {
      return this.scanner.scan(kind.protobuf(body), this.spans)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.spans.truncate(mark)
      this.interner.takeBack()
      return error.message
    }
  }

  /** Writes the batch and reads it as ClickHouse does. */
  flush(): string {
    this.begin = process.cpuUsage()
    const fault = this.readDictionaries()
    if (fault) return fault
    // Usual spans come before the others.
    const left = new Map<string, Row[]>(this.rows.map(({ ids }) => [ids, []]))
    for (const row of this.rows) left.get(row.ids)!.push(row)
    const expected = this.rows.length
    this.rows = []
    this.counts.usual += this.spans.fast.rows
    const blocks = readBlocks(this.spans.finish(7n, 8))
    const rows = blocks.reduce((sum, columns) => sum + columns.get('kind')!.length, 0)
    if (rows !== expected) return `${rows} rows, not ${expected}`
    for (const columns of blocks) {
      for (let i = 0; i < columns.get('kind')!.length; i++) {
        const cell = (name: string) => columns.get(name)![i]!
        const alike = left.get(idsOf(cell)) ?? []
        const wrong = alike.map((row) => this.compare(cell, row))
        if (!wrong.includes('')) return wrong[0] ?? `there is a span ${idsOf(cell)}`
        alike.splice(wrong.indexOf(''), 1)
      }
    }
    return ''
  }

  private readDictionaries(): string {
    const { resources, scopes, attrsets } = this.dictionaries
    this.dictionaries = dictionaryRows()
    const each = (block: Buffer, visit: (cell: (name: string) => Cell) => string): string => {
      const columns = readBlock(block)
      const count = [...columns.values()][0]!.length
      for (let i = 0; i < count; i++) {
        const wrong = visit((name) => columns.get(name)![i]!)
        if (wrong) return wrong
      }
      return ''
    }
    const keyOf = (cell: (name: string) => Cell) =>
      `${(cell('raw') as Buffer).toString('hex')} ${(cell('schema_url') as Buffer).toString('hex')}`
    return (
      each(resources.toBytes(), (cell) => {
        const raw = cell('raw') as Buffer
        const wrong = known(this.resources, cell('resource') as bigint, keyOf(cell))
        const right = { service: serviceOf(raw), attrs: lastTexts(attributesOf(raw, 1)) }
        return wrong || difference('a resource', { service: text(cell('service')), attrs: texts(cell('attrs')) }, right)
      }) ||
      each(scopes.toBytes(), (cell) => {
        const raw = cell('raw') as Buffer
        const wrong = known(this.scopes, cell('scope') as bigint, keyOf(cell))
        const found = { name: text(cell('name')), version: text(cell('version')) }
        return wrong || difference('a scope', found, { name: lastText(raw, 1), version: lastText(raw, 2) })
      }) ||
      each(attrsets.toBytes(), (cell) => {
        const raw = cell('raw') as Buffer
        const id = cell('attrset') as bigint
        if (this.sets.get(id)?.equals(raw) === false) return 'two sets of attributes with one id'
        this.sets.set(id, raw)
        return difference('a set', texts(cell('attrs')), lastTexts(attributesOf(raw, 9)))
      })
    )
  }

  private compare(cell: (name: string) => Cell, right: Row): string {
    const raw = this.sets.get(cell('attrset') as bigint)
    const resource = this.resources.get(cell('resource') as bigint)
    const scope = this.scopes.get(cell('scope') as bigint)
    if (!raw || resource === undefined || scope === undefined) return 'a span names an id that is not in the store'
    const extBytes = cell('ext') as Buffer
    const ext = decodeSpanExtension(extBytes)
    const own = (cell('attrs') as [Buffer, Buffer][]).map(
      ([key, value]) => [key.toString(), value.toString()] as [string, string],
    )
    const attributes = spanAttributes(raw, own, ext).map(attributeOf)
    const duration = BigInt.asIntN(64, cell('duration') as bigint)
    const found: Row = {
      ids: idsOf(cell),
      start: cell('start') as bigint,
      duration,
      kind: ext.kind ?? Number(cell('kind')),
      status: ext.statusCode ?? Number(cell('status')),
      flags: Number(cell('flags')),
      resource,
      scope,
      service: text(cell('service')),
      name: text(cell('name')),
      traceState: text(cell('trace_state')),
      statusMessage: text(cell('status_message')),
      attributes: sorted(attributes),
      rest: {
        events: ext.events
          .map(({ timeUnixNano, name, attributes, droppedAttributesCount }) =>
            JSON.stringify([timeUnixNano, name, attributes.map(attributeOf), `${droppedAttributesCount}`]),
          )
          .join('\n'),
        links: ext.links
          .map((link) =>
            JSON.stringify([
              ...[link.traceId, link.spanId, link.traceState, `${link.droppedAttributesCount}`, `${link.flags}`],
              link.attributes.map(attributeOf),
            ]),
          )
          .join('\n'),
        dropped: [ext.droppedAttributesCount, ext.droppedEventsCount, ext.droppedLinksCount].join(' '),
        unknown: unknownOf(extBytes),
      },
    }
    // The column itself: every key once, with the text of one of its values.
    const all = new Map<string, Set<string>>()
    for (const [key, value] of attributes) all.set(key, (all.get(key) ?? new Set()).add(textOf(value)))
    if (new Set(own.map(([key]) => key)).size !== own.length) return `a key twice in ${JSON.stringify(own)}`
    for (const [key, value] of own)
      if (!all.get(key)?.has(value))
        return `attrs has ${JSON.stringify([key, value])} of ${JSON.stringify(found.attributes)}`
    if (Number(cell('kind')) !== (right.kind >= 0 && right.kind <= 5 ? right.kind : 0)) return 'the column kind'
    if (Number(cell('status')) !== (right.status >= 0 && right.status <= 2 ? right.status : 0)) return 'column status'
    return difference('a span', found, right)
  }
}

const idsOf = (cell: (name: string) => Cell): string =>
  ['trace_id', 'span_id', 'parent_id'].map((name) => (cell(name) as Buffer).toString('hex')).join(' ')

function known(store: Map<bigint, string>, id: bigint, key: string): string {
  if ((store.get(id) ?? key) !== key) return `${key} and ${store.get(id)} have one id`
  store.set(id, key)
  return ''
}

const text = (cell: Cell): string => (cell as Buffer).toString()
const texts = (cell: Cell): string =>
  JSON.stringify((cell as [Buffer, Buffer][]).map(([key, value]) => [text(key), text(value)]).sort())
const lastTexts = (attributes: readonly Attribute[]): string =>
  JSON.stringify([...new Map(attributes.map(([key, value]) => [key, textOf(value)]))].sort())

const unknownOf = (ext: Buffer): string =>
  fieldsOf(ext)
    .filter(({ number }) => number > 16)
    .map(({ raw }) => raw.toString('hex'))
    .join(' ')

const attributeOf = ({ key, value }: KeyValue): Attribute => [key, valueOf(value)]

function valueOf(value: AnyValue): Value {
  if (value.stringValue !== undefined) return { kind: 'string', text: value.stringValue }
  if (value.boolValue !== undefined) return { kind: 'bool', text: value.boolValue ? 'true' : 'false' }
  if (value.intValue !== undefined) return { kind: 'int', text: value.intValue }
  if (value.doubleValue !== undefined) return { kind: 'double', text: String(value.doubleValue) }
  if (value.bytesValue !== undefined) return { kind: 'bytes', text: value.bytesValue }
  if (value.arrayValue) return { kind: 'array', items: value.arrayValue.values.map(valueOf) }
  if (value.kvlistValue) return { kind: 'kvlist', items: value.kvlistValue.values.map(attributeOf) }
  return { kind: 'none' }
}

/** Which member differs, with both values; '' when none does. */
function difference(what: string, found: unknown, right: unknown): string {
  if (found === right) return ''
  if (Array.isArray(found) && Array.isArray(right) && found.every((item) => typeof item === 'string')) {
    const [more, less] = [without(found, right), without(right as string[], found)]
    return more.length + less.length > 0 ? `${what}: there is ${shown(more)} instead of ${shown(less)}` : ''
  }
  if (Array.isArray(found) || typeof found !== 'object' || typeof right !== 'object' || !found || !right) {
    const same = typeof found === 'object' && JSON.stringify(found) === JSON.stringify(right)
    return same ? '' : `${what} is ${shown(found)}, not ${shown(right)}`
  }
  for (const [name, value] of Object.entries(found)) {
    const wrong = difference(`${name} of ${what}`, value, (right as Record<string, unknown>)[name])
    if (wrong) return wrong
  }
  return ''
}

/** What the first has more often than the second. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other]
  return list.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))
