import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { HopKind, Role } from '../api/contract.ts'
import { loadSql } from './load-sql.ts'
import type { QueryOf } from './query-of.ts'
import { hexOf, unsignedOf } from './rollup-window.ts'

const proxySql = loadSql(import.meta.url, 'proxy-names.sql')
const hopSql = loadSql(import.meta.url, 'hop-names.sql')

export interface ProxyName {
  /** 16 hex digits. */
  id: string
  environment: string
  cluster: string
  namespace: string
  family: string
  workload: string
  role: Role
  name: string
}

export interface HopName {
  /** 16 hex digits. */
  id: string
  environment: string
  cluster: string
  namespace: string
  kind: HopKind
  caller: string
  callee: string
  /** 16 hex digits each, caller to callee. */
  via: string[]
}

/**
 * Ids are hashes of words, so that what they stand for hardly ever changes (of a hop: its namespace); what was read is used for so long.
 * An id that is not there is looked for each time.
 */
const keptMs = 60_000

interface Kept<Name> {
  readonly name: Name
  readonly readMs: number
}

/** By connection: what one database calls something says nothing of another. */
const books = new WeakMap<ClickHouse, { proxies: Map<string, Kept<ProxyName>>; hops: Map<string, Kept<HopName>> }>()

function bookOf(clickhouse: ClickHouse) {
  let book = books.get(clickhouse)
  if (!book) books.set(clickhouse, (book = { proxies: new Map(), hops: new Map() }))
  return book
}

/** Of each kind: more is forgotten, so that ids that come and go take no more room. */
const mostKept = 100_000

/** Those of some ids, in their order: from `known`, what is missing there or old from `read`. */
async function namesOf<Name extends { id: string }>(
  known: Map<string, Kept<Name>>,
  ids: Iterable<string>,
  read: (ids: readonly string[]) => Promise<Name[]>,
): Promise<Map<string, Name>> {
  const now = Date.now()
  const wanted = [...new Set(ids)]
  const found = new Map<string, Name>()
  for (const id of wanted) {
    const kept = known.get(id)
    if (kept && now - kept.readMs <= keptMs) found.set(id, kept.name)
  }
  const missing = wanted.filter((id) => !found.has(id))
  if (missing.length === 0) return found
  if (known.size >= mostKept) known.clear()
  for (const name of await read(missing)) {
    known.set(name.id, { name, readMs: now })
    found.set(name.id, name)
  }
  return new Map(wanted.flatMap((id) => (found.has(id) ? [[id, found.get(id)!]] : [])))
}

const readProxies = async (clickhouse: ClickHouse, ids: readonly string[], options: QueryOf): Promise<ProxyName[]> => {
  const rows = await clickhouse.query<ProxyName>(proxySql, { ids: ids.map(unsignedOf) }, options)
  return rows.map((row) => ({ ...row, id: hexOf(row.id) }))
}

const readHops = async (clickhouse: ClickHouse, ids: readonly string[], options: QueryOf): Promise<HopName[]> => {
  const rows = await clickhouse.query<HopName>(hopSql, { ids: ids.map(unsignedOf) }, options)
  return rows.map((row) => ({ ...row, id: hexOf(row.id), via: row.via.map(hexOf) }))
}

const byId = <Name extends { id: string }>(names: readonly Name[]) => new Map(names.map((name) => [name.id, name]))

/** What proxies are called, by id; nothing is asked for none. @param ids 16 hex digits each. */
export const readProxyNames = (clickhouse: ClickHouse, ids: Iterable<string>, options: QueryOf) =>
  namesOf(bookOf(clickhouse).proxies, ids, (missing) => readProxies(clickhouse, missing, options))

/** What lies at the ends of hops and between, by id. @param ids 16 hex digits each. */
export const readHopNames = (clickhouse: ClickHouse, ids: Iterable<string>, options: QueryOf) =>
  namesOf(bookOf(clickhouse).hops, ids, (missing) => readHops(clickhouse, missing, options))

/** Of all that were ever seen. */
export const readAllProxyNames = async (clickhouse: ClickHouse, options: QueryOf) =>
  byId(await readProxies(clickhouse, [], options))

/** Of all that were ever seen. */
export const readAllHopNames = async (clickhouse: ClickHouse, options: QueryOf) =>
  byId(await readHops(clickhouse, [], options))
