import { fieldsOf, Malformed } from './otlp-reader.ts'
import { bytesOf, messageNode, treeOf, type MessageType, type Node } from './proto-tree.ts'

/** How long making a failure small may take. */
const forMs = 30_000

/**
 * The fewest and shortest bodies found that still show a fault: drops bodies, then fields, then ranges of bytes of each.
 * @param faultOf '' when there is none @param type of the bodies where they are protobuf
 */
export function smallest(
  bodies: readonly Buffer[],
  faultOf: (bodies: readonly Buffer[]) => string,
  type?: MessageType,
): Buffer[] {
  const end = performance.now() + forMs
  const fails = (candidate: readonly Buffer[]) => performance.now() < end && faultOf(candidate) !== ''
  let small = [...bodies]
  const last = small.slice(-1)
  if (fails(last)) small = last
  for (
    let size = Math.ceil(small.length / 2);
    size >= 1 && small.length > 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  )
    for (let at = 0; at < small.length;) {
      const without = [...small.slice(0, at), ...small.slice(at + size)]
      if (without.length > 0 && fails(without)) small = without
      else at += size
    }
  for (let i = 0; i < small.length; i++) {
    const failsWith = (body: Buffer) => fails(small.with(i, body))
    if (type && isMessage(small[i]!))
      small[i] = bytesOf(fewest(treeOf(small[i]!, type), (nodes) => failsWith(bytesOf(nodes))))
    small[i] = shortest(small[i]!, failsWith)
  }
  return small
}

function isMessage(body: Buffer): boolean {
  try {
    fieldsOf(body)
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

/** Without all fields that the failure does not need. */
function fewest(nodes: readonly Node[], fails: (nodes: readonly Node[]) => boolean): Node[] {
  let small = [...nodes]
  for (let i = small.length - 1; i >= 0; i--) {
    const without = small.toSpliced(i, 1)
    if (fails(without)) {
      small = without
      continue
    }
    const { number, type, children } = small[i]!
    if (!type || !children) continue
    const withChildren = (fewer: readonly Node[]) => small.with(i, messageNode(number, type, fewer))
    if (fails(withChildren(children))) small = withChildren(fewest(children, (fewer) => fails(withChildren(fewer))))
  }
  return small
}

function shortest(body: Buffer, fails: (body: Buffer) => boolean): Buffer {
  for (let size = body.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at < body.length;) {
      const without = Buffer.concat([body.subarray(0, at), body.subarray(at + size)])
      if (fails(without)) body = without
      else at += size
    }
  return body
}
