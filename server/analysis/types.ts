/**
 * What goes into the analysis and what comes out of it: plain data, no classes, no I/O.
 *
 * Time inside one trace is a `number` of nanoseconds since `TraceInput.baseUnixNano`, exact below 2^53
 * (104 days); the only bigint of a trace is its base. Ids are lower-case hex.
 */
import type { Interval } from './clock/intersection.ts'
import type { OffsetLookup } from './clock/offsets.ts'
import type { CalleeLookup } from './learned/callees.ts'
import type { EmitterLookup } from './learned/emitters.ts'
import type { WireLookup } from './learned/wires.ts'

import type { SpanLeg } from './recognise/family.ts'
import type { UserRule } from './recognise/user-rule.ts'

/** Attributes as text, whatever their OTLP type was (`true`, `200`, `0.5`, JSON for arrays and kvlists). */
export interface Attributes extends ReadonlyMap<string, string> {
  /** The keys as one array for all that have the same, where the reader knows: what follows from keys is then worked out once. */
  readonly keyList?: readonly string[]
}

/** One OTLP Resource. The same object is shared by all spans that carry it, so it can key a WeakMap. */
export interface ResourceInput {
  readonly attributes: Attributes
}

/** One OTLP InstrumentationScope, shared likewise. */
export interface ScopeInput {
  readonly name: string
  readonly version: string
  /** A tail sampler of the OpenTelemetry Collector left its mark: the trace was chosen by a policy. */
  readonly tailSampled?: boolean
}

