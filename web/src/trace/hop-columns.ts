/** Traversals of proxies and hops out of columns: what only details and rows in sight read is made when it is asked for. */
import type { HopColumns, ProxyColumns } from '../../../server/api/contract-columns.ts'
import type { Measure, TraceHop, TraceProxy } from '../../../server/api/contract.ts'
import { listAt, rowAt, type Reader } from './column-reader.ts'

export class Proxy implements TraceProxy {
  private readonly reader: Reader
  private readonly at: number

  constructor(reader: Reader, at: number) {
    this.reader = reader
    this.at = at
  }
  private get columns(): ProxyColumns {
    return this.reader.columns.proxies
  }
  private identity(part: number): string {
    return this.reader.word(this.columns.identities[4 * this.columns.identity[this.at]! + part]!)
  }
  get spanId(): string {
    return this.reader.idAt(this.columns.span[this.at]!)
  }
  get spanIds(): string[] {
    return listAt(this.columns.spans, this.at).map((place) => this.reader.idAt(place))
  }
  get proxyId(): string {
    return this.identity(0)
  }
  get name(): string {
    return this.identity(1)
  }
  get family(): string {
    return this.identity(2)
  }
  get role(): TraceProxy['role'] {
    return this.identity(3) as TraceProxy['role']
  }
  get instance(): string {
    return this.reader.word(this.columns.instance[this.at]!)
  }
  get overhead(): Measure {
    return this.reader.measure(this.columns.overhead, this.at)
  }
  get requestPath(): Measure {
    return this.reader.measure(this.columns.requestPath, this.at)
  }
  get responsePath(): Measure {
    return this.reader.measure(this.columns.responsePath, this.at)
  }
  get added(): Measure {
    return this.reader.measure(this.columns.added, this.at)
  }
  get retry(): TraceProxy['retry'] {
    const { attempts, lost } = this.columns
    // What was lost, was lost by trying again or waiting to.
    const row = lost.length > 0 ? rowAt(lost, 3, this.at) : null
    const [backoffNs, wastedNs] = row === null ? [0, 0] : [lost[row + 1]!, lost[row + 2]!]
    return { attempts: attempts[this.at]!, backoffNs, wastedNs }
  }
  get connectNs(): number | null {
    const ns = this.columns.connect[this.at]!
    return ns < 0 ? null : ns
  }
  get fanOut(): TraceProxy['fanOut'] {
    const { fanOut } = this.columns
    const row = rowAt(fanOut, 4, this.at)
    if (row === null) return null
    const [calls, stragglerNs, span] = [fanOut[row + 1]!, fanOut[row + 2]!, fanOut[row + 3]!]
    return { calls, stragglerNs, stragglerSpanId: this.reader.idAt(span) }
  }
  get localReply(): boolean {
    return rowAt(this.columns.localReply, 1, this.at) !== null
  }
  get flags(): string[] {
    return this.reader.list(this.columns.flags[this.at]!)
  }
  toJSON(): TraceProxy {
    const { spanId, spanIds, proxyId, name, family, role, instance, overhead, requestPath, responsePath, added } = this
    const { retry, connectNs, fanOut, localReply, flags } = this
    return {
      ...{ spanId, spanIds, proxyId, name, family, role, instance, overhead, requestPath, responsePath, added },
      ...{ retry, connectNs, fanOut, localReply, flags },
    }
  }
}

export class Hop implements TraceHop {
  private readonly reader: Reader
  private readonly at: number

  constructor(reader: Reader, at: number) {
    this.reader = reader
    this.at = at
  }
  private get columns(): HopColumns {
    return this.reader.columns.hops
  }
  private end(service: number, span: number): TraceHop['caller'] {
    return service < 0 ? null : { service: this.reader.word(service), spanId: this.reader.idAt(span) }
  }
  get hopId(): string {
    return this.reader.word(this.columns.id[this.at]!)
  }
  get kind(): TraceHop['kind'] {
    return this.reader.word(this.columns.kind[this.at]!) as TraceHop['kind']
  }
  get caller(): TraceHop['caller'] {
    return this.end(this.columns.caller[this.at]!, this.columns.callerSpan[this.at]!)
  }
  get callee(): TraceHop['callee'] {
    return this.end(this.columns.callee[this.at]!, this.columns.calleeSpan[this.at]!)
  }
  get via(): string[] {
    return listAt(this.columns.via, this.at).map((place) => this.reader.idAt(place))
  }
  get transit(): Measure {
    return this.reader.measure(this.columns.transit, this.at)
  }
  get segments(): TraceHop['segments'] {
    const flat = listAt(this.columns.segments, this.at)
    const segments: TraceHop['segments'] = []
    for (let i = 0; i < flat.length; i += 4) {
      segments.push({
        class: this.reader.word(flat[i]!) as TraceHop['segments'][number]['class'],
        ownerSpanId: this.reader.idAt(flat[i + 1]!),
        ns: flat[i + 2]!,
        fidelity: this.reader.word(flat[i + 3]!) as Measure['fidelity'],
      })
    }
    return segments
  }
  toJSON(): TraceHop {
    const { hopId, kind, caller, callee, via, transit, segments } = this
    return { hopId, kind, caller, callee, via, transit, segments }
  }
}
