import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { sameClock, sameMachine } from './clock/domain.ts'
import { attribute } from './recognise/emitter.ts'
import { union } from './self.ts'
import { SpanKind, StatusCode, type Role } from './types.ts'

/** proxy-spans.md 2.3: groups proxy spans into traversals and settles the roles that the neighbours decide. */
export function findTraversals(order: readonly Node[]): Traversal[] {
  const traversals: Traversal[] = []
  for (const node of order) {
    if (node.leg === 'app') continue
    const above = node.parent?.traversal ?? null
    if (above !== null && joins(node, above)) {
      node.traversal = above
      above.spans.push(node)
      if (node.leg === 'up') above.ups.push(node)
      else if (node.leg === 'body') above.bodies.push(node)
      else if (node.emitter.family === 'envoy') above.asides.push(node)
      node.role = above.role
      if (node.leg === 'stage') node.role = 'middleware-stage'
      continue
    }
    const { emitter } = node
    const role = emitter.role ?? structuralRole(node)
    node.role = role
    node.traversal = {
      head: node,
      family: emitter.family,
      role,
      ups: [],
      bodies: [],
      asides: [],
      spans: [node],
      outs: [],
      attempts: oneAttempt,
      overhead: null,
    }
    if (node.leg === 'up') node.traversal.ups.push(node)
    traversals.push(node.traversal)
  }
  for (const node of order) {
    const above = node.parent?.traversal
    if (above && node.traversal !== above && isCallee(node, above)) above.outs.push(node)
  }
  for (const traversal of traversals) traversal.attempts = attemptsOf(traversal)
  return traversals
}

/** Inner spans belong to the traversal around them; a stage below an upstream call is another request to the proxy. */
function joins(node: Node, above: Traversal): boolean {
  const { emitter, parent } = node
  if (emitter.family !== above.family || emitter.service !== above.head.emitter.service) return false
  if (node.leg === 'down') return false
  return !(parent!.leg === 'up' && (node.leg === 'stage' || node.leg === 'up'))
}

/**
 * What answers the proxy: another proxy or a server. The outbound sidecar right below an inbound one, or an
 * application's CLIENT span, stands below an application that left no span of its own (proxy-spans.md 2.3, 5).
 */
function isCallee(node: Node, above: Traversal): boolean {
  const { kind } = node.input
  if (node.traversal !== null) return !(above.role === 'sidecar-inbound' && node.role === 'sidecar-outbound')
  return kind !== SpanKind.client && kind !== SpanKind.producer && kind !== SpanKind.consumer
}

/** E12, E13 and inner Envoy spans whose outer span is missing. */
function structuralRole(node: Node): Role {
  const { parent } = node
  if (node.leg !== 'down') return /^router inbound[|_]/.test(node.input.name) ? 'sidecar-inbound' : 'gateway'
  if (node.input.kind === SpanKind.client)
    return parent !== null && parent.leg === 'app' && near(node, parent) ? 'sidecar-outbound' : 'gateway'
  const apps = node.children.filter((child) => child.leg === 'app')
  const lone = node.children.length === 1 ? apps[0] : undefined
  return parent !== null && lone !== undefined && near(node, lone) ? 'sidecar-inbound' : 'gateway'
}

const near = (a: Node, b: Node) =>
  sameMachine(a, b) && (a.emitter.pod === '' || b.emitter.pod === '' || a.emitter.pod === b.emitter.pod)

/** A call that did not bring the answer: HTTP 0 or 5xx, an error status, or cancelled. */
export function failed(node: Node): boolean {
  const { input, status } = node
  if (status !== 0) return status >= 500
  return (
    input.status === StatusCode.error ||
    attribute(input, 'error') === 'true' ||
    attribute(input, 'http.status_code') === '0'
  )
}

/**
 * D6. Envoy sends one call upstream, so several upstream spans, or several children of its only span, are attempts of
 * it. KrakenD's calls are different calls: none is an attempt of another.
 */
function attemptsOf(traversal: Traversal): Attempts {
  if (traversal.family !== 'envoy') return oneAttempt
  const tries = traversal.ups.length > 0 ? traversal.ups : traversal.outs
  return tries.length < 2 ? oneAttempt : judgeAttempts(tries)
}

/** Marks the attempts that were wasted: failed, or overtaken by the one that brought the answer. */
export function judgeAttempts(tries: readonly Node[]): Attempts {
  const useful = tries.findLast((attempt) => !failed(attempt)) ?? tries[tries.length - 1]!
  for (const attempt of tries)
    attempt.wasted =
      attempt !== useful && (failed(attempt) || (attempt.start < useful.end && useful.start < attempt.end))
  const from = (node: Node) => node.start
  const to = (node: Node) => node.end
  const wasted = tries.filter((attempt) => attempt.wasted)
  const wastedNs = union([useful, ...wasted], from, to) - useful.duration
  return { count: tries.length, backoffNs: backoff(tries), wastedNs }
}

/** Gaps between attempts; 0 where they do not share a clock, which tells nothing of gaps. */
function backoff(tries: readonly Node[]): number {
  const sorted = [...tries].sort((a, b) => a.start - b.start)
  let gaps = 0
  let end = sorted[0]!.end
  for (const attempt of sorted) {
    if (attempt !== sorted[0] && !sameClock(attempt, sorted[0]!)) return 0
    gaps += Math.max(0, attempt.start - end)
    end = Math.max(end, attempt.end)
  }
  return gaps
}

/** Its server-side span is missing, or the proxy is told not to make one (KrakenD's global layer off). */
export const isHeadless = (traversal: Traversal): boolean => traversal.head.leg !== 'down'
