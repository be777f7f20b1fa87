import { FieldCursor, MalformedError, WireType } from './protobuf.ts'

/**
 * Reads back what the collector kept as protobuf: `ext` of a span, `raw` of the dictionaries. The results have the
 * shape of OTLP/JSON (ids in hex, 64-bit integers as decimal strings, bytes in base64).
 * All functions throw MalformedError for bytes that are not the message they name.
 */
export interface AnyValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number | 'NaN' | 'Infinity' | '-Infinity'
  arrayValue?: { values: AnyValue[] }
  kvlistValue?: { values: KeyValue[] }
  bytesValue?: string
}

export interface KeyValue {
  key: string
  value: AnyValue
}

export interface SpanEvent {
  timeUnixNano: string
  name: string
  attributes: KeyValue[]
  droppedAttributesCount: number
}

export interface SpanLink {
  /** Hex, of whatever length was sent. */
  traceId: string
  spanId: string
  traceState: string
  attributes: KeyValue[]
  droppedAttributesCount: number
  flags: number
}

/** What the columns of a span could not hold exactly. */
export interface SpanExtension {
  /** Typed or repeated attributes: they replace the same keys of the column `attrs`. */
  attributes: KeyValue[]
  events: SpanEvent[]
  links: SpanLink[]
  droppedAttributesCount: number
  droppedEventsCount: number
  droppedLinksCount: number
  /** Enum values outside the known range; absent when the columns are right. */
  kind?: number
  statusCode?: number
}

export interface Resource {
  attributes: KeyValue[]
  droppedAttributesCount: number
}

export interface Scope extends Resource {
  name: string
  version: string
}

/** The collector refuses deeper values, so this only guards against bytes from elsewhere. */
export const maxValueDepth = 32

/** Well-formed, but nested deeper than `maxValueDepth`. */
export class TooDeepError extends MalformedError {
  constructor() {
    super(`attribute value is nested deeper than ${maxValueDepth}`)
  }
}

/** As protobuf has it, a message that comes twice is merged. @param depth how many arrays or kvlists are around the value. */
export function decodeAnyValue(bytes: Uint8Array, from = 0, to = bytes.length, depth = 0): AnyValue {
  if (depth > maxValueDepth) throw new TooDeepError()
  const f = new FieldCursor(bytes, from, to)
  let value: AnyValue = {}
  while (f.next()) {
    if (f.field === 1) value = { stringValue: (f.expect(WireType.bytes), f.text()) }
    else if (f.field === 2) value = { boolValue: (f.expect(WireType.varint), f.low !== 0 || f.high !== 0) }
    else if (f.field === 3) value = { intValue: (f.expect(WireType.varint), f.int64().toString()) }
    else if (f.field === 4) value = { doubleValue: (f.expect(WireType.fixed64), doubleOf(f.double())) }
    else if (f.field === 5) {
      f.expect(WireType.bytes)
      if (!value.arrayValue) value = { arrayValue: { values: [] } }
      decodeArray(f.inner(), depth, value.arrayValue!.values)
    } else if (f.field === 6) {
      f.expect(WireType.bytes)
      if (!value.kvlistValue) value = { kvlistValue: { values: [] } }
      decodeKvlist(f.inner(), depth, value.kvlistValue!.values)
    } else if (f.field === 7) {
      f.expect(WireType.bytes)
      value = { bytesValue: Buffer.from(f.content()).toString('base64') }
    }
  }
  return value
}

