import { Flag } from './flags.ts'
import { tolerance, type Node } from './node.ts'
import { SpanKind } from './types.ts'

/** algorithms.md 1.1 (clock domains), 1.2 step 5 (blocking), step 6 (placement): one pass from the tops down. */
export function place(order: readonly Node[]): void {
  const learned = learnPods(order)
  for (const node of order) {
    node.domain = domainOf(node, learned)
    const { parent } = node
    if (parent === null) {
      node.from = node.placed
      node.to = node.placed + node.duration
    } else if (sameClock(node, parent)) {
      node.placed = node.start + (parent.placed - parent.start)
    } else if (parent.children.length === 1) {
      centre(node, parent)
    } else if (parent.children.find((child) => !sameClock(child, parent)) === node) {
      placeForeign(parent, learned)
    }
    if (parent !== null) joinParent(node, parent)
  }
}

/** One clock, so that their times compare. '' is unknown, and unknown is never the same. */
export const sameClock = (a: Node, b: Node): boolean => a.domain !== '' && a.domain === b.domain

/** On one machine, whatever the grids of their starts. */
export const sameMachine = (a: Node, b: Node): boolean =>
  a.domain !== '' && b.domain !== '' && machineOf(a.domain) === machineOf(b.domain)

const gridMark = '\u0000grid'
const machineOf = (domain: string) => (domain.endsWith(gridMark) ? domain.slice(0, -gridMark.length) : domain)

function domainOf(node: Node, learned: ReadonlyMap<string, string> | undefined): string {
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
  if (!machine) return local ? `span ${parent.id}` : `span ${node.id}`
  return emitter.grid > 0 ? machine + gridMark : machine
}

/** An inner span of a proxy names its process less fully than the outer one. */
const sameProxy = ({ emitter, leg }: Node, parent: Node) =>
  leg !== 'app' &&
  leg !== 'down' &&
  emitter.family === parent.emitter.family &&
  emitter.service === parent.emitter.service

/** Spans that name both their pod and their machine teach where the pod runs; Envoy names only its pod. */
function learnPods(order: readonly Node[]): Map<string, string> | undefined {
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

/** A lone child of another clock sits in the middle of its parent; one too long begins with it and is cut. */
function centre(node: Node, parent: Node): void {
  const room = parent.duration - node.duration
  node.placed = room < 0 ? parent.placed : parent.placed + Math.floor(room / 2)
  if (!sameMachine(node, parent)) node.flags |= Flag.skewModeled
}

/**
 * Several children of other clocks. Where their raw times all fit into the parent they are kept, for nothing speaks
 * against them; else each clock's group is moved as one block, so that the order within a clock stays.
 */
function placeForeign(parent: Node, learned: ReadonlyMap<string, string> | undefined): void {
  const foreign: Node[] = []
  for (const child of parent.children) {
    child.domain = domainOf(child, learned)
    if (!sameClock(child, parent)) foreign.push(child)
  }
  const slack = Math.max(tolerance(parent.duration), ...foreign.map((child) => child.emitter.grid))
  const shift = parent.placed - parent.start
  if (foreign.every((child) => child.start >= parent.start - slack && child.end <= parent.end + slack)) {
    for (const child of foreign) {
      child.placed = child.start + shift
      if (!sameMachine(child, parent)) child.flags |= Flag.skewUnknown
    }
    return
  }
  const groups = new Map<string, Node[]>()
  for (const child of foreign) {
    const group = groups.get(child.domain)
    if (group) group.push(child)
    else groups.set(child.domain, [child])
  }
  for (const group of groups.values()) {
    const first = Math.min(...group.map((child) => child.start))
    const last = Math.max(...group.map((child) => child.end))
    const room = parent.duration - (last - first)
    const at = room < 0 ? parent.placed : parent.placed + Math.floor(room / 2)
    for (const child of group) {
      child.placed = at + (child.start - first)
      if (!sameMachine(child, parent)) child.flags |= Flag.skewModeled
    }
  }
}

/** Whether the parent waits for the child, and the part of the child inside it. */
function joinParent(node: Node, parent: Node): void {
  const end = node.placed + node.duration
  const parentEnd = parent.placed + parent.duration
  const slack = Math.max(tolerance(parent.duration), node.emitter.grid, parent.emitter.grid)
  const waits = parent.input.kind === SpanKind.client || parent.emitter.family !== ''
  if (node.input.kind === SpanKind.consumer || node.emitter.followsFrom) {
    node.blocking = false
  } else if (end > parentEnd + slack) {
    if (waits || !sameClock(node, parent)) node.flags |= Flag.childOutlives
    else {
      node.blocking = false
      node.flags |= Flag.detachedAsync
    }
  }
  if (node.blocking) {
    node.from = Math.max(node.placed, parent.from)
    node.to = Math.min(end, parent.to)
  } else {
    node.from = node.placed
    node.to = end
  }
}
