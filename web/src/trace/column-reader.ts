/** What columns of a trace say, by place. */
import type { Lists, Measures, Numbers, TraceColumns } from '../../../server/api/contract-columns.ts'
import type { Measure, TraceSpan } from '../../../server/api/contract.ts'

export type Attributes = TraceSpan['attributes']

export class Reader {
  readonly columns: TraceColumns
  private readonly missing: ReadonlyMap<number, string>
  private readonly events: ReadonlyMap<number, readonly (readonly number[])[]>
  private readonly links: ReadonlyMap<number, readonly (readonly number[])[]>
  private readonly resources: (Attributes | undefined)[] = []
  private readonly reasons = new Map<number, string[]>()
  private readonly base: bigint
  private readonly head: string
  private readonly rest: number

  constructor(columns: TraceColumns, startUnixNano: string) {
    this.columns = columns
    this.missing = new Map(columns.missing)
    this.events = new Map(columns.events)
    this.links = new Map(columns.links)
    this.base = BigInt(startUnixNano)
    const isPlain = /^[1-9]\d{12,}$/.test(startUnixNano)
    this.head = isPlain ? startUnixNano.slice(0, -12) : ''
    this.rest = isPlain ? Number(startUnixNano.slice(-12)) : Number.NaN
  }

  /** '' for no place. */
  idAt(at: number): string {
    return at < 0 ? '' : this.columns.spanIds.slice(16 * at, 16 * at + 16)
  }
  parentIdAt(at: number): string {
    return this.columns.parent[at] === -2 ? this.missing.get(at)! : this.idAt(this.columns.parent[at]!)
  }
  measure({ ns, lo, hi, nulls, level, reasons }: Measures, at: number): Measure {
    const none = nulls[at]!
    return {
      ns: none & 1 ? null : ns[at]!,
      loNs: none & 2 ? null : lo[at]!,
      hiNs: none & 4 ? null : hi[at]!,
      fidelity: this.word(level[at]!) as Measure['fidelity'],
      reasons: this.list(reasons[at]!),
    }
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

  /** Keys and values in turn; what comes later wins. */
  attributes(...pairs: readonly (readonly number[])[]): Attributes {
    const words: Attributes = {}
    for (const places of pairs)
      for (let i = 0; i < places.length; i += 2) define(words, this.word(places[i]!), this.word(places[i + 1]!))
    return words
  }
  attributesAt(at: number): Attributes {
    const { sets, set, attributes } = this.columns
    return this.attributes(listAt(sets, set[at]!), listAt(attributes, at))
  }
  resourceAt(at: number): Attributes {
    const place = this.columns.resource[at]!
    return (this.resources[place] ??= this.attributes(listAt(this.columns.resources, place)))
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

export const startOf = ({ ends }: Lists, entry: number): number => (entry === 0 ? 0 : ends[entry - 1]!)

/** The numbers of one entry. */
export function listAt(lists: Lists, entry: number): number[] {
  const list: number[] = []
  for (let i = startOf(lists, entry); i < lists.ends[entry]!; i++) list.push(lists.items[i]!)
  return list
}

/** Of few rows of `width` numbers each, the one that begins with `place`. */
export function rowAt(rows: Numbers, width: number, place: number): number | null {
  for (let i = 0; i < rows.length; i += width) if (rows[i] === place) return i
  return null
}

/** `__proto__` is a key like any other to whoever sent it. */
function define(words: Attributes, key: string, value: string): void {
  if (key === '__proto__')
    Object.defineProperty(words, key, { value, enumerable: true, configurable: true, writable: true })
  else words[key] = value
}
