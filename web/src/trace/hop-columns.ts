/** Traversals of proxies and hops out of columns: what only details and rows in sight read is made when it is asked for. */
import type { HopColumns, ProxyColumns } from '../../../server/api/contract-columns.ts'
import type { Measure, TraceHop, TraceProxy } from '../../../server/api/contract.ts'
import type { Reader } from './column-reader.ts'

/** Of the few that have any, by the place they begin with. */
const found = (rows: readonly (readonly number[])[], at: number) => rows.find(([place]) => place === at)

export class Proxy implements TraceProxy {
  private readonly reader: Reader
  private readonly at: number
  readonly role: TraceProxy['role']
  readonly retry: TraceProxy['retry']

  constructor(reader: Reader, at: number) {
    this.reader = reader
    this.at = at
    this.role = this.identity(3) as TraceProxy['role']
    const { attempts, lost } = this.columns
    const [, backoffNs = 0, wastedNs = 0] = lost.length > 0 ? (found(lost, at) ?? []) : []
    this.retry = { attempts: attempts[at]!, backoffNs, wastedNs }
  }
  private get columns(): ProxyColumns {
    return this.reader.columns.proxies
  }
  private identity(part: number): string {
    return this.reader.word(this.columns.identities[this.columns.identity[this.at]!]![part]!)
  }
  get spanId(): string {
    return this.reader.spanIdAt(this.columns.span[this.at]!)
  }
  get spanIds(): string[] {
    return this.columns.spans[this.at]!.map((place) => this.reader.spanIdAt(place))
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
  get connectNs(): number | null {
    return this.columns.connect[this.at]!
  }
  get fanOut(): TraceProxy['fanOut'] {
    const [, calls, stragglerNs, span] = found(this.columns.fanOut, this.at) ?? []
    return calls === undefined
      ? null
      : { calls, stragglerNs: stragglerNs!, stragglerSpanId: this.reader.spanIdAt(span!) }
  }
  get localReply(): boolean {
    return this.columns.localReply.includes(this.at)
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
  private end([service, span]: readonly number[]): TraceHop['caller'] {
    return service === undefined ? null : { service: this.reader.word(service), spanId: this.reader.spanIdAt(span!) }
  }
  get hopId(): string {
    return this.reader.word(this.columns.id[this.at]!)
  }
  get kind(): TraceHop['kind'] {
    return this.reader.word(this.columns.kind[this.at]!) as TraceHop['kind']
  }
  get caller(): TraceHop['caller'] {
    return this.end(this.columns.caller[this.at]!)
  }
  get callee(): TraceHop['callee'] {
    return this.end(this.columns.callee[this.at]!)
  }
  get via(): string[] {
    return this.columns.via[this.at]!.map((place) => this.reader.spanIdAt(place))
  }
  get transit(): Measure {
    return this.reader.measure(this.columns.transit, this.at)
  }
  get segments(): TraceHop['segments'] {
    const flat = this.columns.segments[this.at]!
    const segments: TraceHop['segments'] = []
    for (let i = 0; i < flat.length; i += 4) {
      segments.push({
        class: this.reader.word(flat[i]!) as TraceHop['segments'][number]['class'],
        ownerSpanId: this.reader.spanIdAt(flat[i + 1]!),
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
