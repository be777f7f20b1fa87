import type { Node } from '../node.ts'
import { SpanKind } from '../types.ts'

/**
 * Clock domains (algorithms.md 1.1): a machine, and the start grid of the emitter where it has one, since starts cut to whole
 * milliseconds do not compare with others. Equal strings are one clock; '' is unknown, and unknown is never the same.
 */
export const sameClock = (a: Node, b: Node): boolean => a.domain !== '' && a.domain === b.domain

/** On one machine, whatever the grids of their starts. */
export const sameMachine = (a: Node, b: Node): boolean =>
  a.domain !== '' && (a.domain === b.domain || (b.domain !== '' && machineOf(a.domain) === machineOf(b.domain)))

const gridMark = '\u0000grid'

/** The machine of a domain: what a clock offset is between. */
export const machineOf = (domain: string): string =>
  domain.endsWith(gridMark) ? domain.slice(0, -gridMark.length) : domain

const spanMark = 'span '

/** A machine, pod or process that later traces meet again, and not a browser, each of which is a clock of its own. */
export const isLasting = ({ domain, emitter }: Node): boolean =>
  domain !== '' && !domain.startsWith(spanMark) && emitter.language !== 'webjs'

/** Pod -> machine, as far as this trace tells. */
export type Pods = ReadonlyMap<string, string> | undefined

/** @param learned of `learnPods`. The parent's domain is known already. */
export function domainOf(node: Node, learned: Pods): string {
  const { emitter, parent, input } = node
  const local =
    parent !== null &&
    input.kind !== SpanKind.server &&
    input.kind !== SpanKind.consumer &&
    (parent.input.resource === input.resource || sameProxy(node, parent))
  if (local && parent.domain !== '') return parent.domain
  const pod = emitter.pod || emitter.podIp
  const machine =
    emitter.machine ||
    (learned && (learned.get(emitter.pod) ?? learned.get(emitter.podIp))) ||
    (pod && `pod ${pod}`) ||
    (emitter.instance !== emitter.service && `process ${emitter.instance}`)
  if (!machine) return spanMark + (local ? parent.id : node.id)
  return emitter.grid > 0 ? machine + gridMark : machine
}

/** An inner span of a proxy names its process less fully than the outer one. */
const sameProxy = ({ emitter, leg }: Node, parent: Node) =>
  leg !== 'app' &&
  leg !== 'down' &&
  emitter.family === parent.emitter.family &&
  emitter.service === parent.emitter.service

/** Spans that name both their pod and their machine teach where the pod runs; Envoy names only its pod. */
export function learnPods(order: readonly Node[]): Pods {
  if (order.every((node) => node.emitter.machine !== '' || (node.emitter.pod === '' && node.emitter.podIp === '')))
    return undefined
  const learned = new Map<string, string>()
  for (const { emitter } of order) {
    if (emitter.machine === '') continue
    if (emitter.pod !== '') learned.set(emitter.pod, emitter.machine)
    if (emitter.podIp !== '') learned.set(emitter.podIp, emitter.machine)
  }
  learned.delete('')
  return learned
}
