/**
 * What `GET /api/v1/traces/{traceId}` answers, as far as the waterfall reads it. Stated here and not derived, so that the
 * model says what it needs; the screen assigns the contract's type to it, so a contract that drifts fails the types.
 */
import type { TraceShape } from './shape.ts'

export type Fidelity = 'exact' | 'bounded' | 'modelled' | 'unknown'

export interface Measure {
  ns: number | null
  loNs: number | null
  hiNs: number | null
  fidelity: Fidelity
  reasons: string[]
}

export type Role =
  'app' | 'gateway' | 'sidecar-inbound' | 'sidecar-outbound' | 'waypoint' | 'l4-proxy' | 'middleware-stage'

/** algorithms.md D7. */
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

export type SpanKind = 'unset' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'

export interface WireSpan {
  spanId: string
  parentSpanId: string
  service: string
  name: string
  kind: SpanKind
  role: Role
  proxyFamily: string
  startUnixNano: string
  placedStartUnixNano: string
  durationNs: number
  self: Measure
  status: 'unset' | 'ok' | 'error'
  attributes: Record<string, string>
  resource: Record<string, string>
  events: { name: string; timeUnixNano: string; attributes: Record<string, string> }[]
  links: { traceId: string; spanId: string }[]
  scope: { name: string; version: string }
  flags: string[]
}

export interface WireProxy {
  spanId: string
  spanIds: string[]
  proxyId: string
  name: string
  family: string
  role: Role
  instance: string
  overhead: Measure
  requestPath: Measure
  responsePath: Measure
  added: Measure
  retry: { attempts: number; backoffNs: number; wastedNs: number }
  /** 0 for a pooled connection, null where nothing tells. */
  connectNs: number | null
  fanOut: { calls: number; stragglerNs: number; stragglerSpanId: string } | null
  localReply: boolean
  flags: string[]
}

export interface WireHop {
  hopId: string
  kind: 'entry' | 'internal' | 'exit'
  caller: { service: string; spanId: string } | null
  callee: { service: string; spanId: string } | null
  via: string[]
  transit: Measure
  segments: { class: SegmentClass; ownerSpanId: string; ns: number; fidelity: Fidelity }[]
}

export interface WirePathSegment {
  spanId: string
  class: SegmentClass
  leg: 'self' | 'req' | 'mid' | 'resp'
  startUnixNano: string
  ns: number
}

export interface WireTax {
  lowerNs: number
  upperNs: number
  estimateNs: number | null
  share: number
}

export interface WireTrace {
  traceId: string
  startUnixNano: string
  durationNs: number | null
  rootService: string
  rootName: string
  settled: boolean
  flags: string[]
  spans: WireSpan[]
  proxies: WireProxy[]
  hops: WireHop[]
  queueWaits: { producerSpanId: string; consumerSpanId: string; wait: Measure }[]
  criticalPath: WirePathSegment[]
  tax: { mesh: WireTax; gateway: WireTax }
  /** Where its numbers are there already. */
  shape?: () => TraceShape
}
