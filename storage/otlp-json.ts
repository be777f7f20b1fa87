import { ByteBuffer } from './bytes.ts'
import { maxValueDepth } from './otlp-decode.ts'
import { MalformedError } from './protobuf.ts'

/**
 * OTLP/JSON to the protobuf of the same ExportTraceServiceRequest, so that both go through the one scanner: ids in hex,
 * 64-bit integers as strings or numbers, enums as numbers or names, bytes in base64, unknown fields ignored.
 * @throws MalformedError naming the field.
 */
export function protobufOfJson(text: string): Buffer {
  return protobufOf(parsedJson(text), text.length)
}

/** The same of an ExportMetricsServiceRequest; of what has no number to a data point only that the points are there. */
export function metricsProtobufOfJson(text: string): Buffer {
  return protobufOf(parsedJson(text), text.length, metricsRequest)
}

/** Values that one request may hold; each takes at least one of these characters. */
const valuesOfRequest = 2_000_000

/**
 * JSON.parse rounds integers beyond 2^53, which Unix nanoseconds are; as strings they pass unchanged.
 * @throws MalformedError for what is no JSON, or has more values than `maxValues`.
 */
export function parsedJson(text: string, maxValues = valuesOfRequest): unknown {
  try {
    return JSON.parse(quoteLongIntegers(text, maxValues))
  } catch (error) {
    if (error instanceof MalformedError) throw error
    throw new MalformedError(`invalid JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

const longInteger = /-?[1-9]\d{15,}(?![\d.eE])/y
const number = /-?\d+(?:\.\d*)?(?:[eE][-+]?\d*)?/y

/** One pass, in a time that grows with the length and nothing else, whatever the text is. */
function quoteLongIntegers(text: string, maxValues: number): string {
  let quoted = ''
  let copied = 0
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x7b || code === 0x5b || code === 0x2c) {
      if (++values > maxValues) throw new MalformedError(`more than ${maxValues} values in one request`)
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      longInteger.lastIndex = number.lastIndex = at
      if (longInteger.test(text)) {
        quoted += `${text.slice(copied, at)}"${text.slice(at, longInteger.lastIndex)}"`
        at = (copied = longInteger.lastIndex) - 1
      } else if (number.test(text)) at = number.lastIndex - 1
    }
  }
  return copied === 0 ? text : quoted + text.slice(copied)
}

/** Where the string that begins at `at` ends; the end of the text when it does not. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

/** The same of what was parsed already. @param expectedBytes how long it will be, about. */
export function protobufOf(request: unknown, expectedBytes: number, type = exportRequest): Buffer {
  const out = new ByteBuffer(expectedBytes)
  writeMessage(out, request, type, '', 0)
  return out.written()
}

type WriteScalar = (out: ByteBuffer, tag: number, value: unknown, path: string) => void
interface Field {
  number: number
  write: WriteScalar | Message
  repeated?: true
}
interface Message {
  fields: Record<string, Field>
  nests?: true
}

const scalar = (number: number, write: WriteScalar): Field => ({ number, write })
const message = (number: number, write: Message): Field => ({ number, write })
const repeated = (number: number, write: Message): Field => ({ number, write, repeated: true })

const anyValueFields: Record<string, Field> = {
  stringValue: scalar(1, writeString),
  boolValue: scalar(2, writeBool),
  intValue: scalar(3, writeInt64),
  doubleValue: scalar(4, writeDouble),
  bytesValue: scalar(7, writeBase64),
}
const anyValue: Message = { fields: anyValueFields }
const keyValue: Message = { fields: { key: scalar(1, writeString), value: message(2, anyValue) } }
anyValueFields['arrayValue'] = message(5, { fields: { values: repeated(1, anyValue) }, nests: true })
anyValueFields['kvlistValue'] = message(6, { fields: { values: repeated(1, keyValue) }, nests: true })

const attributes = (number: number): Field => repeated(number, keyValue)

const span: Message = {
  fields: {
    traceId: scalar(1, writeHex),
    spanId: scalar(2, writeHex),
    traceState: scalar(3, writeString),
    parentSpanId: scalar(4, writeHex),
    name: scalar(5, writeString),
    kind: scalar(6, writeEnum('SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'])),
    startTimeUnixNano: scalar(7, writeFixed64),
    endTimeUnixNano: scalar(8, writeFixed64),
    attributes: attributes(9),
    droppedAttributesCount: scalar(10, writeUint32),
    events: repeated(11, {
      fields: {
        timeUnixNano: scalar(1, writeFixed64),
        name: scalar(2, writeString),
        attributes: attributes(3),
        droppedAttributesCount: scalar(4, writeUint32),
      },
    }),
    droppedEventsCount: scalar(12, writeUint32),
    links: repeated(13, {
      fields: {
        traceId: scalar(1, writeHex),
        spanId: scalar(2, writeHex),
        traceState: scalar(3, writeString),
        attributes: attributes(4),
        droppedAttributesCount: scalar(5, writeUint32),
        flags: scalar(6, writeFixed32),
      },
    }),
    droppedLinksCount: scalar(14, writeUint32),
    status: message(15, {
      fields: { message: scalar(2, writeString), code: scalar(3, writeEnum('STATUS_CODE_', ['UNSET', 'OK', 'ERROR'])) },
    }),
    flags: scalar(16, writeFixed32),
  },
}

const scope: Message = {
  fields: {
    name: scalar(1, writeString),
    version: scalar(2, writeString),
    attributes: attributes(3),
    droppedAttributesCount: scalar(4, writeUint32),
  },
}
const scopeSpans: Message = {
  fields: { scope: message(1, scope), spans: repeated(2, span), schemaUrl: scalar(3, writeString) },
}
const resource: Message = { fields: { attributes: attributes(1), droppedAttributesCount: scalar(2, writeUint32) } }
const resourceSpans: Message = {
  fields: { resource: message(1, resource), scopeSpans: repeated(2, scopeSpans), schemaUrl: scalar(3, writeString) },
}
const exportRequest: Message = { fields: { resourceSpans: repeated(1, resourceSpans) } }

const dataPoint: Message = {
  fields: {
    startTimeUnixNano: scalar(2, writeFixed64),
    timeUnixNano: scalar(3, writeFixed64),
    asDouble: scalar(4, writeDouble),
    asInt: scalar(6, writeSfixed64),
    attributes: attributes(7),
    flags: scalar(8, writeUint32),
  },
}
const numbers: Message = {
  fields: {
    dataPoints: repeated(1, dataPoint),
    aggregationTemporality: scalar(2, writeEnum('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'])),
    isMonotonic: scalar(3, writeBool),
  },
}
const otherPoints: Message = { fields: { dataPoints: repeated(1, { fields: {} }) } }
const metric: Message = {
  fields: {
    ...{ name: scalar(1, writeString), unit: scalar(3, writeString), gauge: message(5, numbers) },
    ...{ sum: message(7, numbers), histogram: message(9, otherPoints) },
    ...{ exponentialHistogram: message(10, otherPoints), summary: message(11, otherPoints) },
  },
}
const scopeMetrics: Message = { fields: { scope: message(1, scope), metrics: repeated(2, metric) } }
const resourceMetrics: Message = {
  fields: { resource: message(1, resource), scopeMetrics: repeated(2, scopeMetrics) },
}
const metricsRequest: Message = { fields: { resourceMetrics: repeated(1, resourceMetrics) } }

function writeMessage(out: ByteBuffer, value: unknown, type: Message, path: string, depth: number): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedError(`${path || 'the request'} is not an object`)
  }
  // One level more than allowed is enough for the scanner to see that it is too deep.
  if (type.nests && ++depth > maxValueDepth + 1) return
  for (const [name, content] of Object.entries(value)) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name]! : undefined
    if (!field || content === null) continue
    const at = path === '' ? name : `${path}.${name}`
    if (!field.repeated) writeField(out, field, content, at, depth)
    else if (Array.isArray(content)) content.forEach((item, i) => writeField(out, field, item, `${at}[${i}]`, depth))
    else throw new MalformedError(`${at} is not an array`)
  }
}

function writeField(out: ByteBuffer, { number, write }: Field, value: unknown, path: string, depth: number): void {
  if (typeof write === 'function') return write(out, number << 3, value, path)
  out.varuint((number << 3) | 2)
  // The length is known afterwards. One byte is kept for it; longer content moves to make room for more, so that equal
  // content has equal bytes whichever encoding it came in.
  out.u8(0)
  const begin = out.length
  writeMessage(out, value, write, path, depth)
  const size = out.length - begin
  const extra = size < 0x80 ? 0 : size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4
  if (extra > 0) {
    out.reserve(extra)
    out.bytes.copyWithin(begin + extra, begin, out.length)
  }
  out.length = begin - 1
  out.varuint(size)
  out.length = begin + extra + size
}

function writeString(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  if (typeof value !== 'string') throw new MalformedError(`${path} is not a string`)
  out.varuint(tag | 2)
  out.string(value)
}

function writeBytes(out: ByteBuffer, tag: number, bytes: Uint8Array): void {
  out.varuint(tag | 2)
  out.lengthPrefixed(bytes, 0, bytes.length)
}

function writeHex(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/i.test(value)) throw new MalformedError(`${path} is not hex`)
  writeBytes(out, tag, Buffer.from(value, 'hex'))
}

function writeBase64(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    throw new MalformedError(`${path} is not base64`)
  }
  writeBytes(out, tag, Buffer.from(value, 'base64'))
}

function writeBool(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  if (typeof value !== 'boolean') throw new MalformedError(`${path} is not a boolean`)
  out.varuint(tag)
  out.u8(value ? 1 : 0)
}

const doubleText = /^(?:-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|NaN|-?Infinity)$/

function writeDouble(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  const number = typeof value === 'string' && doubleText.test(value) ? Number(value) : value
  if (typeof number !== 'number') throw new MalformedError(`${path} is not a number`)
  out.varuint(tag | 1)
  out.f64(number)
}

function integer(value: unknown, min: bigint, max: bigint, path: string): bigint {
  const isInteger = typeof value === 'string' ? /^-?\d{1,20}$/.test(value) : Number.isInteger(value)
  if (!isInteger) throw new MalformedError(`${path} is not an integer`)
  const number = BigInt(value as string | number)
  if (number < min || number > max) throw new MalformedError(`${path} is out of range`)
  return number
}

function writeVarint(out: ByteBuffer, value: bigint): void {
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) out.u8(Number(rest & 0x7fn) | 0x80)
  out.u8(Number(rest))
}

function writeInt64(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  out.varuint(tag)
  writeVarint(out, integer(value, -(2n ** 63n), 2n ** 63n - 1n, path))
}

function writeUint32(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  out.varuint(tag)
  writeVarint(out, integer(value, 0n, 2n ** 32n - 1n, path))
}

function writeFixed32(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  out.varuint(tag | 5)
  out.u32(Number(integer(value, 0n, 2n ** 32n - 1n, path)))
}

function writeFixed64(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  const number = integer(value, 0n, 2n ** 64n - 1n, path)
  out.varuint(tag | 1)
  out.u64(Number(number & 0xffffffffn), Number(number >> 32n))
}

function writeSfixed64(out: ByteBuffer, tag: number, value: unknown, path: string): void {
  const number = BigInt.asUintN(64, integer(value, -(2n ** 63n), 2n ** 63n - 1n, path))
  out.varuint(tag | 1)
  out.u64(Number(number & 0xffffffffn), Number(number >> 32n))
}

function writeEnum(prefix: string, names: readonly string[]): WriteScalar {
  return (out, tag, value, path) => {
    const known = typeof value === 'string' ? names.indexOf(value.replace(prefix, '')) : -1
    out.varuint(tag)
    writeVarint(out, known >= 0 ? BigInt(known) : integer(value, -(2n ** 31n), 2n ** 31n - 1n, path))
  }
}
