import { fieldsOf, Malformed } from './otlp-reader.ts'
import { bytesOf, lengthDelimited, messageNode, tagOf, varint, type MessageType, type Node } from './proto-tree.ts'
import type { Random } from './random.ts'

/**
 * Mutations of protobuf that know its structure: most leave something that is still a message, in a way nobody sends.
 * Nodes are never changed; the changed message shares what stayed the same.
 */
export function mutatedTree(nodes: readonly Node[], type: MessageType, donors: Donors, random: Random): Node[] {
  const at = byWeight(nodes, random)
  const node = nodes[at]
  if (node?.type && node.children && !random.oneIn(7)) {
    const changed = mutatedTree(node.children, node.type, donors, random)
    const lie = random.oneIn(60) ? random.pick([-1, 1, 2, 127, 2 ** 31, 2 ** 40]) : 0
    const overlong = random.oneIn(40) ? random.pick([1, 4, 9, 10]) : 0
    const whole = messageNode(node.number, node.type, changed)
    const lied = lie || overlong ? lengthDelimited(node.number, bytesOf(changed), lie, overlong) : whole.raw
    return replaced(nodes, at, [{ ...whole, raw: lied }])
  }
  return changedList(nodes, at, type, donors, random)
}

/** Fields of real requests, by the message that they belong to. */
export type Donors = Map<string, Node[]>

export function collectDonors(nodes: readonly Node[], type: MessageType, into: Donors): void {
  const list = into.get(type.name) ?? []
  into.set(type.name, list)
  for (const node of nodes) {
    if (list.length < 500) list.push(node)
    if (node.type && node.children) collectDonors(node.children, node.type, into)
  }
}

/** Large fields more often: most of the bytes are attributes. */
function byWeight(nodes: readonly Node[], random: Random): number {
  const total = nodes.reduce((sum, { raw }) => sum + raw.length, 0)
  let rest = total === 0 ? 0 : random.int(total)
  for (const [i, { raw }] of nodes.entries()) if ((rest -= raw.length) < 0) return i
  return 0
}

const replaced = (nodes: readonly Node[], at: number, by: readonly Node[], remove = 1): Node[] => [
  ...nodes.slice(0, at),
  ...by,
  ...nodes.slice(at + remove),
]

const rawNode = (number: number, raw: Buffer): Node => ({ number, raw })

function changedList(nodes: readonly Node[], at: number, type: MessageType, donors: Donors, random: Random): Node[] {
  const node = nodes[at]
  const to = random.int(nodes.length + 1)
  if (!node) return [unknownField(random)]
  switch (random.int(14)) {
    case 0:
      return replaced(nodes, at, [])
    case 1:
      return replaced(nodes, to, [node], 0)
    case 2: {
      const without = replaced(nodes, at, [])
      return replaced(without, Math.min(to, without.length), [node], 0)
    }
    case 3: {
      const donor = random.pick(donors.get(type.name) ?? [node])
      return random.oneIn(2) ? replaced(nodes, at, [donor]) : replaced(nodes, to, [donor], 0)
    }
    case 4: {
      // A field of another message, or one of another number.
      const donor = random.pick(donors.get(random.pick([...donors.keys()])) ?? [node])
      return replaced(nodes, to, [donor], 0)
    }
    case 5:
      return replaced(nodes, at, [renumbered(node, random)])
    case 6:
      return replaced(nodes, to, [unknownField(random)], 0)
    case 7:
      return replaced(nodes, to, random.oneIn(3) ? [rawNode(0, brokenField(random))] : [unknownField(random)], 0)
    case 8:
      return type.name === 'AnyValue' ? [nested(nodes, type, random)] : replaced(nodes, at, [overlong(node, random)])
    case 9:
      // One that was seen before with a part that nobody expects.
      return replaced(nodes, to, [random.pick(nodes), random.pick(nodes)], 0)
    default:
      return replaced(nodes, at, [otherContent(node, random)])
  }
}

const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 31, 2047, 2 ** 28, 2 ** 29 - 1]
const wires = [0, 1, 2, 3, 4, 5, 6, 7]

function renumbered(node: Node, random: Random): Node {
  const [field] = fieldsOrNone(node.raw)
  if (!field) return node
  const number = random.oneIn(2) ? random.pick(numbers) : node.number
  const wire = random.oneIn(2) ? random.pick(wires) : field.wire
  const tagSize = tagOf(field.number, field.wire).length
  return rawNode(number, Buffer.concat([tagOf(number, wire), node.raw.subarray(tagSize)]))
}

function fieldsOrNone(raw: Buffer) {
  try {
    return fieldsOf(raw)
  } catch (error) {
    if (error instanceof Malformed) return []
    throw error
  }
}

function unknownField(random: Random): Node {
  const number = random.pick([17, 18, 99, 1000, 2 ** 29 - 1, 6, 8])
  const content = random.pick([
    () => Buffer.concat([tagOf(number, 0), varint(border(random))]),
    () => Buffer.concat([tagOf(number, 1), random.bytes(8)]),
    () => Buffer.concat([tagOf(number, 5), random.bytes(4)]),
    () => lengthDelimited(number, random.bytes(random.int(20))),
  ])
  return rawNode(number, content())
}

