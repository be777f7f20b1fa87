import { lengthDelimited, tagOf, varint } from './proto-tree.ts'

/** OTLP/JSON as its specification reads it, to the protobuf of the same request: what the collector's reader is held against. */
export class NotTaken extends Error {}

/** JSON with numbers as they are written. */
export type Json = null | boolean | string | NumberText | Json[] | Map<string, Json>
export class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** @throws NotTaken for what is no JSON. */
export function readJson(text: string): Json {
  try {
    JSON.parse(text)
  } catch (error) {
    throw new NotTaken('no JSON', { cause: error })
  }
  // It is JSON, so it need not be looked at closely.
  const token = /[\t\n\r ]*(?:([[\]{}:,])|("(?:[^"\\]|\\.)*")|([^[\]{}:,"\t\n\r ]+))[\t\n\r ]*/y
  let word = ''
  const next = () => {
    const found = token.exec(text)
    word = found?.[1] ?? found?.[2] ?? found?.[3] ?? ''
  }
  const is = (punctuation: string) => word === punctuation
  const value = (): Json => {
    if (is('[')) {
      const list: Json[] = []
      for (next(); !is(']'); next()) if (!is(',')) list.push(value())
      return list
    }
    if (is('{')) {
      const fields = new Map<string, Json>()
      for (next(); !is('}'); next()) {
        if (is(',')) continue
        const name = JSON.parse(word) as string
        next()
        next()
        fields.set(name, value())
      }
      return fields
    }
    if (word.startsWith('"')) return JSON.parse(word) as string
    return word === 'null' ? null : word === 'true' || word === 'false' ? word === 'true' : new NumberText(word)
  }
  next()
  return value()
}

type Write = (value: Json, number: number) => Buffer
interface Message {
  readonly [name: string]: readonly [number: number, write: Write]
}

const refuse = (): never => {
  throw new NotTaken('not of this type')
}
/** Integers that a double cannot hold are strings to the collector, wherever they stand. */
export const isLong = (value: Json | undefined): value is NumberText =>
  value instanceof NumberText && /^-?[1-9]\d{15,}$/.test(value.text)
const stringOf = (value: Json): string => (typeof value === 'string' ? value : isLong(value) ? value.text : refuse())
const bytes =
  (of: (value: string) => Buffer): Write =>
  (value, number) =>
    lengthDelimited(number, of(stringOf(value)))
const text = bytes((value) => Buffer.from(value))
const hex = bytes((value) => (/^(?:[0-9a-fA-F]{2})*$/.test(value) ? Buffer.from(value, 'hex') : refuse()))
const base64 = bytes((value) => (/^[\w+/-]*={0,2}$/.test(value) ? Buffer.from(value, 'base64') : refuse()))
const bool: Write = (value, number) =>
  typeof value === 'boolean' ? Buffer.concat([tagOf(number, 0), Buffer.from([value ? 1 : 0])]) : refuse()

function integer(value: Json, least: bigint, most: bigint): bigint {
  const written = value instanceof NumberText ? value.text : stringOf(value)
  let found: bigint
  if (/^-?\d{1,20}$/.test(written)) found = BigInt(written)
  else {
    const number = Number(written)
    if (!(value instanceof NumberText) || !Number.isInteger(number)) return refuse()
    found = BigInt(number)
  }
  return found < least || found > most ? refuse() : found
}
const int64: Write = (value, number) =>
  Buffer.concat([tagOf(number, 0), varint(BigInt.asUintN(64, integer(value, -(2n ** 63n), 2n ** 63n - 1n)))])
const uint32: Write = (value, number) => Buffer.concat([tagOf(number, 0), varint(integer(value, 0n, 2n ** 32n - 1n))])
const fixed = (size: 4 | 8): Write => {
  return (value, number) => {
    const content = Buffer.alloc(8)
    content.writeBigUInt64LE(integer(value, 0n, 2n ** BigInt(8 * size) - 1n))
    return Buffer.concat([tagOf(number, size === 4 ? 5 : 1), content.subarray(0, size)])
  }
}
const double: Write = (value, number) => {
  const written = value instanceof NumberText ? value.text : stringOf(value)
  if (!/^(?:-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|NaN|-?Infinity)$/.test(written)) refuse()
  const content = Buffer.alloc(8)
  content.writeDoubleLE(Number(written))
  return Buffer.concat([tagOf(number, 1), content])
}
const oneOf =
  (prefix: string, names: string[]): Write =>
  (value, number) => {
    const name = typeof value === 'string' ? names.indexOf(value.replace(prefix, '')) : -1
    const code = name >= 0 ? BigInt(name) : integer(value, -(2n ** 31n), 2n ** 31n - 1n)
    return Buffer.concat([tagOf(number, 0), varint(BigInt.asUintN(64, code))])
  }

