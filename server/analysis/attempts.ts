import { oneAttempt, type Attempts, type Node, type Traversal } from './node.ts'
import { sameClock } from './clock/domain.ts'
import { Flag } from './flags.ts'
import { failed } from './outcome.ts'
import { attribute } from './recognise/pattern.ts'
import { union } from './self.ts'
import { sorted } from './sorted.ts'

const byStart = (a: Node, b: Node) => a.start - b.start

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
    count: judged.reduce((most, { count }) => Math.max(most, count), 0),
    // What other calls filled was not spent waiting.
    backoffNs: covering([...tries, ...calls.flatMap(gapsOf)]) - covering(tries),
    wastedNs: judged.reduce((sum, { wastedNs }) => sum + wastedNs, 0),
  }
}

/** What went to one place, as calls in the order of their beginning. */
interface Destination {
  readonly first: Call
  /** The first call of which an attempt has failed: what comes later is an attempt of it, and of none behind it. */
  failed: Call | undefined
  /** Calls before that one, less those that no later attempt overlaps. */
  quiet: Call[]
}

interface Call {
  readonly tries: Node[]
  end: number
}

/** Attempts of one call together: a resend says so, or goes to where an attempt has failed. */
function callsOf(tries: readonly Node[]): Node[][] {
  const calls: Call[] = []
  const destinations = new Map<string, Destination>()
  for (const attempt of sorted(tries, byStart)) {
    const key = target(attempt)
    const to = destinations.get(key)
    const call = to && callAgain(attempt, to)
    if (call === undefined) {
      const fresh: Call = { tries: [attempt], end: attempt.end }
      calls.push(fresh)
      if (to === undefined) destinations.set(key, { first: fresh, ...stateOf(fresh, attempt) })
      else if (failed(attempt)) to.failed = fresh
      else to.quiet.push(fresh)
      continue
    }
    call.tries.push(attempt)
    call.end = Math.max(call.end, attempt.end)
    if (!failed(attempt) || call === to!.failed) continue
    to!.failed = call
    to!.quiet.length = to!.quiet.indexOf(call)
  }
  return calls.map((call) => call.tries)
}

const stateOf = (call: Call, attempt: Node) =>
  failed(attempt) ? { failed: call, quiet: [] } : { failed: undefined, quiet: [call] }

/** The first call that this is another attempt of: a resend of any, else one that has failed, or fails beside it. */
function callAgain(attempt: Node, to: Destination): Call | undefined {
  if (isResend(attempt)) return to.first
  if (failed(attempt)) {
    to.quiet = to.quiet.filter((call) => call === to.first || call.end > attempt.start)
    const beside = to.quiet.find((call) => overlaps(attempt, call))
    if (beside) return beside
  }
  return to.failed
}

/** Attempts come by start. */
const overlaps = (attempt: Node, { tries, end }: Call): boolean =>
  attempt.start < end &&
  (attempt.start < attempt.end || tries.some((other) => attempt.start < other.end && other.start < attempt.end))

const target = ({ input, emitter }: Node) =>
  `${emitter.service}\n${input.name}\n${attribute(input, 'server.address') ?? ''}`

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

/** The upstream calls that the traversal waited for, and for all of its spans around them. */
export function awaitedUps(traversal: Traversal): readonly Node[] {
  const { head, ups, spans } = traversal
  if (traversal.awaitedUps !== undefined) return traversal.awaitedUps
  let others: Set<Node> | undefined
  // Parents come before their children.
  for (const span of spans)
    if (span !== head && (!span.blocking || others?.has(span.parent!))) (others ??= new Set()).add(span)
  return (traversal.awaitedUps = others === undefined ? ups : ups.filter((up) => !others.has(up)))
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
  const ordered = sorted(tries, byStart)
  const gaps: Interval[] = []
  let { end } = ordered[0]!
  for (const attempt of ordered) {
    if (attempt !== ordered[0] && !sameClock(attempt, ordered[0]!)) return []
    if (attempt.start > end) gaps.push({ start: end, end: attempt.start })
    end = Math.max(end, attempt.end)
  }
  return gaps
}
