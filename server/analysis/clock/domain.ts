import type { Node } from '../node.ts'
import type { Emitter } from '../recognise/emitter.ts'
import { SpanKind, type Side } from '../types.ts'

/** What a span's start is read from. */
export interface Clock {
  /** Equal strings are one clock; '' never is. */
  readonly domain: string
  /** The machine, and the zone. */
  readonly side: Side
  /** Of a machine, a pod or a process that later traces meet again. */
  readonly lasting: boolean
}

/**
 * Clock domains (algorithms.md 1.1): a machine, and the start grid of the emitter where it has one, since starts cut to whole
 * milliseconds do not compare with others. Equal strings are one clock; '' is unknown, and unknown is never the same.
 */
export const sameClock = ({ clock: a }: Node, { clock: b }: Node): boolean => a.domain !== '' && a.domain === b.domain

/** On one machine, whatever the grids of their starts. */
export const sameMachine = ({ clock: { side: a } }: Node, { clock: { side: b } }: Node): boolean =>
  a.machine !== '' && a.machine === b.machine

const gridMark = '\u0000grid'

/** That of a span before its own is known. */
export const noClock: Clock = { domain: '', side: { machine: '', zone: '' }, lasting: false }

/** Later traces meet its clock again: not of a browser, each of which is a clock of its own. */
export const isLasting = ({ clock, emitter }: Node): boolean => clock.lasting && emitter.language !== 'webjs'

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
  if (local) {
    node.clock = parent.emitter.zone === emitter.zone ? parent.clock : inZone(parent.clock, emitter.zone)
    return
  }
  const taught =
    emitter.machine === '' && learned ? (learned.get(emitter.pod) ?? learned.get(emitter.podIp)) : undefined
  const clock =
    taught === undefined ? (emitter.memo.clock ??= clockOf(emitter, machineOf(emitter))) : clockOf(emitter, taught)
  node.clock = clock === noClock ? clockOfSpan(node.id, emitter.zone) : clock
}

const inZone = ({ domain, side, lasting }: Clock, zone: string): Clock => ({
  domain,
  side: { machine: side.machine, zone },
  lasting,
})

function clockOfSpan(id: string, zone: string): Clock {
  const domain = `span ${id}`
  return { domain, side: { machine: domain, zone }, lasting: false }
}

/** '' where neither a machine nor a process is named. */
function machineOf({ machine, pod, podIp, instance, service }: Emitter): string {
  if (machine !== '') return machine
  const place = pod || podIp
  return place ? `pod ${place}` : instance !== service ? `process ${instance}` : ''
}

const clockOf = ({ grid, zone }: Emitter, machine: string): Clock =>
  machine === '' ? noClock : { domain: grid > 0 ? machine + gridMark : machine, side: { machine, zone }, lasting: true }

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
