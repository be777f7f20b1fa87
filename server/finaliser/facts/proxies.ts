import type { ProxyTraversal, TraceAnalysis } from '../../analysis/types.ts'
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

export class ProxyFacts extends FactTable {
  private readonly traceStart = this.fixed('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.fixed('start', 'DateTime64(9)')
  private readonly duration = this.fixed('duration', 'Int64')
  private readonly proxyId = this.fixed('proxy_id', 'UInt64')
  private readonly where = this.place()
  private readonly family = this.word('family')
  private readonly role = this.word('role')
  private readonly span = this.id('span', 8)
  private readonly spans = this.ids('spans')
  private readonly instance = this.word('instance')
  private readonly version = this.word('version')
  private readonly node = this.word('node')
  private readonly zone = this.word('zone')
  private readonly caller = this.word('caller')
  private readonly callee = this.word('callee')
  private readonly route = this.word('route')
  private readonly responseFlags = this.word('response_flags')
  private readonly tries = this.attempts()
  private readonly localReply = this.fixed('local_reply', 'UInt8')
  private readonly error = this.fixed('error', 'UInt8')
  private readonly status = this.fixed('status', 'UInt16')
  private readonly flags = this.fixed('flags', 'UInt32')
  private readonly shapeId = this.fixed('shape_id', 'UInt64')
  private readonly weight = this.fixed('weight', 'Float64')
  private readonly added = this.measure('added')
  private readonly overhead = this.measure('overhead')
  private readonly requestPath = this.measure('request_path')
  private readonly responsePath = this.measure('response_path')

  push(proxy: ProxyTraversal, trace: TraceAnalysis, context: RowContext): void {
    const { identity } = proxy
    this.begin(context)
    pushInstant(this.traceStart, context.base, trace.start)
    pushNullable(this.traceDuration, trace.duration)
    pushInstant(this.start, context.base, proxy.start)
    this.duration.i64(int64(proxy.duration))
    pushId64(this.proxyId, identity.proxyId)
    pushPlace(this.where, identity)
    this.family.pushText(identity.family)
    this.role.pushText(identity.role)
    pushId8(this.span, proxy.spanId)
    for (const spanId of proxy.spanIds) pushId8(this.spans.elements, spanId)
    this.spans.endRow()
    this.instance.pushText(proxy.instance)
    this.version.pushText(proxy.version)
    this.node.pushText(proxy.node)
    this.zone.pushText(proxy.zone)
    this.caller.pushText(proxy.caller)
    this.callee.pushText(proxy.callee)
    this.route.pushText(proxy.route)
    this.responseFlags.pushText(proxy.responseFlags)
    pushAttempts(this.tries, proxy.retry.attempts, proxy.retry.backoffNs, proxy.retry.wastedNs)
    this.localReply.u8(Number(proxy.localReply))
    this.error.u8(Number(proxy.error))
    this.status.u16(uint16(proxy.status))
    this.flags.u32((proxy.flags | context.flags) >>> 0)
    pushId64(this.shapeId, trace.shapeId)
    this.weight.f64(trace.weight)
    pushMeasure(this.added, proxy.added)
    pushMeasure(this.overhead, proxy.overhead)
    pushMeasure(this.requestPath, proxy.requestPath)
    pushMeasure(this.responsePath, proxy.responsePath)
  }
}
