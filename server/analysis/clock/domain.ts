import type { Node } from '../node.ts'
import type { Emitter, EmitterClock } from '../recognise/emitter.ts'
import { SpanKind, type Side } from '../types.ts'

/**
 * Clock domains (algorithms.md 1.1): a machine, and the start grid of the emitter where it has one, since starts cut to whole
 * milliseconds do not compare with others. Equal strings are one clock; '' is unknown, and unknown is never the same.
 */
export const sameClock = (a: Node, b: Node): boolean => a.domain !== '' && a.domain === b.domain

/** On one machine, whatever the grids of their starts. */
export const sameMachine = (a: Node, b: Node): boolean => a.side.machine !== '' && a.side.machine === b.side.machine

const gridMark = '\u0000grid'

/** Where spans are before their clock is known. */
export const nowhere: Side = { machine: '', zone: '' }

const spanMark = 'span '

/** A machine, pod or process that later traces meet again, and not a browser, each of which is a clock of its own. */
export const isLasting = ({ domain, emitter }: Node): boolean =>
  domain !== '' && !domain.startsWith(spanMark) && emitter.language !== 'webjs'

/** Pod -> machine, as far as this trace tells. */
export type Pods = ReadonlyMap<string, string> | undefined

/** Writes down whose clock a span goes by. @param learned of `learnPods`. The parent's clock is known already. */
export function setClock(node: Node, learned: Pods): void {
  const { emitter, parent, input } = node
  const local =
    parent !== null &&
    input.kind !== SpanKind.server &&
    input.kind !== SpanKind.consumer &&
    (parent.input.resource === input.resource || sameProxy(node, parent))
  if (local && parent.domain !== '') {
    node.domain = parent.domain
    node.side =
      parent.emitter.zone === emitter.zone ? parent.side : { machine: parent.side.machine, zone: emitter.zone }
    return
  }
  const taught =
    emitter.machine === '' && learned ? (learned.get(emitter.pod) ?? learned.get(emitter.podIp)) : undefined
  const clock =
    taught === undefined ? (emitter.memo.clock ??= clockOf(emitter, machineOf(emitter))) : clockOf(emitter, taught)
  if (clock.side.machine !== '') {
    node.domain = clock.domain
    node.side = clock.side
  } else {
    node.domain = spanMark + (local ? parent.id : node.id)
    node.side = { machine: node.domain, zone: emitter.zone }
  }
}

/** '' where neither a machine nor a process is named. */
function machineOf({ machine, pod, podIp, instance, service }: Emitter): string {
  if (machine !== '') return machine
  const place = pod || podIp
  return place ? `pod ${place}` : instance !== service ? `process ${instance}` : ''
}

const clockOf = ({ grid, zone }: Emitter, machine: string): EmitterClock => ({
  domain: grid > 0 ? machine + gridMark : machine,
  side: { machine, zone },
})

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
