import type { ProxyIdentity, ProxyTraversal, TraceAnalysis } from '../../analysis/types.ts'
import { identityHalves, putHalves, putInstant, putInt64, putSpanId, uint16, type Halves } from './columns.ts'
import { FactTable, putMeasure, putPlace, type RowContext } from './table.ts'
import { Together } from './together.ts'

export class ProxyFacts extends FactTable {
  private readonly together = new Together()
  private readonly traceStart = this.halves('trace_start', 'DateTime64(9)')
  private readonly traceDuration = this.nullable('trace_duration')
  private readonly start = this.halves('start', 'DateTime64(9)')
  private readonly proxyId = this.halves('proxy_id', 'UInt64')
  private readonly where = this.placeOf(this.together)
  private readonly family = this.wordOf(this.together, 'family')
  private readonly role = this.wordOf(this.together, 'role')
  private readonly span = this.spanId('span')
  private readonly instance = this.wordOf(this.together, 'instance')
  private readonly version = this.wordOf(this.together, 'version')
  private readonly node = this.wordOf(this.together, 'node')
  private readonly zone = this.wordOf(this.together, 'zone')
  private readonly caller = this.wordOf(this.together, 'caller')
  private readonly callee = this.wordOf(this.together, 'callee')
  private readonly route = this.wordOf(this.together, 'route')
  private readonly responseFlags = this.wordOf(this.together, 'response_flags')
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
  /** What the columns hold of traversals by their instance, until they are cleared. */
  private readonly known = new Map<string, KnownTraversal[]>()

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
    const known = this.knownAs(proxy)
    putHalves(this.proxyId.data, row, known.id)
    this.together.ofRow[row] = known.number
    putSpanId(this.span.data, row, proxy.spanId)
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

  private knownAs(proxy: ProxyTraversal): KnownTraversal {
    let ofInstance = this.known.get(proxy.instance)
    if (ofInstance === undefined) this.known.set(proxy.instance, (ofInstance = []))
    for (const known of ofInstance) if (isSame(known.traversal, proxy)) return known
    if (ofInstance.length >= mostOfInstance) ofInstance.length = 0
    const known = this.know(proxy)
    ofInstance.push(known)
    return known
  }

  private know(traversal: ProxyTraversal): KnownTraversal {
    const { identity } = traversal
    const number = this.together.next()
    putPlace(this.where, number, identity)
    this.family.put(number, identity.family)
    this.role.put(number, identity.role)
    this.instance.put(number, traversal.instance)
    this.version.put(number, traversal.version)
    this.node.put(number, traversal.node)
    this.zone.put(number, traversal.zone)
    this.caller.put(number, traversal.caller)
    this.callee.put(number, traversal.callee)
    this.route.put(number, traversal.route)
    this.responseFlags.put(number, traversal.responseFlags)
    return { id: identityHalves(identity.proxyId), number, traversal }
  }
}

/** Routes and neighbours of one instance that are looked through. */
const mostOfInstance = 64

/** The id of a proxy, and the number of its words and those of its traversal. */
interface KnownTraversal {
  readonly id: Halves
  readonly number: number
  readonly traversal: ProxyTraversal
}

const isSame = (a: ProxyTraversal, b: ProxyTraversal): boolean =>
  a.route === b.route &&
  a.caller === b.caller &&
  a.callee === b.callee &&
  (a.identity === b.identity || isSameProxy(a.identity, b.identity)) &&
  a.version === b.version &&
  a.node === b.node &&
  a.zone === b.zone &&
  a.responseFlags === b.responseFlags

const isSameProxy = (a: ProxyIdentity, b: ProxyIdentity): boolean =>
  a.proxyId === b.proxyId &&
  a.namespace === b.namespace &&
  a.cluster === b.cluster &&
  a.environment === b.environment &&
  a.family === b.family &&
  a.role === b.role
