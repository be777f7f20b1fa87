import type { CalleeLookup } from './learned/callees.ts'
import { Flag } from './flags.ts'
import { pairKeys } from './learned/pair-keys.ts'
import { isError } from './outcome.ts'
import { identityOf } from './identity.ts'
import type { Node, Traversal } from './node.ts'
import { targetKeys } from './recognise/emitter.ts'
import { SpanKind, type Attributes, type EdgeUse } from './types.ts'

/**
 * Where requests leave a proxy or an application (section 6): whether spans below answer for them, and what it means where
 * none does. Marks the spans that nobody answers for, as far as other traces tell.
 */
export function judgeEdges(
  order: readonly Node[],
  traversals: readonly Traversal[],
  orphans: boolean,
  lookup: CalleeLookup | undefined,
  atMs: number,
): EdgeUse[] {
  const uses: EdgeUse[] = []
  const use = (edge: string, exit: Node, callee: Node | undefined) => {
    if (isError(exit)) return
    uses.push({ edge, answered: callee !== undefined, deep: callee !== undefined && hasProcessBelow(callee), orphans })
    if (callee !== undefined) return
    exit.unanswered = judge(lookup?.(edge, atMs), orphans)
    exit.flags |= exit.unanswered & (Flag.missingCallee | Flag.sampledOut)
  }
  for (const traversal of traversals) {
    const { ups, outs, head } = traversal
    if (answersItself(head)) continue
    const one = head.emitter.oneCall || ups.length === 0
    const { proxyId } = identityOf(traversal)
    for (const exit of one ? [ups.at(-1) ?? head] : ups) {
      const callee = one ? outs.at(-1) : (exit.answer ?? undefined)
      use(edgeTo(exit, proxyId), exit, callee)
    }
  }
  for (const node of order) {
    if (node.leg !== 'app' || node.input.kind !== SpanKind.client || node.flags & Flag.streaming) continue
    const edge = edgeTo(node, '')
    if (edge !== '') use(edge, node, calleeOf(node))
  }
  return uses
}

/** What a span's request goes over, as text: mostly over that of its emitter's span before. '' where an application does not say. */
function edgeTo(node: Node, proxyId: string): string {
  const { emitter } = node
  const target = targetOf(node)
  const { memo } = emitter
  if (memo.edge?.target === target && memo.edge.proxyId === proxyId) return memo.edge.edge
  const { namespace, service } = emitter
  const edge = proxyId !== '' ? proxyEdge(proxyId, target) : target && appEdge(appName(namespace, service), target)
  memo.edge = { proxyId, target, edge }
  return edge
}

const proxyEdge = pairKeys(' ')
const appName = pairKeys(' ')
const appEdge = pairKeys(' ')

/** Nothing below is to be expected: a local reply, the end of what is traced by nature, a message to a broker. */
const answersItself = ({ emitter, input, flags }: Node): boolean =>
  emitter.terminal ||
  emitter.localReply ||
  emitter.cutOff ||
  (flags & Flag.streaming) !== 0 ||
  input.kind === SpanKind.producer

/** D9 flag of a span that nobody answers for; 0 where other traces do not tell. SINGLE_SPAN_PROXY: the callee has no spans. */
function judge(known: ReturnType<CalleeLookup>, orphans: boolean): number {
  if (known === undefined) return 0
  if (known === 'external') return orphans ? 0 : Flag.singleSpanProxy
  return known === 'sampled' && !orphans ? Flag.sampledOut : Flag.missingCallee
}

/** What answers an application's CLIENT span: a proxy, a server, or something of another process. */
export function calleeOf({ children, input }: Node): Node | undefined {
  for (const child of children)
    if (child.traversal !== null || child.input.kind === SpanKind.server || child.input.resource !== input.resource)
      return child
  return undefined
}

/** Losing the spans of one process below would leave those of another without a parent. */
function hasProcessBelow({ children, emitter }: Node): boolean {
  for (const child of children) if (child.emitter.service !== emitter.service) return true
  return false
}

/** Where a span's request goes, in words of low cardinality; '' when it does not say. */
function targetOf({ emitter: { memo, ownWords }, input }: Node): string {
  return (memo.target ??= firstOf(input.attributeSet)) || (ownWords ? firstOf(input.attributes) : '')
}

function firstOf(attributes: Attributes): string {
  for (const key of targetKeys) {
    const value = attributes.get(key)
    if (value) return key.endsWith('address') ? `${value}:${attributes.get('server.port') ?? ''}` : value
  }
  return ''
}
