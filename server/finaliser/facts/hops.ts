import type { Hop, TraceAnalysis } from '../../analysis/types.ts'
import {
  FactTable,
  int64,
  pushAttempts,
  pushId64,
  pushId8,
  pushInstant,
  pushMeasure,
  pushNullable,
  pushPlace,
  uint16,
  type RowContext,
} from './table.ts'

export class HopFacts extends FactTable {
  private readonly traceStart = this.fixed('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.fixed('start', 'DateTime64(9)')
  private readonly hopId = this.fixed('hop_id', 'UInt64')
  private readonly where = this.place()
  private readonly kind = this.word('kind')
  private readonly caller = this.word('caller')
  private readonly callee = this.word('callee')
  private readonly callerSpan = this.id('caller_span', 8)
  private readonly calleeSpan = this.id('callee_span', 8)
  private readonly via = this.integers('via', 'UInt64')
  private readonly viaSpans = this.ids('via_spans')
  private readonly route = this.word('route')
  private readonly dataPlane = this.word('data_plane')
  private readonly callerNode = this.word('caller_node')
  private readonly calleeNode = this.word('callee_node')
  private readonly zonePair = this.word('zone_pair')
  private readonly calleeVersion = this.word('callee_version')
  private readonly tries = this.attempts()
  private readonly error = this.fixed('error', 'UInt8')
  private readonly status = this.fixed('status', 'UInt16')
  private readonly flags = this.fixed('flags', 'UInt32')
  private readonly shapeId = this.fixed('shape_id', 'UInt64')
  private readonly weight = this.fixed('weight', 'Float64')
  private readonly transit = this.measure('transit')
  private readonly wire = this.nullable('wire')
  private readonly segmentClass = this.words('segments.class')
  private readonly segmentOwner = this.ids('segments.owner')
  private readonly segmentNs = this.integers('segments.ns', 'Int64')
  private readonly segmentFidelity = this.words('segments.fidelity')

  push(hop: Hop, trace: TraceAnalysis, context: RowContext): void {
    this.begin(context)
    pushInstant(this.traceStart, context.base, trace.start)
    pushNullable(this.traceDuration, trace.duration)
    pushInstant(this.start, context.base, hop.start)
    pushId64(this.hopId, hop.hopId)
    pushPlace(this.where, hop)
    this.kind.pushText(hop.kind)
    this.caller.pushText(hop.caller?.service ?? '')
    this.callee.pushText(hop.callee?.service ?? '')
    pushId8(this.callerSpan, hop.caller?.spanId ?? '')
    pushId8(this.calleeSpan, hop.callee?.spanId ?? '')
    for (const proxyId of hop.viaProxyIds) pushId64(this.via.elements.data, proxyId)
    this.via.endRow()
    for (const spanId of hop.via) pushId8(this.viaSpans.elements, spanId)
    this.viaSpans.endRow()
    this.route.pushText(hop.route)
    this.dataPlane.pushText(hop.dataPlane)
    this.callerNode.pushText(hop.callerNode)
    this.calleeNode.pushText(hop.calleeNode)
    this.zonePair.pushText(hop.zonePair)
    this.calleeVersion.pushText(hop.calleeVersion)
    pushAttempts(this.tries, hop.attempts, hop.backoffNs, hop.wastedNs)
    this.error.u8(Number(hop.error))
    this.status.u16(uint16(hop.status))
    this.flags.u32((hop.flags | context.flags) >>> 0)
    pushId64(this.shapeId, trace.shapeId)
    this.weight.f64(trace.weight)
    pushMeasure(this.transit, hop.transit)
    // One column: only what is exact may stand without its level beside it.
    pushNullable(this.wire, hop.wire.fidelity === 'exact' ? hop.wire.ns : null)
    for (const segment of hop.segments) {
      this.segmentClass.elements.pushText(segment.class)
      pushId8(this.segmentOwner.elements, segment.ownerSpanId)
      this.segmentNs.elements.data.i64(int64(segment.ns))
      this.segmentFidelity.elements.pushText(segment.fidelity)
    }
    this.segmentClass.endRow()
    this.segmentOwner.endRow()
    this.segmentNs.endRow()
    this.segmentFidelity.endRow()
  }
}
