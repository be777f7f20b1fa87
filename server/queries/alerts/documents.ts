import type { ClickHouse, QueryOptions } from '../../../storage/clickhouse.ts'
import { nativeBlock } from '../../../storage/native.ts'
import { loadSql } from '../load-sql.ts'

/** What alerts are made of (migrations/0019): documents of JSON, of each of which the newest revision counts. */
export type DocumentKind =
  'rule' | 'target' | 'silence' | 'alert' | 'change' | 'notification' | 'note' | 'progress' | 'audit'

export interface Stored<Body> {
  readonly kind: DocumentKind
  /** Id of what it belongs to; '' for none. */
  readonly about: string
  readonly id: string
  readonly revision: number
  /** Unix ms. */
  readonly atMs: number
  readonly state: string
  readonly body: Body
}

export interface Written {
  readonly kind: DocumentKind
  readonly about?: string
  readonly id: string
  readonly revision: number
  readonly atMs: number
  readonly state?: string
  readonly deleted?: boolean
  readonly body: unknown
  readonly secret?: string
}

interface Row {
  kind: DocumentKind
  about: string
  id: string
  revision: string
  atMs: string
  state: string
  body: string
}

export interface Asked {
  readonly kinds: readonly DocumentKind[]
  readonly about?: string
  readonly id?: string
  readonly states?: readonly string[]
  readonly most?: number
}

const readSql = loadSql(import.meta.url, 'documents.sql')
const secretsSql = loadSql(import.meta.url, 'secrets.sql')

/** Newest first. */
export async function readDocuments<Body>(
  clickhouse: ClickHouse,
  { kinds, about = '*', id = '', states = [], most = 100_000 }: Asked,
  options: QueryOptions = {},
): Promise<Stored<Body>[]> {
  const rows = await clickhouse.query<Row>(readSql, { kinds, about, id, states, most }, options)
  return rows.map(({ revision, atMs, body, ...row }) => ({
    ...row,
    revision: Number(revision),
    atMs: Number(atMs),
    body: JSON.parse(body) as Body,
  }))
}

/**
 * Stores all of them or none. @param token under which they are stored once, whatever they are; whose they are then says a look.
 */
export async function writeDocuments(
  clickhouse: ClickHouse,
  documents: readonly Written[],
  token?: string,
): Promise<void> {
  const block = nativeBlock([
    ['kind', 'LowCardinality(String)'],
    ['about', 'String'],
    ['id', 'String'],
    ['revision', 'UInt64'],
    ['at', 'DateTime64(3)'],
    ['state', 'LowCardinality(String)'],
    ['deleted', 'UInt8'],
    ['body', 'String'],
    ['secret', 'String'],
  ])
  for (const { kind, about = '', id, revision, atMs, state = '', deleted, body, secret = '' } of documents)
    block.push({
      kind,
      about,
      id,
      revision,
      at: atMs,
      state,
      deleted: deleted ? 1 : 0,
      body: JSON.stringify(body),
      secret,
    })
  const columns = 'alerting (kind, about, id, revision, at, state, deleted, body, secret)'
  // One block, so that it is one part: nobody sees half of it.
  const settings = {
    max_insert_block_size: '1000000',
    min_insert_block_size_rows: '0',
    min_insert_block_size_bytes: '0',
  }
  await clickhouse.insertNative(columns, [block.toBytes()], { settings, ...(token !== undefined && { token }) })
}

/** Secrets of targets by id. */
export async function readSecrets(clickhouse: ClickHouse): Promise<Map<string, string>> {
  const rows = await clickhouse.query<{ id: string; secret: string }>(secretsSql)
  return new Map(rows.map(({ id, secret }) => [id, secret]))
}
