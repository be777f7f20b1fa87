/**
 * What a span did with its own time, as pieces of a bar: fill says who, hatch which way, edge how sure.
 * Own time is the span without its blocking children (algorithms.md D1), in placed time.
 */
import type { Interval, TraceIndex, TraceSpan } from './index.ts'
import type { Fidelity, SegmentClass, WireProxy } from './wire.ts'

export type PieceKind = SegmentClass | 'waiting' | 'backoff'
export type Way = 'request' | 'response' | 'none'

export interface Piece extends Interval {
  readonly kind: PieceKind
  readonly way: Way
  readonly fidelity: Fidelity
}

/** Classes that hold the wire besides the proxy, or only what is left of it, are upper bounds (D4 level B). */
const boundedClasses: ReadonlySet<PieceKind> = new Set(['gateway.out+wire', 'proxy.in', 'proxy.out+wire'])
const plainClasses: ReadonlySet<PieceKind> = new Set(['app', 'external', 'unknown'])
/** Flags of a child whose place between its parent's ends rests on an assumption or on corrected clocks. */
const placedByModel = ['skew_modeled', 'skew_wide', 'skew_unknown']

export function fidelityOf(kind: PieceKind): Fidelity {
  if (kind === 'unknown') return 'unknown'
  return boundedClasses.has(kind) ? 'bounded' : 'exact'
}

/** What occurs in the bars of a trace, apart from waiting. */
export function kindsOf({ spans, trace: { proxies } }: TraceIndex): ReadonlySet<PieceKind> {
  const kinds = new Set<PieceKind>()
  for (const span of spans.list) kinds.add(classOf(span))
  if (proxies.some(({ retry }) => retry.attempts > 1)) kinds.add('retry')
  if (proxies.some(({ retry }) => retry.backoffNs > 0)) kinds.add('backoff')
  return kinds
}

/** Pieces of the span's own time, in time order, without the time of its children. */
export function ownPieces(index: TraceIndex, span: TraceSpan): Piece[] {
  if (span.from >= span.to) return []
  if (isFailedAttempt(index, span)) return [piece(span.from, span.to, 'retry', 'none')]
  const kind = classOf(span)
  const children = blockingChildren(span)
  const busy = unionWithin(children, span)
  if (busy.length === 0) return [piece(span.from, span.to, leafKind(span, kind), 'none')]

  const first = busy[0]!
  const last = busy[busy.length - 1]!
  const modelled = (child: TraceSpan | undefined) => child?.wire.flags.some((flag) => placedByModel.includes(flag))
  const pieces: Piece[] = []
  if (first.from > span.from) {
    pieces.push(...requestSide(span, kind, span.from, first.from, modelled(children[0]) ?? false))
  }
  const gap: PieceKind = attemptsOf(index, span.proxy).length > 1 && span.id === span.proxy?.spanId ? 'backoff' : kind
  for (let i = 1; i < busy.length; i++) pieces.push(piece(busy[i - 1]!.to, busy[i]!.from, gap, 'none'))
  if (last.to < span.to) {
    pieces.push(...responseSide(span, kind, last.to, span.to, modelled(children[children.length - 1]) ?? false))
  }
  return pieces
}

/** The stretches in which the span waits for its children, in time order. */
export function waitingOf(span: TraceSpan): Interval[] {
  return unionWithin(blockingChildren(span), span)
}

const none: readonly TraceSpan[] = []

/** The attempts of a proxy that tried more than once, in time order; empty for one attempt (algorithms.md D6). */
export function attemptsOf(index: TraceIndex, proxy: WireProxy | null): readonly TraceSpan[] {
  if (!proxy || proxy.retry.attempts < 2) return none
  const top = index.topOf(proxy)
  const upstream = index.spansOf(proxy).filter((span) => span !== top && span.wire.kind === 'client')
  const attempts = upstream.length > 0 ? upstream : (top?.children ?? none)
  return [...attempts].sort((a, b) => a.from - b.from)
}

