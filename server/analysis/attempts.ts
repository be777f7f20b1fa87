import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { sameClock } from './clock/domain.ts'
import { Flag } from './flags.ts'
import { attribute } from './recognise/pattern.ts'
import { union } from './self.ts'
import { StatusCode } from './types.ts'

/** A call that did not bring the answer: HTTP 0 or 5xx, an error status, or cancelled. */
export function failed({ input, status }: Node): boolean {
  if (status !== 0) return status >= 500
  return (
    input.status === StatusCode.error ||
    attribute(input, 'error') === 'true' ||
    attribute(input, 'canceled') === 'true' ||
    attribute(input, 'http.status_code') === '0'
  )
}

const redirected = ({ status }: Node) => status >= 301 && status <= 308 && status !== 304

/**
 * D6 of a traversal. A proxy of one call makes several attempts of it; among the calls of an aggregating gateway those
 * belong together that show it (D4).
 */
export function attemptsOf({ head, ups, outs }: Traversal): Attempts {
  const tries = ups.length > 0 ? ups : outs
  if (tries.length < 2) return oneAttempt
  if (head.emitter.oneCall) return judgeAttempts(tries)
  const calls = callsOf(tries).filter((call) => call.length > 1)
  if (calls.length === 0) return oneAttempt
  const judged = calls.map(judgeAttempts)
  return {
    count: Math.max(...judged.map(({ count }) => count)),
    // What other calls filled was not spent waiting.
    backoffNs: covering([...tries, ...calls.flatMap(gapsOf)]) - covering(tries),
    wastedNs: judged.reduce((sum, { wastedNs }) => sum + wastedNs, 0),
  }
}

/** Attempts of one call together: a resend says so, or goes to where an attempt has failed. */
function callsOf(tries: readonly Node[]): Node[][] {
  const calls: Node[][] = []
  for (const attempt of [...tries].sort((a, b) => a.start - b.start)) {
    const call = calls.find((others) => others.some((other) => isAgain(attempt, other)))
    if (call) call.push(attempt)
    else calls.push([attempt])
  }
  return calls
}

const target = ({ input, emitter }: Node) =>
  `${emitter.service}\n${input.name}\n${attribute(input, 'server.address') ?? ''}`

function isAgain(attempt: Node, before: Node): boolean {
  if (target(attempt) !== target(before)) return false
  const overlaps = attempt.start < before.end && before.start < attempt.end
  return isResend(attempt) || failed(before) || (overlaps && failed(attempt))
}

const isResend = ({ input }: Node) =>
  (attribute(input, 'http.request.resend_count') ?? attribute(input, 'retry.count')) !== undefined

/**
 * Marks the attempts that were wasted: failed, sent elsewhere, or overtaken by the one that brought the answer, which is the
 * last good one that ended before its caller did.
 */
export function judgeAttempts(tries: readonly Node[]): Attempts {
  const useful =
    tries.findLast((attempt) => !failed(attempt) && !isLate(attempt)) ??
    tries.findLast((attempt) => !failed(attempt)) ??
    tries[tries.length - 1]!
  for (const attempt of tries)
    attempt.wasted =
      attempt !== useful &&
      (failed(attempt) || redirected(attempt) || (attempt.start < useful.end && useful.start < attempt.end))
  const wasted = tries.filter((attempt) => attempt.wasted)
  for (const attempt of wasted)
    if ((failed(attempt) || isLate(attempt)) && attempt.end > useful.end && !failed(useful)) abandon(attempt)
  return {
    count: tries.length,
    backoffNs: gapsOf(tries).reduce((sum, gap) => sum + gap.end - gap.start, 0),
    wastedNs: covering([useful, ...wasted]) - useful.duration,
  }
}

/** Still running when its caller, by the same clock, had its answer: that of another attempt, if there was a good one. */
const isLate = (node: Node) =>
  (node.flags & Flag.childOutlives) !== 0 && node.parent !== null && sameClock(node, node.parent)

/** Cancelled when another attempt had brought the answer: nobody waits for its end, nor for that of stages around it. */
function abandon(attempt: Node): void {
  let node = attempt
  while (node.parent?.leg === 'stage' && node.parent.children.length === 1) node = node.parent
  node.blocking = false
}

/** Whether the traversal waited for the end of this span of it. */
export function isAwaited(node: Node, { head }: Traversal): boolean {
  for (let at: Node | null = node; at !== null && at !== head; at = at.parent) if (!at.blocking) return false
  return true
}

interface Interval {
  readonly start: number
  readonly end: number
}

const covering = (intervals: readonly Interval[]): number =>
  union(
    intervals,
    ({ start }) => start,
    ({ end }) => end,
  )

/** Between attempts; none where they do not share a clock, which tells nothing of gaps. */
function gapsOf(tries: readonly Node[]): Interval[] {
  const sorted = [...tries].sort((a, b) => a.start - b.start)
  const gaps: Interval[] = []
  let { end } = sorted[0]!
  for (const attempt of sorted) {
    if (attempt !== sorted[0] && !sameClock(attempt, sorted[0]!)) return []
    if (attempt.start > end) gaps.push({ start: end, end: attempt.start })
    end = Math.max(end, attempt.end)
  }
  return gaps
}
