import type { Hop, TraceAnalysis } from '../../analysis/types.ts'
import { putHalves, putIdentity, putInstant, putInt64, putSpanId, uint16 } from './columns.ts'
import { FactTable, putMeasure, putPlace, type RowContext } from './table.ts'

export class HopFacts extends FactTable {
  private readonly vias = this.lists()
  private readonly segments = this.lists()
  private readonly traceStart = this.halves('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.halves('start', 'DateTime64(9)')
  private readonly hopId = this.halves('hop_id', 'UInt64')
  private readonly where = this.place()
  private readonly kind = this.word('kind')
  private readonly caller = this.word('caller')
  private readonly callee = this.word('callee')
  private readonly callerSpan = this.spanId('caller_span')
  private readonly calleeSpan = this.spanId('callee_span')
  private readonly via = this.listOfHalves(this.vias, 'via', 'UInt64')
  private readonly route = this.word('route')
  private readonly dataPlane = this.word('data_plane')
  private readonly callerNode = this.word('caller_node')
  private readonly calleeNode = this.word('callee_node')
  private readonly zonePair = this.word('zone_pair')
  private readonly calleeVersion = this.word('callee_version')
  private readonly attempts = this.short('attempts')
  private readonly error = this.byte('error')
  private readonly status = this.short('status')
  private readonly flags = this.uint32('flags')
  private readonly weight = this.float('weight')
  private readonly transit = this.measure('transit')
  private readonly wire = this.nullable('wire')
  private readonly segmentClass = this.listOfWords(this.segments, 'segments.class')
  private readonly segmentNs = this.listOfHalves(this.segments, 'segments.ns', 'Int64')
  private readonly segmentFidelity = this.listOfWords(this.segments, 'segments.fidelity')

  push(hop: Hop, trace: TraceAnalysis, context: RowContext): void {
    const row = this.begin(context)
    const { caller, callee, viaProxyIds, segments } = hop
    putHalves(this.traceStart.data, row, context.traceStart)
    this.traceDuration.put(row, trace.duration)
    putInstant(this.start.data, row, context.base, hop.start)
    putIdentity(this.hopId.data, row, hop.hopId)
    putPlace(this.where, row, hop)
    this.kind.put(row, hop.kind)
    this.caller.put(row, caller === null ? '' : caller.service)
    this.callee.put(row, callee === null ? '' : callee.service)
    putSpanId(this.callerSpan.data, row, caller === null ? '' : caller.spanId)
    putSpanId(this.calleeSpan.data, row, callee === null ? '' : callee.spanId)
    for (const proxyId of viaProxyIds) {
      const at = this.vias.next()
      putIdentity(this.via.data, at, proxyId)
    }
    this.vias.end(row)
    this.route.put(row, hop.route)
    this.dataPlane.put(row, hop.dataPlane)
    this.callerNode.put(row, hop.callerNode)
    this.calleeNode.put(row, hop.calleeNode)
    this.zonePair.put(row, hop.zonePair)
    this.calleeVersion.put(row, hop.calleeVersion)
    this.attempts.data[row] = uint16(hop.attempts)
    this.error.data[row] = hop.error ? 1 : 0
    this.status.data[row] = uint16(hop.status)
    this.flags.data[row] = hop.flags | context.flags
    this.weight.data[row] = trace.weight
    putMeasure(this.transit, row, hop.transit)
    // One column: only what is exact may stand without its level beside it.
    this.wire.put(row, hop.wire.fidelity === 'exact' ? hop.wire.ns : null)
    for (const segment of segments) {
      const at = this.segments.next()
      this.segmentClass.put(at, segment.class)
      putInt64(this.segmentNs.data, at, segment.ns)
      this.segmentFidelity.put(at, segment.fidelity)
    }
    this.segments.end(row)
    this.rows++
  }
}