/** OTLP SpanKind. */
export const SpanKind = { unset: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

/** OTLP StatusCode. */
export const StatusCode = { unset: 0, ok: 1, error: 2 } as const

export interface SpanInput {
  /** 16 hex digits. */
  readonly spanId: string
  /** 16 hex digits, or '' for a root. */
  readonly parentId: string
  readonly name: string
  readonly kind: number
  readonly status: number
  /** OTLP span flags (bits 8 and 9: parent is remote). */
  readonly flags: number
  /** ns since the base of the trace. */
  readonly start: number
  /** ns; negative when the span ended before it started. */
  readonly duration: number
  /** W3C tracestate of the span's context. */
  readonly traceState?: string
  readonly resource: ResourceInput
  readonly scope: ScopeInput
  /** The interned, low-cardinality attributes: one object for all spans with the same set. */
  readonly attributeSet: Attributes
  /** The attributes of this very span. Wins over the set when a key is in both. */
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
}

export interface SpanEvent {
  readonly name: string
  /** ns since the base of the trace. */
  readonly time: number
  readonly attributes: Attributes
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
}

export interface TraceInput {
  /** 32 hex digits. */
  readonly traceId: string
  readonly baseUnixNano: bigint
  /** In any order, duplicates included. */
  readonly spans: readonly SpanInput[]
}

export interface AnalysisSettings {
  /** HOPSCOPE_NETWORK_RTT_US in ns; null: no estimate where the nodes are unknown or differ (D4b). */
  readonly networkRttNs: number | null
  /** Offsets between clock domains (section 4). Absent: none known. */
  readonly offset?: OffsetLookup | undefined
  /** ŵ of D4 and D8: calibrated wire times. Absent: none known, then neither estimates that need one. */
  readonly wire?: WireLookup | undefined
  /** What lies beyond an edge (section 6). Absent: not known, then a childless proxy span is MISSING_CALLEE. */
  readonly callee?: CalleeLookup | undefined
  /** Habits of emitters' clocks (1.3). Absent: only what is known of the SDK. */
  readonly emitter?: EmitterLookup | undefined
  /** Rules of the user, asked before ours. Keep the array: what is known of emitters is kept by it. */
  readonly rules?: readonly UserRule[]
}

export type Fidelity = 'exact' | 'bounded' | 'modelled' | 'unknown'

/** api.md "Measure": the one shape of every number that claims to be a latency. ns, integers. */
export interface Measure {
  readonly ns: number | null
  readonly loNs: number | null
  readonly hiNs: number | null
  readonly fidelity: Fidelity
  /** Names of D9 flags in lower case. */
  readonly reasons: readonly string[]
}

export type Role =
  'app' | 'gateway' | 'sidecar-inbound' | 'sidecar-outbound' | 'waypoint' | 'l4-proxy' | 'middleware-stage'

/** Classes of D7. A hop's segments use the same words. */
export type SegmentClass =
  | 'gateway.proc'
  | 'gateway.out+wire'
  | 'proxy.in'
  | 'proxy.out+wire'
  | 'proxy.proc'
  | 'wire'
  | 'loopback'
  | 'app'
  | 'external'
  | 'retry'
  | 'unknown'

export type Leg = 'self' | 'req' | 'mid' | 'resp'

/** Where an entity lives; '' when not known. */
export interface Place {
  readonly environment: string
  readonly cluster: string
  readonly namespace: string
}

/** Stable identity of a proxy (api.md "Identity"). */
export interface ProxyIdentity extends Place {
  /** 16 hex digits. */
  readonly proxyId: string
  readonly family: string
  readonly workload: string
  readonly role: Role
  /** What people call it. */
  readonly name: string
}

export interface AnalysedSpan {
  /** The normalised id; differs from `input.spanId` only for the SERVER half of a shared Zipkin id. */
  readonly spanId: string
  readonly parentId: string
  readonly input: SpanInput
  readonly service: string
  readonly role: Role
  /** Which side of a traversal it describes. */
  readonly leg: SpanLeg
  /** '' for applications, as is the product: Istio and Consul are of family envoy. */
  readonly proxyFamily: string
  readonly proxyProduct: string
  /** Id of the rule that recognised it, as in docs/recognition.md; '' for applications. */
  readonly rule: string
  /** ns since the base, raw (after NEG_DURATION mending) and placed (1.2 step 6). */
  readonly start: number
  readonly duration: number
  readonly placedStart: number
  readonly self: Measure
  /** D9 bit mask. */
  readonly flags: number
  readonly error: boolean
}

/** One traversal of one proxy by one request. */
export interface ProxyTraversal {
  readonly identity: ProxyIdentity
  /** The server-side or only span. */
  readonly spanId: string
  readonly spanIds: readonly string[]
  readonly instance: string
  readonly version: string
  readonly node: string
  readonly zone: string
  /** A gateway through which the mesh is left. */
  readonly egress: boolean
  /** Time spent opening a connection upstream: 0 for a pooled one, null where nothing tells. */
  readonly connectNs: number | null
  /** ns since the base. */
  readonly start: number
  readonly duration: number
  /** In-process time, D4. */
  readonly overhead: Measure
  readonly requestPath: Measure
  readonly responsePath: Measure
  /** D4b. */
  readonly added: Measure
  readonly retry: { readonly attempts: number; readonly backoffNs: number; readonly wastedNs: number }
  /** null where it does not call several at once or in turn. */
  readonly fanOut: FanOut | null
  readonly localReply: boolean
  readonly error: boolean
  /** HTTP status code, 0 when unknown. */
  readonly status: number
  readonly route: string
  /** Services on either side, '' when not seen. */
  readonly caller: string
  readonly callee: string
  readonly responseFlags: string
  readonly flags: number
}

/** Different calls that one request made of a gateway. */
export interface FanOut {
  readonly calls: number
  /** How long only the slowest of calls at once was still waited for, exact ns. */
  readonly stragglerNs: number
  /** '' where no two ran at once, or they ended together. */
  readonly stragglerSpanId: string
}

/** How long a message lay between producer and consumer (section 3). */
export interface QueueWait {
  readonly producerSpanId: string
  readonly consumerSpanId: string
  readonly wait: Measure
}

export interface HopEnd {
  readonly service: string
  readonly spanId: string
}

export interface HopSegment {
  readonly class: SegmentClass
  readonly ownerSpanId: string
  readonly ns: number
  readonly fidelity: Fidelity
}

/** D3. */
export interface Hop extends Place {
  /** 16 hex digits. */
  readonly hopId: string
  readonly kind: 'entry' | 'internal' | 'exit'
  readonly caller: HopEnd | null
  readonly callee: HopEnd | null
  /** Proxy span ids and proxy ids, caller to callee. */
  readonly via: readonly string[]
  readonly viaProxyIds: readonly string[]
  /** ns since the base. */
  readonly start: number
  readonly transit: Measure
  /** `ns` add up to the transit exactly; empty when the transit is unknown. */
  readonly segments: readonly HopSegment[]
  /** D5, where the pair is separable; else unknown. */
  readonly wire: Measure
  readonly route: string
  readonly dataPlane: 'none' | 'gateway' | 'sidecar' | 'waypoint' | 'both'
  readonly callerNode: string
  readonly calleeNode: string
  readonly zonePair: string
  readonly calleeVersion: string
  readonly attempts: number
  readonly backoffNs: number
  readonly wastedNs: number
  readonly error: boolean
  readonly status: number
  readonly flags: number
}

/** D7. Times are placed times, ns since the base. */
export interface PathSegment {
  readonly spanId: string
  readonly class: SegmentClass
  readonly leg: Leg
  readonly start: number
  readonly ns: number
}

/** D8. */
export interface Tax {
  readonly lowerNs: number
  readonly upperNs: number
  readonly estimateNs: number | null
  /** (estimate, else upper) / e2e; 0..1. */
  readonly share: number
  /** What would be saved if all that `upperNs` counts took no time (section 10); at most `upperNs`. */
  readonly removableNs: number
  /** In-process time of all these proxies, on the path or not: their values, else their upper bounds. */
  readonly workNs: number
}

/** Where one side of an exchange runs: key of its clock, and its zone ('' when not known). */
export interface Side {
  readonly machine: string
  readonly zone: string
}

/** What one request between two processes teaches about their clocks and the wire between them. */
export interface Exchange {
  readonly from: Side
  readonly to: Side
  /** ns since the base. */
  readonly at: number
  /** Section 4: clock(to) - clock(from) lies within, ns; null where it tells nothing. */
  readonly offset: Interval | null
  /** The server side is an application, whose span may end after its answer has arrived. */
  readonly lateEnd: boolean
  /** D5, ns; null where the pair is not separable. */
  readonly wireNs: number | null
}

/** By how much a SERVER span outlasts the proxy span around it, ns; negative mostly. */
export interface LateEnd {
  readonly service: string
  readonly scope: string
  readonly ns: number
}

/** One request over an edge, from a proxy or an application to what it calls (section 6). */
export interface EdgeUse {
  readonly edge: string
  /** Spans below answered for it. */
  readonly answered: boolean
  /** And spans of a further process for those. */
  readonly deep: boolean
  /** The trace has spans whose parent is missing. */
  readonly orphans: boolean
}

export interface TraceAnalysis extends Place {
  readonly traceId: string
  readonly baseUnixNano: bigint
  /** ns since the base: start of the primary root, else the earliest span. */
  readonly start: number
  /** null without a root. */
  readonly duration: number | null
  readonly rootService: string
  readonly rootName: string
  readonly route: string
  readonly flags: number
  readonly error: boolean
  readonly services: readonly string[]
  /** 16 hex digits, section 3. */
  readonly shapeId: string
  /** Sampling weight, section 6; 1 where unknown. */
  readonly weight: number
  readonly spans: readonly AnalysedSpan[]
  readonly proxies: readonly ProxyTraversal[]
  readonly hops: readonly Hop[]
  /** Empty without a root; else sums to `duration` exactly. */
  readonly criticalPath: readonly PathSegment[]
  readonly tax: { readonly mesh: Tax; readonly gateway: Tax }
  readonly queueWaits: readonly QueueWait[]
  readonly exchanges: readonly Exchange[]
  readonly edges: readonly EdgeUse[]
  readonly lateEnds: readonly LateEnd[]
}
