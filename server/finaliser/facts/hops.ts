import type { Hop, HopEnd, TraceAnalysis } from '../../analysis/types.ts'
import { identityHalves, putHalves, putInstant, putInt64, putSpanId, uint16, type Halves } from './columns.ts'
import { FactTable, putMeasure, putPlace, type RowContext } from './table.ts'
import { Together } from './together.ts'

export class HopFacts extends FactTable {
  private readonly together = new Together()
  private readonly vias = this.lists()
  private readonly segments = this.lists()
  private readonly traceStart = this.halves('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.halves('start', 'DateTime64(9)')
  private readonly hopId = this.halves('hop_id', 'UInt64')
  private readonly where = this.placeOf(this.together)
  private readonly kind = this.wordOf(this.together, 'kind')
  private readonly caller = this.wordOf(this.together, 'caller')
  private readonly callee = this.wordOf(this.together, 'callee')
  private readonly callerSpan = this.spanId('caller_span')
  private readonly calleeSpan = this.spanId('callee_span')
  private readonly via = this.listOfHalves(this.vias, 'via', 'UInt64')
  private readonly route = this.word('route')
  private readonly dataPlane = this.wordOf(this.together, 'data_plane')
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

  /** What the columns hold of hops by their id, until they are cleared. */
  private readonly known = new Map<string, KnownHop[]>()

  override truncate(rows: number): void {
    super.truncate(rows)
    if (rows === 0) this.known.clear()
  }

  push(hop: Hop, trace: TraceAnalysis, context: RowContext): void {
    const row = this.begin(context)
    const { caller, callee, segments } = hop
    putHalves(this.traceStart.data, row, context.traceStart)
    this.traceDuration.put(row, trace.duration)
    putInstant(this.start.data, row, context.base, hop.start)
    const known = this.knownAs(hop)
    putHalves(this.hopId.data, row, known.id)
    this.together.ofRow[row] = known.number
    putSpanId(this.callerSpan.data, row, caller === null ? '' : caller.spanId)
    putSpanId(this.calleeSpan.data, row, callee === null ? '' : callee.spanId)
    for (const proxyId of known.via) {
      const at = this.vias.next()
      putHalves(this.via.data, at, proxyId)
    }
    this.vias.end(row)
    this.route.put(row, hop.route)
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

  private knownAs(hop: Hop): KnownHop {
    let ofId = this.known.get(hop.hopId)
    if (ofId === undefined) this.known.set(hop.hopId, (ofId = []))
    for (const known of ofId) if (isSame(known.hop, hop)) return known
    if (ofId.length >= mostOfId) ofId.length = 0
    const known = this.know(hop)
    ofId.push(known)
    return known
  }

  private know(hop: Hop): KnownHop {
    const number = this.together.next()
    putPlace(this.where, number, hop)
    this.kind.put(number, hop.kind)
    this.caller.put(number, serviceOf(hop.caller))
    this.callee.put(number, serviceOf(hop.callee))
    this.dataPlane.put(number, hop.dataPlane)
    return { id: identityHalves(hop.hopId), via: hop.viaProxyIds.map(identityHalves), number, hop }
  }
}

/** An id is made of nearly all that is looked at: mostly there is one of it. */
const mostOfId = 16

/** Ids of a hop and of its proxies, and the number of its words. */
interface KnownHop {
  readonly id: Halves
  readonly via: readonly Halves[]
  readonly number: number
  readonly hop: Hop
}

const serviceOf = (end: HopEnd | null): string => (end === null ? '' : end.service)

const isSame = (a: Hop, b: Hop): boolean =>
  (a.viaProxyIds === b.viaProxyIds || isSameWay(a.viaProxyIds, b.viaProxyIds)) &&
  a.namespace === b.namespace &&
  a.cluster === b.cluster &&
  a.environment === b.environment &&
  a.kind === b.kind &&
  a.dataPlane === b.dataPlane &&
  serviceOf(a.caller) === serviceOf(b.caller) &&
  serviceOf(a.callee) === serviceOf(b.callee)

const isSameWay = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i])
