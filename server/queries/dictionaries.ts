import { readFileSync } from 'node:fs'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { internalised } from '../analysis/internalised.ts'
import type { Attributes, ResourceInput, ScopeInput } from '../analysis/types.ts'
import { IdTable } from './id-table.ts'
import { readNative, type Integers64, type Maps, type NativeRows } from './native-reader.ts'

/** A resource, scope or attribute set as text, with the protobuf that was sent (see storage/otlp-decode.ts). */
export interface StoredResource extends ResourceInput {
  readonly schemaUrl: string
  readonly raw: Uint8Array
}

export interface StoredScope extends ScopeInput {
  readonly schemaUrl: string
  readonly raw: Uint8Array
}

export interface StoredAttributeSet {
  readonly attributes: Attributes
  readonly raw: Uint8Array
}

/**
 * What one kind of id stands for: fetches the ids of all blocks that are not known yet and returns the entry of each row, block by block.
 * The same id gives the same object, so that the analysis can key a WeakMap by it; an id without a row in ClickHouse
 * gives an empty entry.
 */
export type Dictionary<Entry> = (blocks: readonly Integers64[]) => Promise<((row: number) => Entry)[]>

export interface Dictionaries {
  readonly resources: Dictionary<StoredResource>
  readonly scopes: Dictionary<StoredScope>
  readonly attributeSets: Dictionary<StoredAttributeSet>
}

const sql = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
const resourcesById = sql('resources-by-id.sql')
const scopesById = sql('scopes-by-id.sql')
const attributeSetsById = sql('attrsets-by-id.sql')

const nothing: Attributes = new Map()
const noBytes = new Uint8Array()

export function openDictionaries(clickhouse: ClickHouse): Dictionaries {
  return {
    resources: dictionary(clickhouse, resourcesById, { attributes: nothing, schemaUrl: '', raw: noBytes }, (block) => {
      const attrs = block.column('attrs', 'maps')
      const schemaUrl = block.column('schema_url', 'texts')
      const raw = block.column('raw', 'texts')
      return (row) => ({
        attributes: attributesAt(attrs, row),
        schemaUrl: schemaUrl.at(row),
        raw: Buffer.from(raw.bytesAt(row)),
      })
    }),
    scopes: dictionary<StoredScope>(
      clickhouse,
      scopesById,
      { name: '', version: '', schemaUrl: '', raw: noBytes, tailSampled: false },
      (block) => {
        const name = block.column('name', 'words')
        const version = block.column('version', 'words')
        const schemaUrl = block.column('schema_url', 'texts')
        const raw = block.column('raw', 'texts')
        return (row) => ({
          name: name.words[name.indexes[row]!]!,
          version: version.words[version.indexes[row]!]!,
          schemaUrl: schemaUrl.at(row),
          raw: Buffer.from(raw.bytesAt(row)),
          tailSampled: isTailSampled(raw.bytesAt(row)),
        })
      },
    ),
    attributeSets: dictionary(clickhouse, attributeSetsById, { attributes: nothing, raw: noBytes }, (block) => {
      const attrs = block.column('attrs', 'maps')
      const raw = block.column('raw', 'texts')
      return (row) => ({ attributes: attributesAt(attrs, row), raw: Buffer.from(raw.bytesAt(row)) })
    }),
  }
}

/**
 * Attribute `tailsampling.policy` of the scope, which the Collector sets with its feature gate `recordpolicy`. Looked for in
 * its bytes: what was sent need not be valid any further than it was read.
 */
const isTailSampled = (rawScope: Uint8Array): boolean => Buffer.from(rawScope).includes('tailsampling.policy')

/** The entries of one Map; the shared empty one where there are none. */
export function attributesAt({ ends, keys, values }: Maps, row: number): Attributes {
  const from = row === 0 ? 0 : ends[row - 1]!
  const to = ends[row]!
  if (from === to) return nothing
  const attributes = new Map<string, string>()
  for (let i = from; i < to; i++) attributes.set(keys.words[keys.indexes[i]!]!, internalised(values.at(i)))
  return attributes
}

/** Entries kept; beyond it all are dropped and fetched again: simple, and rarer than once in many minutes. */
const maxEntries = 200_000
/** Looked for in one query, so that none takes long. */
const idsPerQuery = 5_000

function dictionary<Entry>(
  clickhouse: ClickHouse,
  query: string,
  empty: Entry,
  entriesOf: (block: NativeRows) => (row: number) => Entry,
): Dictionary<Entry> {
  let known = new IdTable<Entry>()
  return async (blocks) => {
    const entries = blocks.map(({ low }) => new Array<Entry | undefined>(low.length))
    let missing = look(known, blocks, entries)
    if (known.size + missing.length > maxEntries) {
      known = new IdTable()
      missing = look(known, blocks, entries)
    }
    // Whoever still looks into a table that was given up finds there what it has loaded.
    const mine = known
    for (let from = 0; from < missing.length; from += idsPerQuery) {
      const some = missing.slice(from, from + idsPerQuery)
      const body = await clickhouse.queryBytes(query, { ids: some }, { settings: { max_threads: 1 } })
      for (const block of readNative(body)) {
        const id = block.column('id', 'integers64')
        const entryAt = entriesOf(block)
        for (let row = 0; row < block.rows; row++) mine.add(id.low[row]!, id.high[row]!, entryAt(row))
      }
    }
    if (missing.length > 0) look(mine, blocks, entries)
    return entries.map((of) => (row) => of[row] ?? empty)
  }
}

/** Puts the entry of each row into `entries`. @returns ids that are not known, each once. */
function look<Entry>(
  known: IdTable<Entry>,
  blocks: readonly Integers64[],
  entries: readonly (Entry | undefined)[][],
): bigint[] {
  const missing = new Set<bigint>()
  for (const [i, { low, high }] of blocks.entries()) {
    const of = entries[i]!
    for (let row = 0; row < low.length; row++) {
      const entry = known.find(low[row]!, high[row]!)
      of[row] = entry
      if (entry === undefined) missing.add(unsigned(low[row]!, high[row]!))
    }
  }
  return [...missing]
}

const unsigned = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low)
