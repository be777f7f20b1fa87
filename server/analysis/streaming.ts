import { Flag } from './flags.ts'
import type { Node } from './node.ts'
import { attribute } from './recognise/pattern.ts'
import type { SpanInput } from './types.ts'
import { SpanKind } from './types.ts'

/**
 * STREAMING (D1, D9): marks WebSockets, event streams and gRPC streams with every span of their exchange, from the
 * client's to the server's, since a proxy between them does not always say what it carries.
 */
export function markStreams(order: readonly Node[]): void {
  let found = false
  for (const node of order) {
    if (!node.emitter.streaming && !(node.input.events.length > 1 && carriesMessages(node.input))) continue
    node.flags |= Flag.streaming
    found = true
  }
  if (!found) return
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!
    const outer = outerOf(node)
    if (outer && node.flags & Flag.streaming) outer.flags |= Flag.streaming
  }
  for (const node of order) if ((outerOf(node)?.flags ?? 0) & Flag.streaming) node.flags |= Flag.streaming
}

/** gRPC instrumentations record each message as an event: a call of one message each way has no second of a kind. */
function carriesMessages(span: SpanInput): boolean {
  if ((attribute(span, 'rpc.system') ?? attribute(span, 'rpc.system.name')) === undefined) return false
  const seen = new Map<string, number>()
  for (const { name, attributes } of span.events) {
    if (name !== 'message' && name !== 'rpc.message') continue
    const type = attributes.get('rpc.message.type') ?? attributes.get('message.type') ?? ''
    const count = (seen.get(type) ?? 0) + 1
    if (count > 1) return true
    seen.set(type, count)
  }
  return false
}

/** The span around `node` that is of the same exchange. */
function outerOf(node: Node): Node | null {
  if (node.exit !== null) return node.exit
  const { parent, traversal } = node
  if (parent === null) return null
  if (traversal !== null && parent.traversal === traversal)
    return node.leg === 'up' && traversal.ups.length === 1 ? traversal.head : null
  const answers = traversal !== null || node.input.kind === SpanKind.server
  return answers && parent.leg === 'app' && parent.input.kind === SpanKind.client ? parent : null
}