let depth = 0
const message = (fieldsOf: () => Message, nests = false): Write => {
  let fields: Message | undefined
  return (value, number) => {
    if (!(value instanceof Map)) return refuse()
    const known = (fields ??= fieldsOf())
    depth += nests ? 1 : 0
    // What is nested deeper is left out: the span is rejected anyway.
    const parts = depth > 33 ? [] : [...value].map(([name, inner]) => part(known, name, inner))
    depth -= nests ? 1 : 0
    return lengthDelimited(number, Buffer.concat(parts))
  }
}
function part(fields: Message, name: string, value: Json): Buffer {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  return field && value !== null ? field[1](value, field[0]) : Buffer.alloc(0)
}
const repeated =
  (write: Write): Write =>
  (value, number) =>
    Array.isArray(value) ? Buffer.concat(value.map((item) => write(item, number))) : refuse()

const anyValue = message(() => anyValueFields)
const keyValue = message(() => ({ key: [1, text], value: [2, anyValue] }))
const anyValueFields: Message = {
  ...{ stringValue: [1, text], boolValue: [2, bool], intValue: [3, int64], doubleValue: [4, double] },
  arrayValue: [5, message(() => ({ values: [1, repeated(anyValue)] }), true)],
  kvlistValue: [6, message(() => ({ values: [1, repeated(keyValue)] }), true)],
  bytesValue: [7, base64],
}
const attributes = repeated(keyValue)
const event = message(() => ({
  ...{ timeUnixNano: [1, fixed(8)], name: [2, text], attributes: [3, attributes], droppedAttributesCount: [4, uint32] },
}))
const link = message(() => ({
  ...{ traceId: [1, hex], spanId: [2, hex], traceState: [3, text], attributes: [4, attributes] },
  ...{ droppedAttributesCount: [5, uint32], flags: [6, fixed(4)] },
}))
const kind = oneOf('SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'])
const status = message(() => ({
  ...{ message: [2, text], code: [3, oneOf('STATUS_CODE_', ['UNSET', 'OK', 'ERROR'])] },
}))
const span = message(() => ({
  ...{ traceId: [1, hex], spanId: [2, hex], traceState: [3, text], parentSpanId: [4, hex], name: [5, text] },
  ...{ kind: [6, kind], startTimeUnixNano: [7, fixed(8)], endTimeUnixNano: [8, fixed(8)], attributes: [9, attributes] },
  ...{ droppedAttributesCount: [10, uint32], events: [11, repeated(event)], droppedEventsCount: [12, uint32] },
  ...{ links: [13, repeated(link)], droppedLinksCount: [14, uint32], status: [15, status], flags: [16, fixed(4)] },
}))
const scope = message(() => ({
  ...{ name: [1, text], version: [2, text], attributes: [3, attributes], droppedAttributesCount: [4, uint32] },
}))
const scopeSpans = message(() => ({ scope: [1, scope], spans: [2, repeated(span)], schemaUrl: [3, text] }))
const resource = message(() => ({ attributes: [1, attributes], droppedAttributesCount: [2, uint32] }))
const resourceSpans = message(() => ({
  ...{ resource: [1, resource], scopeSpans: [2, repeated(scopeSpans)], schemaUrl: [3, text] },
}))

/** The ExportTraceServiceRequest that a body in JSON says. @throws NotTaken */
export function otlpOfJson(body: string): Buffer {
  depth = 0
  const request = readJson(body)
  if (!(request instanceof Map)) return refuse()
  const fields: Message = { resourceSpans: [1, repeated(resourceSpans)] }
  return Buffer.concat([...request].map(([name, value]) => part(fields, name, value)))
}
