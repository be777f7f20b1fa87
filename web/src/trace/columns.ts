/**
 * A trace out of columns: the very shape that the API has for scripts, but what only details and searches read is made when it is
 * asked for, and how all hangs together (`shape`) is told by numbers.
 */
import type { CompactTrace } from '../../../server/api/contract-columns.ts'
import type { PathSegment, Trace, TraceSpan } from '../../../server/api/contract.ts'
import { Reader, type Attributes } from './column-reader.ts'
import { Hop, Proxy } from './hop-columns.ts'
import { shapeOfColumns, type TraceShape } from './shape.ts'

export function traceOfColumns({ columns, ...rest }: CompactTrace): Trace & { shape: () => TraceShape } {
  const reader = new Reader(columns, rest.startUnixNano)
  const { spanIds, path, proxies, hops } = columns
  return {
    ...rest,
    spans: many(spanIds.length / 16, (at) => new Span(reader, at)),
    get criticalPath() {
      return many(path.span.length, (i) => segmentOf(reader, i))
    },
    proxies: many(proxies.span.length, (i) => new Proxy(reader, i)),
    hops: many(hops.id.length, (i) => new Hop(reader, i)),
    shape: () => shapeOfColumns(columns),
  }
}

function many<Item>(count: number, of: (at: number) => Item): Item[] {
  const items: Item[] = []
  for (let at = 0; at < count; at++) items.push(of(at))
  return items
}

class Span implements TraceSpan {
  private readonly reader: Reader
  private readonly at: number

  constructor(reader: Reader, at: number) {
    this.reader = reader
    this.at = at
  }
  get spanId(): string {
    return this.reader.idAt(this.at)
  }
  get parentSpanId(): string {
    return this.reader.parentIdAt(this.at)
  }
  get service(): string {
    return this.reader.word(this.reader.columns.service[this.at]!)
  }
  get name(): string {
    return this.reader.word(this.reader.columns.name[this.at]!)
  }
  get kind(): TraceSpan['kind'] {
    return this.reader.word(this.reader.columns.kind[this.at]!) as TraceSpan['kind']
  }
  get role(): TraceSpan['role'] {
    return this.reader.word(this.reader.columns.role[this.at]!) as TraceSpan['role']
  }
  get status(): TraceSpan['status'] {
    return this.reader.word(this.reader.columns.status[this.at]!) as TraceSpan['status']
  }
  get durationNs(): number {
    return this.reader.columns.duration[this.at]!
  }
  get flags(): string[] {
    return this.reader.list(this.reader.columns.flags[this.at]!)
  }
  get startUnixNano(): string {
    return this.reader.instant(this.reader.columns.start[this.at]!)
  }
  get placedStartUnixNano(): string {
    return this.reader.instant(this.reader.columns.start[this.at]! + this.reader.columns.moved[this.at]!)
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
    return this.reader.attributesAt(this.at)
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
    const { scopes, scope } = this.reader.columns
    const [name, version] = [scopes.items[2 * scope[this.at]!]!, scopes.items[2 * scope[this.at]! + 1]!]
    return { name: this.reader.word(name), version: this.reader.word(version) }
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

function segmentOf(reader: Reader, i: number): PathSegment {
  const { path } = reader.columns
  return {
    spanId: reader.idAt(path.span[i]!),
    class: reader.word(path.class[i]!) as PathSegment['class'],
    leg: reader.word(path.leg[i]!) as PathSegment['leg'],
    startUnixNano: reader.instant(path.start[i]!),
    ns: path.ns[i]!,
  }
}
