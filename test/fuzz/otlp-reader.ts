/**
 * Protobuf and the messages of OTLP as their specifications read, without any thought of speed: what the collector's
 * scanner is held against. Shares nothing with it.
 */
export class Malformed extends Error {}

/** One field of a message: where it is, and what it holds when it is asked. */
export class Field {
  readonly number: number
  readonly wire: number
  private readonly message: Buffer
  private readonly begin: number
  private readonly from: number
  private readonly to: number

  constructor(message: Buffer, tag: number, begin: number, from: number, to: number) {
    this.message = message
    this.number = Math.floor(tag / 8)
    this.wire = tag % 8
    this.begin = begin
    this.from = from
    this.to = to
  }
  /** Of a varint (64 bits; further bits are lost, as in all implementations), fixed64 or fixed32. */
  get value(): bigint {
    const { message, wire, from, to } = this
    if (wire === 0) return varintAt(message, from, to)
    return wire === 1 ? message.readBigUInt64LE(from) : wire === 5 ? BigInt(message.readUInt32LE(from)) : 0n
  }
  /** Of a length-delimited field. */
  get content(): Buffer {
    return this.wire === 2 ? this.message.subarray(this.from, this.to) : noBytes
  }
  get text(): string {
    return this.wire === 2 ? this.message.toString('utf8', this.from, this.to) : ''
  }
  /** Tag and all. */
  get raw(): Buffer {
    return this.message.subarray(this.begin, this.to)
  }
}

const noBytes: Buffer = Buffer.alloc(0)

/** The fields of one message, in order. @param fields gets those before it throws, too. @throws Malformed */
export function fieldsOf(message: Buffer, fields: Field[] = []): Field[] {
  for (let at = 0; at < message.length;) {
    const begin = at
    let from = varintEnd(message, at)
    const tag = numberAt(message, at, from)
    if (tag < 8 || tag >= 2 ** 32) throw new Malformed('no field number')
    const wire = tag % 8
    if (wire === 0) at = varintEnd(message, from)
    else if (wire === 1) at = from + 8
    else if (wire === 5) at = from + 4
    else if (wire === 2) {
      const sizeEnd = varintEnd(message, from)
      at = sizeEnd + numberAt(message, from, sizeEnd)
      from = sizeEnd
    } else throw new Malformed('groups are not used')
    if (at > message.length) throw new Malformed('cut off')
    fields.push(new Field(message, tag, begin, from, at))
  }
  return fields
}

function varintEnd(message: Buffer, at: number): number {
  for (let i = at; i < at + 10; i++) {
    if (i >= message.length) throw new Malformed('cut off')
    if (message[i]! < 0x80) return i + 1
  }
  throw new Malformed('varint of more than ten bytes')
}

/** As a number: exact where it matters, below 2^53. */
const numberAt = (message: Buffer, at: number, end: number): number =>
  end === at + 1 ? message[at]! : Number(varintAt(message, at, end))

function varintAt(message: Buffer, at: number, end: number): bigint {
  let value = 0n
  for (let i = end - 1; i >= at; i--) value = (value << 7n) | BigInt(message[i]! & 0x7f)
  return BigInt.asUintN(64, value)
}

export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'string' | 'int' | 'double' | 'bytes'; readonly text: string }
  | { readonly kind: 'bool'; readonly text: 'true' | 'false' }
  | { readonly kind: 'array'; readonly items: readonly Value[] }
  | { readonly kind: 'kvlist'; readonly items: readonly Attribute[] }
export type Attribute = readonly [key: string, value: Value]

/** What is wrong inside a message that is stored as it came. */
export interface Flaws {
  malformed: boolean
  tooDeep: boolean
}
export const noFlaws = (): Flaws => ({ malformed: false, tooDeep: false })

const mostNested = 32

/** Reads messages and notes what is wrong with them; a value that is wrong reads as anything. */
export class Reader {
  readonly flaws: Flaws
  constructor(flaws: Flaws) {
    this.flaws = flaws
  }

  fields(message: Buffer): Field[] {
    const fields: Field[] = []
    try {
      fieldsOf(message, fields)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.flaws.malformed = true
    }
    return fields
  }

  is(field: Field, wire: number): boolean {
    if (field.wire === wire) return true
    this.flaws.malformed = true
    return false
  }

  attribute(message: Buffer, depth = 0): Attribute {
    let key = ''
    const value: Buffer[] = []
    for (const field of this.fields(message)) {
      if (field.number === 1 && this.is(field, 2)) key = field.text
      else if (field.number === 2 && this.is(field, 2)) value.push(field.content)
    }
    // Each must be a message by itself before they are one.
    if (value.length > 1) for (const part of value) this.value(part, depth)
    return [key, this.value(merged(value), depth)]
  }

  value(message: Buffer, depth: number): Value {
    let value: Value = { kind: 'none' }
    for (const field of this.fields(message)) {
      const { number, content } = field
      if (number === 1 && this.is(field, 2)) value = { kind: 'string', text: field.text }
      else if (number === 2 && this.is(field, 0)) value = { kind: 'bool', text: field.value === 0n ? 'false' : 'true' }
      else if (number === 3 && this.is(field, 0)) value = { kind: 'int', text: `${BigInt.asIntN(64, field.value)}` }
      else if (number === 4 && this.is(field, 1)) value = { kind: 'double', text: doubleText(field.raw) }
      else if (number === 7 && this.is(field, 2)) value = { kind: 'bytes', text: content.toString('base64') }
      else if (number === 5 && this.is(field, 2)) {
        const items = this.items(content, depth + 1, (item) => this.value(item, depth + 1))
        value = { kind: 'array', items: value.kind === 'array' ? [...value.items, ...items] : items }
      } else if (number === 6 && this.is(field, 2)) {
        const items = this.items(content, depth + 1, (item) => this.attribute(item, depth + 1))
        value = { kind: 'kvlist', items: value.kind === 'kvlist' ? [...value.items, ...items] : items }
      }
    }
    return value
  }

  private items<Item>(message: Buffer, depth: number, read: (item: Buffer) => Item): Item[] {
    if (depth > mostNested) this.flaws.tooDeep = true
    return this.fields(message)
      .filter((field) => field.number === 1 && this.is(field, 2))
      .map((field) => read(field.content))
  }
}

/** A message that comes several times is one. */
export const merged = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? parts[0]! : Buffer.concat(parts))

const doubleText = (field: Buffer): string => String(field.readDoubleLE(field.length - 8))

/** A value as the attributes of a row show it. */
export function textOf(value: Value): string {
  if (value.kind === 'none') return ''
  return value.kind === 'array' || value.kind === 'kvlist' ? jsonOf(value) : value.text
}

function jsonOf(value: Value): string {
  if (value.kind === 'none') return 'null'
  if (value.kind === 'array') return `[${value.items.map(jsonOf).join(',')}]`
  if (value.kind === 'kvlist')
    return `{${value.items.map(([key, item]) => `${JSON.stringify(key)}:${jsonOf(item)}`).join(',')}}`
  const bare = value.kind === 'bool' || value.kind === 'int' || (value.kind === 'double' && /^-?\d/.test(value.text))
  return bare ? value.text : JSON.stringify(value.text)
}