function doubleOf(value: number): number | 'NaN' | 'Infinity' | '-Infinity' {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function decodeArray(f: FieldCursor, depth: number, values: AnyValue[]): void {
  while (f.next()) {
    if (f.field !== 1) continue
    f.expect(WireType.bytes)
    values.push(decodeAnyValue(f.bytes, f.from, f.to, depth + 1))
  }
}

function decodeKvlist(f: FieldCursor, depth: number, values: KeyValue[]): void {
  while (f.next()) {
    if (f.field !== 1) continue
    f.expect(WireType.bytes)
    values.push(decodeKeyValue(f.bytes, f.from, f.to, depth + 1))
  }
}

export function decodeKeyValue(bytes: Uint8Array, from: number, to: number, depth = 0): KeyValue {
  const f = new FieldCursor(bytes, from, to)
  let key = ''
  const values: Uint8Array[] = []
  while (f.next()) {
    if (f.field === 1) key = (f.expect(WireType.bytes), f.text())
    else if (f.field === 2) {
      f.expect(WireType.bytes)
      values.push(f.content())
    }
  }
  const value = joined(values)
  return { key, value: decodeAnyValue(value, 0, value.length, depth) }
}

/** A message that comes several times is merged, which for protobuf is the same as its bytes one after the other. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 ? parts[0]! : Buffer.concat(parts)

function attribute(f: FieldCursor): KeyValue {
  f.expect(WireType.bytes)
  return decodeKeyValue(f.bytes, f.from, f.to)
}

const uint32 = (f: FieldCursor): number => (f.expect(WireType.varint), f.low)

/** `attrsets.raw`: the attributes of a set (field 9 of a Span, repeated). */
export function decodeKeyValues(raw: Uint8Array): KeyValue[] {
  return decodeSpanExtension(raw).attributes
}

/** Fields of a Span that a reader looks for by itself. */
export const SpanField = { events: 11, links: 13 } as const

/** `spans.ext`. */
export function decodeSpanExtension(ext: Uint8Array): SpanExtension {
  const span: SpanExtension = {
    attributes: [],
    events: [],
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
  const f = new FieldCursor(ext)
  while (f.next()) {
    if (f.field === 6) span.kind = uint32(f) | 0
    else if (f.field === 9) span.attributes.push(attribute(f))
    else if (f.field === 10) span.droppedAttributesCount = uint32(f)
    else if (f.field === SpanField.events) span.events.push((f.expect(WireType.bytes), decodeEvent(f.inner())))
    else if (f.field === 12) span.droppedEventsCount = uint32(f)
    else if (f.field === SpanField.links) span.links.push((f.expect(WireType.bytes), decodeLink(f.inner())))
    else if (f.field === 14) span.droppedLinksCount = uint32(f)
    else if (f.field === 15) {
      const status = (f.expect(WireType.bytes), f.inner())
      while (status.next()) if (status.field === 3) span.statusCode = uint32(status) | 0
    }
  }
  return span
}

function decodeEvent(f: FieldCursor): SpanEvent {
  const event: SpanEvent = { timeUnixNano: '0', name: '', attributes: [], droppedAttributesCount: 0 }
  while (f.next()) {
    if (f.field === 1) event.timeUnixNano = (f.expect(WireType.fixed64), f.fixed64().toString())
    else if (f.field === 2) event.name = (f.expect(WireType.bytes), f.text())
    else if (f.field === 3) event.attributes.push(attribute(f))
    else if (f.field === 4) event.droppedAttributesCount = uint32(f)
  }
  return event
}

function decodeLink(f: FieldCursor): SpanLink {
  const link: SpanLink = {
    traceId: '',
    spanId: '',
    traceState: '',
    attributes: [],
    droppedAttributesCount: 0,
    flags: 0,
  }
  const hex = (): string => (f.expect(WireType.bytes), Buffer.from(f.content()).toString('hex'))
  while (f.next()) {
    if (f.field === 1) link.traceId = hex()
    else if (f.field === 2) link.spanId = hex()
    else if (f.field === 3) link.traceState = (f.expect(WireType.bytes), f.text())
    else if (f.field === 4) link.attributes.push(attribute(f))
    else if (f.field === 5) link.droppedAttributesCount = uint32(f)
    else if (f.field === 6) link.flags = (f.expect(WireType.fixed32), f.fixed32())
  }
  return link
}

/** `resources.raw`. */
export function decodeResource(raw: Uint8Array): Resource {
  const resource: Resource = { attributes: [], droppedAttributesCount: 0 }
  const f = new FieldCursor(raw)
  while (f.next()) {
    if (f.field === 1) resource.attributes.push(attribute(f))
    else if (f.field === 2) resource.droppedAttributesCount = uint32(f)
  }
  return resource
}

/** `scopes.raw`. */
export function decodeScope(raw: Uint8Array): Scope {
  const scope: Scope = { name: '', version: '', attributes: [], droppedAttributesCount: 0 }
  const f = new FieldCursor(raw)
  while (f.next()) {
    if (f.field === 1) scope.name = (f.expect(WireType.bytes), f.text())
    else if (f.field === 2) scope.version = (f.expect(WireType.bytes), f.text())
    else if (f.field === 3) scope.attributes.push(attribute(f))
    else if (f.field === 4) scope.droppedAttributesCount = uint32(f)
  }
  return scope
}

/**
 * A value as the text that searches and the analysis see: `true`, `200`, the shortest digits of a double, base64 of
 * bytes, JSON for arrays and kvlists, '' for no value.
 */
export function anyValueText(value: AnyValue): string {
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return String(value.boolValue)
  if (value.doubleValue !== undefined) return String(value.doubleValue)
  return value.intValue ?? value.bytesValue ?? (value.arrayValue || value.kvlistValue ? anyValueJson(value) : '')
}

/** JSON written by hand: JSON.stringify would round 64-bit integers. */
function anyValueJson(value: AnyValue): string {
  if (value.arrayValue) return `[${value.arrayValue.values.map(anyValueJson).join(',')}]`
  if (value.kvlistValue) {
    return `{${value.kvlistValue.values.map((kv) => `${JSON.stringify(kv.key)}:${anyValueJson(kv.value)}`).join(',')}}`
  }
  const bare = value.boolValue !== undefined || value.intValue !== undefined || typeof value.doubleValue === 'number'
  if (bare) return anyValueText(value)
  return Object.keys(value).length === 0 ? 'null' : JSON.stringify(anyValueText(value))
}

/**
 * The attributes of a span as sent, but for their order: the interned set, then the row's own.
 * @param setRaw `attrsets.raw` of the span's set. @param attrs the column `attrs`. @param ext the column `ext`.
 */
export function spanAttributes(
  setRaw: Uint8Array,
  attrs: Iterable<readonly [string, string]>,
  ext: Pick<SpanExtension, 'attributes'>,
): KeyValue[] {
  const typed = new Set(ext.attributes.map((kv) => kv.key))
  const plain: KeyValue[] = []
  for (const [key, text] of attrs) if (!typed.has(key)) plain.push({ key, value: { stringValue: text } })
  return [...decodeKeyValues(setRaw), ...plain, ...ext.attributes]
}
