import type { ProxyIdentity, ProxyTraversal, TraceAnalysis } from '../../analysis/types.ts'
import { identityHalves, putHalves, putInstant, putInt64, putSpanId, uint16, type Halves } from './columns.ts'
import { FactTable, putMeasure, type RowContext } from './table.ts'

export class ProxyFacts extends FactTable {
  private readonly traceStart = this.halves('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.halves('start', 'DateTime64(9)')
  private readonly proxyId = this.halves('proxy_id', 'UInt64')
  private readonly where = this.place()
  private readonly family = this.word('family')
  private readonly role = this.word('role')
  private readonly span = this.spanId('span')
  private readonly instance = this.word('instance')
  private readonly version = this.word('version')
  private readonly node = this.word('node')
  private readonly zone = this.word('zone')
  private readonly caller = this.word('caller')
  private readonly callee = this.word('callee')
  private readonly route = this.word('route')
  private readonly responseFlags = this.word('response_flags')
  private readonly attempts = this.short('attempts')
  private readonly backoff = this.halves('backoff', 'Int64')
  private readonly wasted = this.halves('wasted', 'Int64')
  private readonly localReply = this.byte('local_reply')
  private readonly error = this.byte('error')
  private readonly status = this.short('status')
  private readonly flags = this.uint32('flags')
  private readonly weight = this.float('weight')
  private readonly added = this.measure('added')
  private readonly overhead = this.measure('overhead')
  private readonly requestPath = this.measure('request_path')
  private readonly responsePath = this.measure('response_path')
  /** What the columns hold of a proxy, until they are cleared: the analysis has one object for each. */
  private readonly known = new Map<ProxyIdentity, KnownProxy>()

  override truncate(rows: number): void {
    super.truncate(rows)
    if (rows === 0) this.known.clear()
  }

  push(proxy: ProxyTraversal, trace: TraceAnalysis, context: RowContext): void {
    const row = this.begin(context)
    const { retry } = proxy
    putHalves(this.traceStart.data, row, context.traceStart)
    this.traceDuration.put(row, trace.duration)
    putInstant(this.start.data, row, context.base, proxy.start)
    const known = this.known.get(proxy.identity) ?? this.know(proxy.identity)
    putHalves(this.proxyId.data, row, known.id)
    this.where.environment.indexes[row] = known.environment
    this.where.cluster.indexes[row] = known.cluster
    this.where.namespace.indexes[row] = known.namespace
    this.family.indexes[row] = known.family
    this.role.indexes[row] = known.role
    putSpanId(this.span.data, row, proxy.spanId)
    this.instance.put(row, proxy.instance)
    this.version.put(row, proxy.version)
    this.node.put(row, proxy.node)
    this.zone.put(row, proxy.zone)
    this.caller.put(row, proxy.caller)
    this.callee.put(row, proxy.callee)
    this.route.put(row, proxy.route)
    this.responseFlags.put(row, proxy.responseFlags)
    this.attempts.data[row] = uint16(retry.attempts)
    putInt64(this.backoff.data, row, retry.backoffNs)
    putInt64(this.wasted.data, row, retry.wastedNs)
    this.localReply.data[row] = proxy.localReply ? 1 : 0
    this.error.data[row] = proxy.error ? 1 : 0
    this.status.data[row] = uint16(proxy.status)
    this.flags.data[row] = proxy.flags | context.flags
    this.weight.data[row] = trace.weight
    putMeasure(this.added, row, proxy.added)
    putMeasure(this.overhead, row, proxy.overhead)
    putMeasure(this.requestPath, row, proxy.requestPath)
    putMeasure(this.responsePath, row, proxy.responsePath)
    this.rows++
  }

  private know(identity: ProxyIdentity): KnownProxy {
    const { where } = this
    const known = {
      id: identityHalves(identity.proxyId),
      environment: where.environment.indexOf(identity.environment),
      cluster: where.cluster.indexOf(identity.cluster),
      namespace: where.namespace.indexOf(identity.namespace),
      family: this.family.indexOf(identity.family),
      role: this.role.indexOf(identity.role),
    }
    if (this.known.size >= mostKnown) this.known.clear()
    this.known.set(identity, known)
    return known
  }
}

const mostKnown = 10_000

/** Its id, and indexes of its words. */
interface KnownProxy extends Record<'environment' | 'cluster' | 'namespace' | 'family' | 'role', number> {
  readonly id: Halves
}
