import { fieldsOf, Malformed } from './otlp-reader.ts'

/** Which fields of a message are messages themselves, by number. */
export interface MessageType {
  readonly name: string
  readonly messages: Record<number, MessageType>
}

const anyValue: MessageType = { name: 'AnyValue', messages: {} }
const keyValue: MessageType = { name: 'KeyValue', messages: { 2: anyValue } }
anyValue.messages[5] = { name: 'ArrayValue', messages: { 1: anyValue } }
anyValue.messages[6] = { name: 'KeyValueList', messages: { 1: keyValue } }
const span: MessageType = {
  name: 'Span',
  messages: {
    9: keyValue,
    11: { name: 'Event', messages: { 3: keyValue } },
    13: { name: 'Link', messages: { 4: keyValue } },
    15: { name: 'Status', messages: {} },
  },
}
const scopeSpans: MessageType = {
  name: 'ScopeSpans',
  messages: { 1: { name: 'InstrumentationScope', messages: { 3: keyValue } }, 2: span },
}
const resourceSpans: MessageType = {
  name: 'ResourceSpans',
  messages: { 1: { name: 'Resource', messages: { 1: keyValue } }, 2: scopeSpans },
}
export const exportRequest: MessageType = { name: 'ExportTraceServiceRequest', messages: { 1: resourceSpans } }

const endpoint: MessageType = { name: 'Endpoint', messages: {} }
export const zipkinList: MessageType = {
  name: 'ListOfSpans',
  messages: {
    1: {
      name: 'ZipkinSpan',
      messages: {
        8: endpoint,
        9: endpoint,
        10: { name: 'Annotation', messages: {} },
        11: { name: 'Tag', messages: {} },
      },
    },
  },
}

/** A field of a message, in bytes; with its own fields where it is a message. */
export interface Node {
  readonly number: number
  readonly raw: Buffer
  readonly type?: MessageType | undefined
  readonly children?: readonly Node[] | undefined
}

/** A message as a tree. What is no message, though it should be one, stays bytes. @throws Malformed */
export function treeOf(message: Buffer, type: MessageType): Node[] {
  return fieldsOf(message).map(({ number, wire, content, raw }) => {
    const inner = wire === 2 ? type.messages[number] : undefined
    if (!inner) return { number, raw }
    try {
      return { number, raw, type: inner, children: treeOf(content, inner) }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return { number, raw }
    }
  })
}

export const bytesOf = (nodes: readonly Node[]): Buffer => Buffer.concat(nodes.map(({ raw }) => raw))

export function varint(value: bigint, overlong = 0): Buffer {
  const bytes: number[] = []
  for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80)
  bytes.push(Number(value))
  for (let i = 0; i < overlong; i++) {
    bytes[bytes.length - 1]! |= 0x80
    bytes.push(0)
  }
  return Buffer.from(bytes)
}

export const tagOf = (number: number, wire: number, overlong = 0): Buffer =>
  varint((BigInt(number) << 3n) | BigInt(wire), overlong)

/** @param lie bytes that the length says too many. */
export function lengthDelimited(number: number, content: Buffer, lie = 0, overlong = 0): Buffer {
  const size = BigInt(Math.max(0, content.length + lie))
  return Buffer.concat([tagOf(number, 2), varint(size, overlong), content])
}

export const messageNode = (number: number, type: MessageType, children: readonly Node[]): Node => ({
  number,
  type,
  children,
  raw: lengthDelimited(number, bytesOf(children)),
})