export function isFailedAttempt(index: TraceIndex, span: TraceSpan): boolean {
  const proxy = span.proxy && span.id !== span.proxy.spanId ? span.proxy : (span.parent?.proxy ?? null)
  const attempts = attemptsOf(index, proxy)
  return attempts.length > 1 && attempts.includes(span) && attempts[attempts.length - 1] !== span
}

export function classOf(span: TraceSpan): SegmentClass {
  return span.class ?? classByRole(span)
}

function classByRole({ wire, proxy, children }: TraceSpan): SegmentClass {
  const upstream = proxy !== null && proxy.spanId !== wire.spanId && wire.kind === 'client'
  if (upstream) return children.length > 0 ? 'wire' : 'external'
  const pair = proxy !== null && proxy.spanIds.length > 1
  switch (wire.role) {
    case 'app':
      return wire.kind !== 'client' ? 'app' : children.length > 0 ? 'wire' : 'external'
    case 'gateway':
      return pair ? 'gateway.proc' : 'gateway.out+wire'
    case 'sidecar-inbound':
      return pair ? 'proxy.proc' : 'proxy.in'
    case 'sidecar-outbound':
    case 'waypoint':
      return pair ? 'proxy.proc' : 'proxy.out+wire'
    case 'middleware-stage':
      return proxy?.role === 'gateway' ? 'gateway.proc' : 'proxy.proc'
    case 'l4-proxy':
      return 'unknown'
  }
}

/** A single proxy span with nothing below it holds the callee too: nobody can tell them apart, unless it answered itself. */
function leafKind(span: TraceSpan, kind: SegmentClass): SegmentClass {
  const single = span.proxy !== null && span.proxy.spanId === span.id && span.proxy.spanIds.length === 1
  return single && !span.proxy.localReply && kind !== 'external' ? 'unknown' : kind
}

function blockingChildren(span: TraceSpan): TraceSpan[] {
  return span.children.filter((child) => child.wire.kind !== 'consumer' && !child.wire.flags.includes('detached_async'))
}

/** Union of the children clipped to the span; children come by start. */
function unionWithin(children: readonly TraceSpan[], { from, to }: Interval): Interval[] {
  const union: Interval[] = []
  for (const child of children) {
    const start = Math.max(child.from, from)
    const end = Math.min(child.to, to)
    if (end <= start) continue
    const last = union[union.length - 1]
    if (last && start <= last.to) last.to = Math.max(last.to, end)
    else union.push({ from: start, to: end })
  }
  return union
}

function requestSide(span: TraceSpan, kind: SegmentClass, from: number, to: number, modelled: boolean): Piece[] {
  const timed = taggedLeg(span, 'requestPath')
  if (timed === null) return [piece(from, to, kind, 'request', modelled)]
  const cut = Math.min(from + timed, to)
  return [piece(from, cut, kind, 'request'), piece(cut, to, 'wire', 'request', modelled)].filter(isLong)
}

function responseSide(span: TraceSpan, kind: SegmentClass, from: number, to: number, modelled: boolean): Piece[] {
  const timed = taggedLeg(span, 'responsePath')
  if (timed === null) return [piece(from, to, kind, 'response', modelled)]
  const cut = Math.max(to - timed, from)
  return [piece(from, cut, 'wire', 'response', modelled), piece(cut, to, kind, 'response')].filter(isLong)
}

const isLong = (part: Piece) => part.to > part.from

/** Leg of a single-span proxy that measured itself (timing tags, D4 level A): the rest of the gap is the wire's. */
function taggedLeg({ id, proxy }: TraceSpan, leg: 'requestPath' | 'responsePath'): number | null {
  if (!proxy || proxy.spanId !== id || proxy.spanIds.length > 1) return null
  return proxy[leg].fidelity === 'exact' ? proxy[leg].ns : null
}

function piece(from: number, to: number, kind: PieceKind, way: Way, modelled = false): Piece {
  const level = fidelityOf(kind)
  return {
    from,
    to,
    kind,
    way: plainClasses.has(kind) ? 'none' : way,
    fidelity: modelled && level !== 'unknown' && !plainClasses.has(kind) ? 'modelled' : level,
  }
}
