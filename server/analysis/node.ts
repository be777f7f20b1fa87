import type { Clock } from './clock/domain.ts'
import type { Offset } from './clock/offsets.ts'
import type { Emitter } from './recognise/emitter.ts'
import type { Coverage } from './coverage.ts'
import type { SpanLeg } from './recognise/family.ts'
import type { Overhead } from './overhead.ts'
import type { Measure, Role, SpanInput } from './types.ts'

/** A span inside the analysis: filled step by step, each step reading only what earlier ones wrote. ns since the base. */
export interface Node {
  readonly input: SpanInput
  /** Normalised ids (1.2 step 1). */
  id: string
  parentId: string
  /** Changed only by promote.ts and traversals.ts. */
  emitter: Emitter
  leg: SpanLeg
  role: Role
  /** Raw, mended: `end >= start`. */
  readonly start: number
  readonly end: number
  readonly duration: number
  /** D9. */
  flags: number

  parent: Node | null
  /** By raw start, then id. */
  children: Node[]
  clock: Clock
  /** Of its clock to the parent's where they differ, start grids included; null: one clock, or not known. */
  offset: Offset | null
  /** Start moved into the parent's clock (1.2 step 6). */
  placed: number
  /** The part inside the parent, in placed time: what self time of several domains and the path use. */
  from: number
  to: number
  /** Awaited by its parent (1.2 step 5). */
  blocking: boolean
  self: Measure | null
  traversal: Traversal | null
  /** From a span of a traversal outwards: its upstream call, its call aside, or its outermost span; null outside of one. */
  outlet: Node | null
  /** Span of the traversal above through which the request came here; null when it came from no proxy. */
  exit: Node | null
  /** The first of the traversal's `outs` that hangs below this span of it. */
  answer: Node | null
  /** HTTP status code, 0 when not given. */
  readonly status: number
  /** What its awaited children of each clock cover; worked out by who asks first. */
  coveredBy: Map<string, Coverage> | undefined
  /** An attempt that another attempt made good for, or the like (D6). */
  wasted: boolean
  /** Nothing below answers for its request: the D9 flag that says why, SINGLE_SPAN_PROXY where nothing would; 0 else. */
  unanswered: number
}

/** The spans that one request's passage through one proxy left (proxy-spans.md 2.3). */
export interface Traversal {
  /** The outermost span. */
  readonly head: Node
  readonly family: string
  role: Role
  /** An egress gateway of its mesh. */
  egress: boolean
  /** Attempts (Envoy) or calls (KrakenD) upstream, by start. */
  ups: Node[]
  /** Reading of upstream responses after their `up` span ended. */
  bodies: Node[]
  /** Calls to others that the request waits for: ext_authz, rate limit, forward auth. */
  asides: Node[]
  spans: Node[]
  /** What answered the proxy: heads of the next traversals and application spans, by start. Not what answered asides. */
  outs: Node[]
  /** Services of the next applications on its either side; '' where there is none. */
  caller: string
  callee: string
  /** Worked out by those who ask first, for each hop through the proxy asks again: time covered by `outs` and `asides`, ns. */
  outsNs: number | undefined
  /** ŵ of the wire below it, ns; null: not calibrated. */
  wireNs: number | null | undefined
  /** Of its outermost span on the critical path, as far as its work and a wire are one difference, ns. */
  onPathNs: number
  asidesNs: number | undefined
  awaitedUps: readonly Node[] | undefined
  bodyOf: ReadonlyMap<string, Node> | undefined
  bodyEnds: ReadonlyMap<string, number> | undefined
  /** D6 over `ups`, or over `outs` where there are none. */
  attempts: Attempts
  overhead: Overhead | null
}

export interface Attempts {
  readonly count: number
  readonly backoffNs: number
  readonly wastedNs: number
}

/** Shared by all that have none: replaced, never pushed to. */
export const noNodes: Node[] = []

/** One more at the end: mostly there is one, and an array of one takes an eighth of one that was pushed to. */
export function append(nodes: Node[], node: Node): Node[] {
  if (nodes.length === 0) return [node]
  nodes.push(node)
  return nodes
}

export const oneAttempt: Attempts = { count: 1, backoffNs: 0, wastedNs: 0 }

/** δ of 1.3 without clock error: 1 % of the parent, at most 1 ms, at least Envoy's grid of 1 µs. */
export const tolerance = (duration: number): number => Math.max(1000, Math.min(Math.floor(duration / 100), 1_000_000))