const brokenField = (random: Random): Buffer =>
  random.pick([
    () => Buffer.from([0x0b, 0x0c]),
    () => Buffer.from([0x00, 0x01]),
    () => Buffer.concat([tagOf(3, 0), Buffer.alloc(random.pick([9, 10, 11]), 0xff), Buffer.from([0x01])]),
    () => Buffer.concat([tagOf(2 ** 29, 0), Buffer.from([1])]),
    () => lengthDelimited(9, random.bytes(3), random.pick([1, 100, 2 ** 33])),
    () => tagOf(1, random.pick([0, 1, 2, 5])),
  ])()

/** The same field with a tag, length or value in more bytes than it takes. */
function overlong(node: Node, random: Random): Node {
  const [field] = fieldsOrNone(node.raw)
  if (!field) return node
  const more = random.pick([1, 2, 3, 4, 8, 9, 10])
  const tag = tagOf(field.number, field.wire, random.oneIn(2) ? random.pick([1, 2, 4, 8]) : 0)
  if (field.wire === 0) return rawNode(node.number, Buffer.concat([tag, varint(field.value, more)]))
  if (field.wire !== 2) return rawNode(node.number, Buffer.concat([tag, node.raw.subarray(1)]))
  const length = varint(BigInt(field.content.length), more)
  return { ...node, raw: Buffer.concat([tag, length, field.content]) }
}

/** An AnyValue in so many arrays and kvlists. */
function nested(nodes: readonly Node[], type: MessageType, random: Random): Node {
  const arrayType = type.messages[5]!
  const listType = type.messages[6]!
  const keyValue = listType.messages[1]!
  let value = [...nodes]
  let outer: Node | undefined
  for (let depth = random.pick([1, 2, 31, 32, 33, 34, 100, 300]); depth > 0; depth--) {
    if (random.oneIn(3)) {
      const pair = messageNode(1, keyValue, [
        rawNode(1, lengthDelimited(1, Buffer.from('k'))),
        messageNode(2, type, value),
      ])
      outer = messageNode(6, listType, [pair])
    } else outer = messageNode(5, arrayType, [messageNode(1, type, value)])
    value = [outer]
  }
  return outer!
}

const border = (random: Random): bigint =>
  random.pick([
    ...[0n, 1n, 2n, 3n, 5n, 6n, 127n, 128n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
    ...[2n ** 32n + 2n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, BigInt(random.int(2 ** 31))],
  ])

const lengths = [0, 1, 2, 7, 8, 9, 15, 16, 17, 126, 127, 128, 129, 255, 256, 296, 299, 300, 301, 400, 401, 16383, 16384]
const texts = ['', 'a', 'service.name', 'ü€😀', '__proto__', 'constructor', 'http.request.method', '1', '\0', 'NaN']
const brokenTexts = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80, 0x62], [0xc0, 0x80]]

/** The same field with another value of its type. */
function otherContent(node: Node, random: Random): Node {
  const [field] = fieldsOrNone(node.raw)
  if (!field) return node
  const { number, wire } = field
  if (wire === 0) return rawNode(number, Buffer.concat([tagOf(number, 0), varint(border(random))]))
  if (wire === 1) {
    const eight = Buffer.alloc(8)
    eight.writeBigUInt64LE(border(random))
    return rawNode(number, Buffer.concat([tagOf(number, 1), eight]))
  }
  if (wire === 5) return rawNode(number, Buffer.concat([tagOf(number, 5), random.bytes(4)]))
  const content = random.pick([
    () => Buffer.alloc(random.pick([0, 8, 16])),
    () => random.bytes(random.pick([8, 16])),
    () => Buffer.alloc(random.oneIn(20) ? random.pick(lengths) : random.int(320), 97 + random.int(26)),
    () => Buffer.from(random.pick(texts)),
    () => Buffer.from(random.pick(brokenTexts)),
    () => field.content.subarray(0, random.int(field.content.length + 1)),
    () => Buffer.concat([field.content, random.bytes(1 + random.int(2))]),
    () => Buffer.concat([field.content, field.content]),
  ])()
  return rawNode(number, lengthDelimited(number, content))
}

/** Mutations of any bytes. */
export function mutatedBytes(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes)
  const at = random.int(bytes.length + 1)
  switch (random.int(6)) {
    case 0:
      if (at < changed.length) changed[at]! ^= 1 << random.int(8)
      return changed
    case 1:
      if (at < changed.length) changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.int(256)])
      return changed
    case 2:
      return changed.subarray(0, at)
    case 3:
      return Buffer.concat([changed.subarray(0, at), random.bytes(1 + random.int(4)), changed.subarray(at)])
    case 4:
      return Buffer.concat([
        changed.subarray(0, at),
        changed.subarray(Math.min(changed.length, at + 1 + random.int(8))),
      ])
    default: {
      const from = random.int(bytes.length + 1)
      return Buffer.concat([changed.subarray(0, at), bytes.subarray(from, from + random.int(64)), changed.subarray(at)])
    }
  }
}
