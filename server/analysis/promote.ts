import type { Node } from './node.ts'
import type { Emitter } from './recognise/emitter.ts'
import type { SpanLeg } from './recognise/family.ts'
import { attribute } from './recognise/pattern.ts'
import { recast } from './recognise/recognise.ts'
import { SpanKind } from './types.ts'

/**
 * Gateways whose spans come from libraries (rules R1, R2, K5, F1 of proxy-spans.md): one span shows what the process is,
 * and its neighbours of the same resource become the gateway's server-side and upstream spans.
 */
export function promote(order: readonly Node[]): void {
  for (const node of order) {
    if (node.emitter.promotesServer) promoteServer(node)
    if (node.emitter.promotesClients) promoteClients(node)
  }
}

/** The outermost SERVER span above in the same process: frameworks nest them. */
function promoteServer(from: Node): void {
  let found: Node | undefined
  for (let node = from.parent; node?.input.resource === from.input.resource; node = node.parent) {
    const { kind } = node.input
    if (kind === SpanKind.server) found = node
    else if (kind !== SpanKind.internal && kind !== SpanKind.unset) break
  }
  if (found?.leg === 'app') play(found, from.emitter, 'down')
}

function promoteClients(from: Node): void {
  const below = [...from.children]
  for (let node = below.pop(); node; node = below.pop()) {
    if (node.leg !== 'app' || node.input.resource !== from.input.resource) continue
    if (node.input.kind === SpanKind.client && !isStore(node)) play(node, from.emitter, 'up')
    else if (node.input.kind === SpanKind.internal) for (const child of node.children) below.push(child)
  }
}

const isStore = ({ input }: Node) => (attribute(input, 'db.system.name') ?? attribute(input, 'db.system')) !== undefined

/** Makes a library's span one of the gateway that `of` belongs to. */
export function play(node: Node, of: Emitter, leg: SpanLeg): void {
  const { family, product, rule, oneCall, endsAtHeaders, inProcess } = of
  const part = { family, product, rule, leg, role: 'gateway', oneCall, endsAtHeaders, inProcess } as const
  node.emitter = recast(node.emitter, `${leg} ${rule}`, part)
  node.leg = leg
  node.role = 'gateway'
}
