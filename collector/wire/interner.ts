import { ByteBuffer } from '../../storage/bytes.ts'
import { ContentHash } from '../../storage/hash.ts'
import { nativeBlock, type NativeBlock } from '../../storage/native.ts'
import { anyValueText, decodeKeyValues, decodeResource, decodeScope, type KeyValue } from '../../storage/otlp-decode.ts'
import { viewOf } from '../../storage/protobuf.ts'
import { AttributeKeys } from './attribute-keys.ts'
import { checkMessage, messages } from './check.ts'
import { IdCache } from './id-cache.ts'

/**
 * Gives resources, scopes and attribute sets their 64-bit ids and keeps the rows that the store does not have yet.
 * The rows belong to a batch and must be stored before its spans.
 */
export interface DictionaryRows {
  readonly resources: NativeBlock<ResourceRow>
  readonly scopes: NativeBlock<ScopeRow>
  readonly attrsets: NativeBlock<AttrsetRow>
}

interface ResourceRow {
  resource: bigint
  service: string
  attrs: Map<string, string>
  schema_url: Uint8Array
  raw: Uint8Array
  seen_at: number
}
interface ScopeRow {
  scope: bigint
  name: string
  version: string
  schema_url: Uint8Array
  raw: Uint8Array
  seen_at: number
}
interface AttrsetRow {
  attrset: bigint
  attrs: Map<string, string>
  raw: Uint8Array
  seen_at: number
}

export function dictionaryRows(): DictionaryRows {
  const seenAt = ['seen_at', "DateTime('UTC')"] as const
  const attrs = ['attrs', 'Map(LowCardinality(String), String)'] as const
  return {
    resources: nativeBlock([
      ['resource', 'UInt64'],
      ['service', 'LowCardinality(String)'],
      attrs,
      ['schema_url', 'String'],
      ['raw', 'String'],
      seenAt,
    ]),
    scopes: nativeBlock([
      ['scope', 'UInt64'],
      ['name', 'LowCardinality(String)'],
      ['version', 'LowCardinality(String)'],
      ['schema_url', 'String'],
      ['raw', 'String'],
      seenAt,
    ]),
    attrsets: nativeBlock([['attrset', 'UInt64'], attrs, ['raw', 'String'], seenAt]),
  }
}

/** Unix seconds after which an id is written again: dictionaries outlive spans by two days (migrations/0001). */
const rewriteAfter = 86_400
const keyWindow = 3600

const seeds = { resource: 1, scope: 2, attrset: 3 } as const
type Kind = keyof typeof seeds

/** Attributes as text; of a repeated key the last value. */
export const textOf = (attributes: readonly KeyValue[]): Map<string, string> =>
  new Map(attributes.map(({ key, value }) => [key, anyValueText(value)]))

/** A name by the low half of an id. */
interface Word {
  high: number
  text: string
}
const mostWords = 20_000

export class Interner {
  readonly keys: AttributeKeys
  readonly hash = new ContentHash()
  private readonly caches: Record<Kind, IdCache> = {
    resource: new IdCache(1 << 16),
    scope: new IdCache(1 << 14),
    attrset: new IdCache(1 << 18),
  }
  /** What the caches were asked since the start. */
  readonly lookups: Record<Kind, { hits: number; misses: number }> = {
    resource: { hits: 0, misses: 0 },
    scope: { hits: 0, misses: 0 },
    attrset: { hits: 0, misses: 0 },
  }
  private rows: DictionaryRows = dictionaryRows()
  private added: { kind: Kind; low: number; high: number }[] = []
  private mark = { resources: 0, scopes: 0, attrsets: 0 }
  private readonly services = new Map<number, Word>()
  private readonly scopeNames = new Map<number, Word>()
  private now = 0
  private windowEnd = 0
  private taken = 0

  constructor(keys = new AttributeKeys()) {
    this.keys = keys
  }

  /** Begins a request: what follows goes into `rows`, until `takeBack` or the next `begin`. @param now Unix seconds */
  begin(rows: DictionaryRows, now: number): void {
    this.rows = rows
    this.now = now
    this.added = []
    this.mark = { resources: rows.resources.rows, scopes: rows.scopes.rows, attrsets: rows.attrsets.rows }
    if (now < this.windowEnd) return
    this.windowEnd = now + keyWindow
    this.keys.nextWindow()
  }

  /** Rises whenever an attribute set that was written may have to be written again, or consist of other keys. */
  get epoch(): number {
    return this.taken + this.keys.left + this.caches.attrset.clears
  }

  /** Until when (Unix seconds) the set whose id is in `hash` needs no writing, as long as `epoch` stays. */
  setGoodUntil(): number {
    return this.caches.attrset.writtenAtOf(this.hash.low, this.hash.high) + rewriteAfter
  }

  /** The time of the request, Unix seconds. */
  get time(): number {
    return this.now
  }

  /** Undoes what the request interned. */
  takeBack(): void {
    if (this.added.length > 0) this.taken++
    for (const { kind, low, high } of this.added) this.caches[kind].forget(low, high)
    this.rows.resources.truncate(this.mark.resources)
    this.rows.scopes.truncate(this.mark.scopes)
    this.rows.attrsets.truncate(this.mark.attrsets)
    this.added = []
  }

