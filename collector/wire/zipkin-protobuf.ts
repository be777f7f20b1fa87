import { FieldCursor, WireType } from '../../storage/protobuf.ts'
import type { ZipkinEndpoint, ZipkinSpan } from '../../storage/zipkin.ts'
import { messageCount } from './check.ts'

/** @param body zipkin.proto3.ListOfSpans. @throws MalformedError */
export function zipkinOfProtobuf(body: Uint8Array): ZipkinSpan[] {
  const spans: ZipkinSpan[] = []
  messageCount.begin()
  const list = new FieldCursor(body)
  while (list.next()) {
    if (list.field !== 1) continue
    list.expect(WireType.bytes)
    messageCount.add()
    spans.push(spanOfProtobuf(body, list.from, list.to))
  }
  return spans
}

const protobufKinds = ['', 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']

/** The wire type of each known field, by number. */
type Wires = readonly (number | undefined)[]
const { varint, fixed64, bytes: lengthDelimited } = WireType
const [v, f, b, none] = [varint, fixed64, lengthDelimited, undefined] as const
const spanWires: Wires = [none, b, b, b, v, b, f, v, b, b, b, b, v, v]
const annotationWires: Wires = [none, f, b]
const tagWires: Wires = [none, b, b]
const endpointWires: Wires = [none, b, b, b, v]

interface FieldValue {
  readonly number: bigint
  readonly from: number
  readonly to: number
}
type Fields = Map<number, FieldValue[]>

/** The known fields of one message, by number. @throws MalformedError where one has another wire type. */
function fieldsOf(body: Uint8Array, from: number, to: number, wires: Wires): Fields {
  messageCount.add()
  const fields: Fields = new Map()
  const cursor = new FieldCursor(body, from, to)
  while (cursor.next()) {
    messageCount.add()
    const { field } = cursor
    const wire = wires[field]
    if (wire === undefined) continue
    cursor.expect(wire)
    const number = wire === varint ? BigInt.asUintN(64, cursor.int64()) : wire === fixed64 ? cursor.fixed64() : 0n
    const value = { number, from: cursor.from, to: cursor.to }
    const known = fields.get(field)
    if (known) known.push(value)
    else fields.set(field, [value])
  }
  return fields
}

function spanOfProtobuf(body: Uint8Array, from: number, to: number): ZipkinSpan {
  const fields = fieldsOf(body, from, to, spanWires)
  const last = (field: number) => fields.get(field)?.at(-1)
  const bytes = (field: number) => {
    const value = last(field)
    return value && Buffer.from(body.subarray(value.from, value.to))
  }
  const hex = (field: number) => bytes(field)?.toString('hex')
  // A message that comes several times is merged: the fields of the last count.
  const endpoint = (field: number) => {
    const values = fields.get(field)
    return values && endpointOfProtobuf(body, values)
  }
  const each = (field: number, wires: Wires) =>
    (fields.get(field) ?? []).map((value) => fieldsOf(body, value.from, value.to, wires))
  const textIn = (part: Fields, field: number) => {
    const value = part.get(field)?.at(-1)
    return value ? Buffer.from(body.subarray(value.from, value.to)).toString() : ''
  }
  return {
    traceId: hex(1) ?? '',
    parentId: hex(2),
    id: hex(3) ?? '',
    kind: protobufKinds[Number(last(4)?.number ?? 0n)],
    name: bytes(5)?.toString(),
    timestamp: last(6)?.number ?? 0n,
    duration: last(7)?.number ?? 0n,
    localEndpoint: endpoint(8),
    remoteEndpoint: endpoint(9),
    annotations: each(10, annotationWires).map((part) => ({
      timestamp: part.get(1)?.at(-1)?.number ?? 0n,
      value: textIn(part, 2),
    })),
    tags: each(11, tagWires).map((part) => [textIn(part, 1), textIn(part, 2)] as const),
    debug: (last(12)?.number ?? 0n) !== 0n,
    shared: (last(13)?.number ?? 0n) !== 0n,
  }
}

function endpointOfProtobuf(body: Uint8Array, parts: readonly FieldValue[]): ZipkinEndpoint {
  const fields: Fields = new Map(parts.flatMap(({ from, to }) => [...fieldsOf(body, from, to, endpointWires)]))
  const bytes = (field: number) => {
    const value = fields.get(field)?.at(-1)
    return value && Buffer.from(body.subarray(value.from, value.to))
  }
  const [ipv4, ipv6] = [bytes(2), bytes(3)]
  const port = fields.get(4)?.at(-1)
  return {
    serviceName: bytes(1)?.toString(),
    ipv4: ipv4?.length === 4 ? ipv4.join('.') : undefined,
    ipv6: ipv6?.length === 16 ? groupsOf(ipv6) : undefined,
    // An int32.
    port: port && Number(BigInt.asIntN(32, port.number)),
  }
}

const groupsOf = (address: Buffer): string =>
  Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16)).join(':')
