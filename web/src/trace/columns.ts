/**
 * A trace out of columns: the very shape that the API has for scripts, but what only details and searches read is made when it is
 * asked for. 100,000 spans are there in a tenth of the time that their JSON would take.
 */
import type { CompactTrace } from '../../../server/api/contract-columns.ts'
import type { PathSegment, Trace, TraceSpan } from '../../../server/api/contract.ts'
import { Reader, type Attributes } from './column-reader.ts'
import { Hop, Proxy } from './hop-columns.ts'

export function traceOfColumns({ columns, ...rest }: CompactTrace): Trace {
  const reader = new Reader(columns, rest.startUnixNano)
  const { path } = columns
  return {
    ...rest,
    spans: columns.parent.map((_, at) => new Span(reader, at)),
    criticalPath: path.span.map((_, i) => new Segment(reader, i)),
    proxies: columns.proxies.span.map((_, i) => new Proxy(reader, i)),
    hops: columns.hops.id.map((_, i) => new Hop(reader, i)),
  }
}

class Span implements TraceSpan {
  private readonly reader: Reader
  private readonly at: number
  readonly spanId: string
  readonly parentSpanId: string
  readonly service: string
  readonly name: string
  readonly kind: TraceSpan['kind']
  readonly role: TraceSpan['role']
  readonly status: TraceSpan['status']
  readonly durationNs: number
  /** What the drawing needs of the two starts: numbers, ns since the start of the trace. */
  readonly rawFromNs: number
  readonly fromNs: number
  readonly flags: string[]

  constructor(reader: Reader, at: number) {
    const { columns } = reader
    this.reader = reader
    this.at = at
    this.spanId = reader.idAt(at)
    this.parentSpanId = reader.parentIdAt(at)
    this.service = reader.word(columns.service[at]!)
    this.name = reader.word(columns.name[at]!)
    this.kind = reader.word(columns.kind[at]!) as TraceSpan['kind']
    this.role = reader.word(columns.role[at]!) as TraceSpan['role']
    this.status = reader.word(columns.status[at]!) as TraceSpan['status']
    this.durationNs = columns.duration[at]!
    this.rawFromNs = columns.start[at]!
    this.fromNs = this.rawFromNs + columns.moved[at]!
    this.flags = reader.list(columns.flags[at]!)
  }
  get startUnixNano(): string {
    return this.reader.instant(this.rawFromNs)
  }
  get placedStartUnixNano(): string {
    return this.reader.instant(this.fromNs)
  }
  get proxyFamily(): string {
    return this.reader.word(this.reader.columns.family[this.at]!)
  }
  get rule(): string {
    return this.reader.word(this.reader.columns.rule[this.at]!)
  }
  get self(): TraceSpan['self'] {
    return this.reader.measure(this.reader.columns.self, this.at)
  }
  get attributes(): Attributes {
    const { columns } = this.reader
    return this.reader.attributes(columns.sets[columns.set[this.at]!]!, columns.attributes[this.at]!)
  }
  get resource(): Attributes {
    return this.reader.resourceAt(this.at)
  }
  get events(): TraceSpan['events'] {
    return this.reader.eventsAt(this.at)
  }
  get links(): TraceSpan['links'] {
    return this.reader.linksAt(this.at)
  }
  get scope(): TraceSpan['scope'] {
    const [name, version] = this.reader.columns.scopes[this.reader.columns.scope[this.at]!]!
    return { name: this.reader.word(name!), version: this.reader.word(version!) }
  }
  /** As the API gives it to scripts: what is read on demand is no property of its own. */
  toJSON(): TraceSpan {
    const { spanId, parentSpanId, service, name, kind, role, proxyFamily, rule, startUnixNano, placedStartUnixNano } =
      this
    const { durationNs, self, status, attributes, resource, events, links, scope, flags } = this
    return {
      ...{ spanId, parentSpanId, service, name, kind, role, proxyFamily, rule, startUnixNano, placedStartUnixNano },
      ...{ durationNs, self, status, attributes, resource, events, links, scope, flags },
    }
  }
}

class Segment implements PathSegment {
  private readonly reader: Reader
  private readonly i: number
  readonly spanId: string
  readonly class: PathSegment['class']
  /** ns since the start of the trace. */
  readonly fromNs: number
  readonly ns: number

  constructor(reader: Reader, i: number) {
    const { path } = reader.columns
    this.reader = reader
    this.i = i
    this.spanId = reader.idAt(path.span[i]!)
    this.class = reader.word(path.class[i]!) as PathSegment['class']
    this.fromNs = path.start[i]!
    this.ns = path.ns[i]!
  }
  get leg(): PathSegment['leg'] {
    return this.reader.word(this.reader.columns.path.leg[this.i]!) as PathSegment['leg']
  }
  get startUnixNano(): string {
    return this.reader.instant(this.fromNs)
  }
  toJSON(): PathSegment {
    const { spanId, leg, startUnixNano, ns } = this
    return { spanId, class: this.class, leg, startUnixNano, ns }
  }
}
