import { maxValueDepth, TooDeepError } from '../../storage/otlp-decode.ts'
import { FieldCursor, MalformedError } from '../../storage/protobuf.ts'

/**
 * The parts of a span that are stored as they came (events, links, typed values) must be well-formed all the same:
 * whoever reads them back relies on it. A message is described by the wire type or message of each known field.
 */
interface Message {
  readonly name: string
  readonly fields: readonly (number | Message | undefined)[]
  /** Whether this message is a level of nesting of attribute values. */
  readonly nests?: true
}

const varint = 0
const fixed64 = 1
const bytes = 2
const fixed32 = 5
const none = undefined

const anyValueFields: (number | Message | undefined)[] = [none, bytes, varint, varint, fixed64, none, none, bytes]
const anyValue: Message = { name: 'AnyValue', fields: anyValueFields }
const keyValue: Message = { name: 'KeyValue', fields: [none, bytes, anyValue] }
anyValueFields[5] = { name: 'ArrayValue', fields: [none, anyValue], nests: true }
anyValueFields[6] = { name: 'KeyValueList', fields: [none, keyValue], nests: true }

export const messages = {
  keyValue,
  event: { name: 'Event', fields: [none, fixed64, bytes, keyValue, varint] },
  link: { name: 'Link', fields: [none, bytes, bytes, bytes, keyValue, varint, fixed32] },
  status: { name: 'Status', fields: [none, none, bytes, varint] },
  resource: { name: 'Resource', fields: [none, keyValue, varint] },
  scope: { name: 'InstrumentationScope', fields: [none, bytes, bytes, keyValue, varint] },
} satisfies Record<string, Message>

/**
 * Messages (resources, scopes, spans, attributes, events, items of arrays …) that one request may hold. Two bytes make an empty
 * one, so that without a limit a few KB of gzip would take minutes and gigabytes.
 */
export const maxMessages = 500_000

/** Counts those of the request that is being read. */
export class MessageCount {
  private left = maxMessages

  begin(): void {
    this.left = maxMessages
  }
  /** @throws MalformedError */
  add(more = 1): void {
    this.left -= more
    if (this.left < 0) throw new MalformedError(`more than ${maxMessages} messages in one request: send it in parts`)
  }
}

/** Requests are read one after the other. */
export const messageCount = new MessageCount()

/**
 * @throws MalformedError where a known field has another wire type or the bytes are cut off, TooDeepError where
 * attribute values are nested deeper than `maxValueDepth`.
 */
export function checkMessage(source: Uint8Array, from: number, to: number, message: Message, depth = 0): void {
  messageCount.add()
  if (message.nests && ++depth > maxValueDepth) throw new TooDeepError()
  const f = new FieldCursor(source, from, to)
  while (f.next()) {
    const expected = message.fields[f.field]
    if (expected === undefined) continue
    const wire = typeof expected === 'number' ? expected : bytes
    if (f.wire !== wire) {
      throw new MalformedError(`field ${f.field} of ${message.name} has wire type ${f.wire} instead of ${wire}`)
    }
    if (typeof expected !== 'number') checkMessage(source, f.from, f.to, expected, depth)
  }
}

/** False where attribute values are nested too deep. @throws MalformedError */
export function wellNested(source: Uint8Array, from: number, to: number, message: Message): boolean {
  try {
    checkMessage(source, from, to, message)
    return true
  } catch (error) {
    if (error instanceof TooDeepError) return false
    throw error
  }
}
