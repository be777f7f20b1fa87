import { Flag } from './flags.ts'
import { hash64 } from './hash.ts'
import type { Node } from './node.ts'
import { byContent, byStart } from './order.ts'
import { SpanKind, type SpanInput } from './types.ts'

/**
 * algorithms.md 1.2 step 1, for a trace with span ids that occur more than once: the same span sent again is one, a SERVER span
 * that shares its CLIENT's id (Zipkin) gets an id of its own, and of others the longest stays.
 * @param given in their order. @returns the nodes that stay, in their order, and by id.
 */
export function settleDuplicates(given: readonly Node[]): [Node[], Map<string, Node>] {
  const nodes: Node[] = []
  const places = new Map<Node, number>()
  const byId = new Map<string, Node>()
  /** SERVER halves of shared ids, by the id they shared. */
  const serverHalves = new Map<string, Node>()
  const keep = (node: Node, place = nodes.length) => {
    nodes[place] = node
    places.set(node, place)
  }
  for (const node of given) {
    const { input: span, id } = node
    const sameId = byId.get(id)
    const twin = sameId && span.kind === SpanKind.server ? (serverHalves.get(id) ?? sameId) : sameId
    if (!twin) {
      byId.set(id, node)
      keep(node)
    } else if (isSharedPair(twin.input, span) && !serverHalves.has(id)) {
      const server = span.kind === SpanKind.server ? node : twin
      serverHalves.set(id, server)
      byId.set(id, server === node ? twin : node)
      keep(node)
    } else if (byContent(twin.input, span) !== 0) {
      const kept = node.duration > twin.duration ? node : twin
      kept.flags |= twin.flags | Flag.dupSpanId
      if (kept === twin) continue
      keep(node, places.get(twin))
      if (serverHalves.get(id) === twin) serverHalves.set(id, node)
      else byId.set(id, node)
    }
  }
  if (serverHalves.size > 0) {
    for (const [shared, server] of serverHalves) {
      server.id = hash64([shared, 'server'])
      server.parentId = shared
    }
    for (const node of nodes) {
      const server = serverHalves.get(node.parentId)
      if (server && server !== node) node.parentId = server.id
    }
    for (const server of serverHalves.values()) byId.set(server.id, server)
    nodes.sort(byStart)
  }
  return [nodes, byId]
}

const isSharedPair = (a: SpanInput, b: SpanInput) =>
  a.kind + b.kind === SpanKind.server + SpanKind.client && a.kind !== b.kind
