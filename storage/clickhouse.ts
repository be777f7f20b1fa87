import { ClickHouseLogLevel, createClient, type ClickHouseSettings } from '@clickhouse/client'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

/** The one way to ClickHouse: everything reads and writes through this seam, embedded engine and server alike. */
export interface ClickHouse {
  /** Runs a SELECT; each row is an object. 64-bit integers come as strings. */
  query<Row>(sql: string, params?: Params, options?: QueryOptions): Promise<Row[]>
  /** Runs a SELECT whose text names its FORMAT; returns the body. */
  queryBytes(sql: string, params?: Params, options?: QueryOptions): Promise<Buffer>
  /** Runs a statement without a result. */
  command(sql: string, params?: Params, options?: QueryOptions): Promise<void>
  /** `INSERT INTO <into> FORMAT Native` with blocks made by storage/native.ts. Resolves when the rows are committed. */
  insertNative(into: string, blocks: readonly Uint8Array[], options?: InsertOptions): Promise<void>
  ping(): Promise<boolean>
  close(): Promise<void>
}

export type Params = Record<string, unknown>

export interface QueryOptions {
  signal?: AbortSignal
  queryId?: string
  settings?: ClickHouseSettings
}

export interface InsertOptions extends QueryOptions {
  /** insert_deduplication_token: the same token is applied once, whatever the data. */
  token?: string
}

export interface ConnectOptions {
  /** How many requests may be under way at once. */
  connections?: number
  timeoutMs?: number
  /**
   * Refuses everything that writes. ClickHouse then ends a query whose client has gone away, which it does for no other. Blocks that short queries
   * read stay decompressed in its memory.
   */
  readOnly?: boolean
}

/** Screens ask for much the same rollups again and again: they need not be decompressed each time. */
const readOnlySettings = {
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: 1,
  use_uncompressed_cache: 1,
} satisfies ClickHouseSettings

/**
 * Connects to `http(s)://user:password@host:8123/database`.
 * @throws ClickHouseError with `code` and `type` when the server refuses a statement; what fails of a query has its `queryId`.
 */
export function connect(url: string, options: ConnectOptions = {}): ClickHouse {
  const client = createClient({
    url,
    max_open_connections: options.connections ?? 10,
    request_timeout: options.timeoutMs ?? 60_000,
    // Whoever called gets the error; told twice it would drown what matters.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
    clickhouse_settings: {
      async_insert: 0,
      // Quoted: a bare 64-bit integer loses digits in JSON.parse.
      output_format_json_quote_64bit_integers: 1,
      ...(options.readOnly && readOnlySettings),
    },
  })
  const common = ({ signal, queryId, settings }: QueryOptions) => ({
    ...(signal && { abort_signal: signal }),
    ...(queryId && { query_id: queryId }),
    ...(settings && { clickhouse_settings: settings }),
  })
  const statement = (sql: string, params: Params, options: QueryOptions) => {
    const { query, rest, long } = longIntoText(sql, params)
    const settings = long > 0 ? { ...textSettings(query), ...options.settings } : options.settings
    return { query, query_params: rest, ...common({ ...options, ...(settings && { settings }) }) }
  }
  return {
    query<Row>(sql: string, params: Params = {}, opts: QueryOptions = {}) {
      return naming(opts, async (named) => {
        const result = await client.query({ ...statement(sql, params, named), format: 'JSONEachRow' })
        return result.json<Row>()
      })
    },
    queryBytes(sql, params = {}, opts = {}) {
      return naming(opts, async (named) => bytesOf((await client.exec(statement(sql, params, named))).stream))
    },
    async command(sql, params = {}, opts = {}) {
      await client.command(statement(sql, params, opts))
    },
    async insertNative(into, blocks, { token, settings, ...opts } = {}) {
      // exec, not command: command drops `values` in silence.
      const result = await client.exec({
        query: `INSERT INTO ${into} FORMAT Native`,
        values: Readable.from(blocks, { objectMode: false }),
        ...common(opts),
        clickhouse_settings: { ...settings, async_insert: 0, ...(token && { insert_deduplication_token: token }) },
      })
      await bytesOf(result.stream)
    },
    async ping() {
      return (await client.ping()).success
    },
    close: () => client.close(),
  }
}

/** An error says which query it is of: a request of the API asks several, each by its own id. */
async function naming<Answer>(
  { queryId = `hopscope-${randomUUID()}`, ...options }: QueryOptions,
  ask: (named: QueryOptions) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask({ ...options, queryId })
  } catch (error) {
    throw Object.assign(error as Error, { queryId })
  }
}

/** Chunks put together at once: `node:stream/consumers` copies each byte three times. */
async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** A way between takes 8 KiB of an address or refuses it, ClickHouse 128 KiB a parameter: what is longer goes into the body. */
const longInAddress = 2_000

/** Puts long parameters, strings and lists of integers, into the statement's own text as literals. */
export function longIntoText(sql: string, params: Params): { query: string; rest: Params; long: number } {
  const long = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    const text = textOf(value)
    if (text !== undefined && text.length > longInAddress) long.set(name, text)
  }
  if (long.size === 0) return { query: sql, rest: params, long: 0 }
  const rest = Object.fromEntries(Object.entries(params).filter(([name]) => !long.has(name)))
  // In one pass: what a value holds is no parameter.
  const query = sql.replace(/\{(\w+):(String|Array\(U?Int\d+\))\}/g, (parameter, name: string, type: string) => {
    const text = long.get(name)
    if (text === undefined) return parameter
    return type === 'String' ? `'${text.replace(/[\\']/g, '\\$&')}'` : `CAST('${text}' AS ${type})`
  })
  return { query, rest, long: long.size }
}

/** As ClickHouse reads it; undefined where it stays a parameter however long it is. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.length > 100 && value.every((one) => /^-?\d+$/.test(String(one))))
    return `[${value.join(',')}]`
  return undefined
}

/** Ids by the thousand are nothing that somebody reads in a log. */
const textSettings = (query: string): ClickHouseSettings => ({
  max_query_size: String(Math.max(2 ** 18, 4 * query.length)),
  log_queries_cut_to_length: '4096',
})