  /** Forgets what the store has: everything is written again when it is next seen. */
  forget(): void {
    for (const cache of Object.values(this.caches)) cache.clear()
  }

  /** Whether the store has this id, so that nothing of it needs to be looked at; it counts as a look-up then. */
  has(kind: 'resource' | 'scope', low: number, high: number): boolean {
    if (!this.caches[kind].has(low, high, this.now - rewriteAfter)) return false
    this.lookups[kind].hits++
    return true
  }

  /** Whether the id that `hash` holds must be written; if so it counts as written from now on. */
  private isNew(kind: Kind): boolean {
    const { low, high } = this.hash
    const cache = this.caches[kind]
    const counts = this.lookups[kind]
    if (cache.has(low, high, this.now - rewriteAfter)) {
      counts.hits++
      return false
    }
    counts.misses++
    cache.add(low, high, this.now)
    this.added.push({ kind, low, high })
    return true
  }

  private id(): bigint {
    return (BigInt(this.hash.high) << 32n) | BigInt(this.hash.low)
  }

  private hashOf(kind: Kind, raw: Uint8Array, schemaUrl: Uint8Array): void {
    this.hash.reset(seeds[kind])
    this.hash.add(viewOf(raw), 0, raw.length)
    this.hash.add(viewOf(schemaUrl), 0, schemaUrl.length)
    this.hash.finish()
  }

  /**
   * Leaves the id of a Resource message in `hash`.
   * @throws MalformedError, TooDeepError
   */
  resource(raw: Uint8Array, schemaUrl: Uint8Array): void {
    this.hashOf('resource', raw, schemaUrl)
    if (!this.isNew('resource')) return
    this.verified('resource', () => {
      checkMessage(raw, 0, raw.length, messages.resource)
      const attrs = textOf(decodeResource(raw).attributes)
      const service = attrs.get('service.name') ?? ''
      this.rows.resources.push({ resource: this.id(), service, attrs, schema_url: schemaUrl, raw, seen_at: this.now })
    })
  }

  /** Leaves the id of an InstrumentationScope message in `hash`. @throws MalformedError, TooDeepError */
  scope(raw: Uint8Array, schemaUrl: Uint8Array): void {
    this.hashOf('scope', raw, schemaUrl)
    if (!this.isNew('scope')) return
    this.verified('scope', () => {
      checkMessage(raw, 0, raw.length, messages.scope)
      const { name, version } = decodeScope(raw)
      this.rows.scopes.push({ scope: this.id(), name, version, schema_url: schemaUrl, raw, seen_at: this.now })
    })
  }

  /** `service.name` of the Resource whose id is in `hash`. */
  serviceName(raw: Uint8Array): string {
    return this.remembered(this.services, () => textOf(decodeResource(raw).attributes).get('service.name') ?? '')
  }

  /** The name of the scope whose id is in `hash`. */
  scopeName(raw: Uint8Array): string {
    return this.remembered(this.scopeNames, () => decodeScope(raw).name)
  }

  private remembered(words: Map<number, Word>, read: () => string): string {
    const { low, high } = this.hash
    let word = words.get(low)
    if (word?.high !== high) {
      if (words.size >= mostWords) words.clear()
      word = { high, text: read() }
      words.set(low, word)
    }
    return word.text
  }

  /** Begins an attribute set; then `hash.addResult` of `hashKeyValue` for each KeyValue, then `attributeSet`. */
  beginSet(): void {
    this.hash.reset(seeds.attrset)
  }

  /** The hash of one KeyValue of a set, in `into`. */
  hashKeyValue(view: DataView, from: number, to: number, into: ContentHash): void {
    into.reset(seeds.attrset)
    into.add(view, from, to)
    into.finish()
  }

  /**
   * Leaves the id of the set in `hash`.
   * @param ranges begin and end of each KeyValue message, `count` numbers
   * @throws MalformedError, TooDeepError
   */
  attributeSet(source: Uint8Array, ranges: Int32Array, count: number): void {
    this.hash.finish()
    if (!this.isNew('attrset')) return
    this.verified('attrset', () => {
      const raw = new ByteBuffer()
      for (let i = 0; i < count; i += 2) {
        checkMessage(source, ranges[i]!, ranges[i + 1]!, messages.keyValue)
        raw.u8(spanAttributesTag)
        raw.lengthPrefixed(source, ranges[i]!, ranges[i + 1]!)
      }
      const attrs = textOf(decodeKeyValues(raw.written()))
      this.rows.attrsets.push({ attrset: this.id(), attrs, raw: raw.written(), seen_at: this.now })
      this.keys.learn(attrs)
    })
  }

  /** Runs the writing of a row; an id whose content is refused must not stay known. */
  private verified(kind: Kind, write: () => void): void {
    try {
      write()
    } catch (error) {
      const { low, high } = this.hash
      this.caches[kind].forget(low, high)
      throw error
    }
  }
}

/** Field 9 of a Span, length-delimited. */
const spanAttributesTag = 0x4a
