import type { Clock } from '../clock/domain.ts'
import type { ProxyIdentity, Role } from '../types.ts'
import type { Settle, SpanLeg } from './family.ts'
import type { ProcessFacts } from './process.ts'

/** Where a span's request goes, the first that there is. */
export const targetKeys = [
  'upstream_cluster.name',
  'upstream_cluster',
  'peer.service',
  'server.address',
  'net.peer.name',
]

/** What the analysis asks spans for, of low cardinality: mostly in the interned set. */
export const wordKeys = ['http.route', 'response_flags', ...targetKeys]

/** Everything known of a span's emitter and of the part the span plays, without looking at other spans. */
export interface Emitter extends ProcessFacts {
  /** '' for applications, as are product and rule. */
  readonly family: string
  readonly product: string
  /** Id of the rule that held. */
  readonly rule: string
  readonly leg: SpanLeg
  /** Neighbours may better it, see `settle`. */
  readonly role: Role
  readonly settle: Settle | null
  readonly alone: 'down' | 'app' | null
  readonly promotesServer: boolean
  readonly promotesClients: boolean
  /** As in Family. */
  readonly oneCall: boolean
  readonly endsAtHeaders: boolean
  readonly inProcess: boolean
  readonly localReply: boolean
  readonly terminal: boolean
  readonly cutOff: boolean
  /** A stream of messages, not a request and its answer: its duration says nothing of latency. */
  readonly streaming: boolean
  /** Carries times that the proxy's own clock took (timingKeys). */
  readonly timed: boolean
  /** Emitter slack σ in ns: how much later than the packet a SERVER span may end (1.3). */
  readonly slack: number
  /** Grid of starts in ns (1.3). */
  readonly grid: number
  /** How far a duration may be off, ns; 0 for nearly all. */
  readonly coarse: number
  /** The SERVER span starts late, so differences to it are upper bounds only (D4b). */
  readonly lateStart: boolean
  /** Attribute opentracing.ref_type is follows_from: never awaited (1.2 step 5). */
  readonly followsFrom: boolean
  /** HTTP status code, 0 when not given. */
  readonly status: number
  /** Attribute `error`: an error even where the span's status is not set (proxy-spans.md section 3). */
  readonly error: boolean
  /** Attributes say that there was no answer. */
  readonly unanswered: boolean
  /** Some of `wordKeys` are among the span's own attributes: else only its set need be asked. */
  readonly ownWords: boolean
  /** What others derive from an emitter, derived once. */
  readonly memo: EmitterMemo
}

export interface EmitterMemo {
  identity: ProxyIdentity | null
  /** As far as the emitter tells it by itself. */
  clock: Clock | null
  /** What its attribute set says of where requests go; null: not looked at. */
  target: string | null
  /** Its http.route and response_flags likewise. */
  route: string | null
  responseFlags: string | null
  /** Where the last request went of a span with it (edges.ts); '' for the proxy of applications. */
  edge: { readonly proxyId: string; readonly target: string; readonly edge: string } | null
  /** What it is by the habits that were learned last. */
  refined: { readonly habits: object; readonly emitter: Emitter } | null
  readonly hops: HopMemo[]
  /** By role, which neighbours may have settled, and span name; and the one that was asked for last. */
  readonly shapes: Map<Role, Map<string, Shape>>
  shape: Shape | null
  /** This emitter in another part (promote.ts), by the part. */
  readonly recast: Map<string, Emitter>
}

/** What one span of the emitter is to the shape of its trace: `hash` of (service, name, role), 32 bits. */
export interface Shape {
  readonly role: Role
  readonly name: string
  readonly hash: number
}

/** Words of a hop whose callee (or last proxy) has this emitter. */
export interface HopMemo {
  readonly kind: string
  readonly caller: string
  readonly callee: string
  readonly via: readonly string[]
  readonly hopId: string
}

export const newMemo = (): EmitterMemo => ({
  identity: null,
  clock: null,
  target: null,
  route: null,
  responseFlags: null,
  edge: null,
  refined: null,
  hops: [],
  shapes: new Map(),
  shape: null,
  recast: new Map(),
})
