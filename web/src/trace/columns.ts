/**
 * A trace out of columns: the very shape that the API has for scripts, but what only details and searches read is made when it is
 * asked for. 100,000 spans are there in a tenth of the time that their JSON would take.
 */
import type { CompactTrace, TraceColumns } from '../../../server/api/contract-columns.ts'
import type { PathSegment, Trace, TraceSpan } from '../../../server/api/contract.ts'

export function traceOfColumns({ columns, ...rest }: CompactTrace): Trace {
  const reader = new Reader(columns, rest.startUnixNano)
  const { path } = columns
  return {
    ...rest,
    spans: columns.parent.map((_, at) => new Span(reader, at)),
    criticalPath: path.span.map((_, i) => new Segment(reader, i)),
  }
}

type Attributes = TraceSpan['attributes']

class Reader {
  readonly columns: TraceColumns
  private readonly ids: string[]
  private readonly missing: ReadonlyMap<number, string>
  private readonly events: ReadonlyMap<number, number[][]>
  private readonly links: ReadonlyMap<number, number[][]>
  private readonly resources: (Attributes | undefined)[] = []
  private readonly reasons = new Map<number, string[]>()
  private readonly base: bigint
  private readonly head: string
  private readonly rest: number

  constructor(columns: TraceColumns, startUnixNano: string) {
    this.columns = columns
    this.ids = columns.parent.map((_, at) => columns.spanIds.slice(16 * at, 16 * at + 16))
    this.missing = new Map(columns.missing)
    this.events = new Map(columns.events)
    this.links = new Map(columns.links)
    this.base = BigInt(startUnixNano)
    const isPlain = /^[1-9]\d{12,}$/.test(startUnixNano)
    this.head = isPlain ? startUnixNano.slice(0, -12) : ''
    this.rest = isPlain ? Number(startUnixNano.slice(-12)) : Number.NaN
  }

  idAt(at: number): string {
    return this.ids[at]!
  }
  parentIdAt(at: number): string {
    const parent = this.columns.parent[at]!
    return parent >= 0 ? this.ids[parent]! : (this.missing.get(at) ?? '')
  }
  word(place: number): string {
    return this.columns.words[place]!
  }

  /** Within the thousand seconds of the start no bigint is needed, which a trace is nearly always. */
  instant(sinceNs: number): string {
    const rest = this.rest + sinceNs
    return rest >= 0 && rest < 1e12 ? this.head + String(rest).padStart(12, '0') : String(this.base + BigInt(sinceNs))
  }

  /** Words of a text with spaces between; the same text gives the same array. */
  list(place: number): string[] {
    let list = this.reasons.get(place)
    if (!list) this.reasons.set(place, (list = this.word(place).split(' ').filter(Boolean)))
    return list
  }

  attributes(...pairs: readonly (readonly number[])[]): Attributes {
    const words: Attributes = {}
    for (const places of pairs)
      for (let i = 0; i < places.length; i += 2) define(words, this.word(places[i]!), this.word(places[i + 1]!))
    return words
  }
  resourceAt(at: number): Attributes {
    const place = this.columns.resource[at]!
    return (this.resources[place] ??= this.attributes(this.columns.resources[place]!))
  }
  eventsAt(at: number): TraceSpan['events'] {
    return (this.events.get(at) ?? []).map(([name, since, ...pairs]) => ({
      name: this.word(name!),
      timeUnixNano: this.instant(since!),
      attributes: this.attributes(pairs),
    }))
  }
  linksAt(at: number): TraceSpan['links'] {
    return (this.links.get(at) ?? []).map(([traceId, spanId]) => ({
      traceId: this.word(traceId!),
      spanId: this.word(spanId!),
    }))
  }
}

/** `__proto__` is a key like any other to whoever sent it. */
function define(words: Attributes, key: string, value: string): void {
  if (key === '__proto__')
    Object.defineProperty(words, key, { value, enumerable: true, configurable: true, writable: true })
  else words[key] = value
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
    const { columns } = this.reader
    const self = columns.self[this.at]!
    const [ns, loNs, hiNs] = Array.isArray(self) ? self : [self, self, self]
    const fidelity = this.reader.word(columns.selfLevel[this.at]!) as TraceSpan['self']['fidelity']
    const reasons = this.reader.list(columns.selfReasons[this.at]!)
    return { ns: ns ?? null, loNs: loNs ?? null, hiNs: hiNs ?? null, fidelity, reasons }
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
