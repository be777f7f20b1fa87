import { ClickHouseLogLevel, createClient, type ClickHouseSettings } from '@clickhouse/client'
import { buffer } from 'node:stream/consumers'
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
  /** Refuses everything that writes. ClickHouse then ends a query whose client has gone away, which it does for no other. */
  readOnly?: boolean
}

/**
 * Connects to `http(s)://user:password@host:8123/database`.
 * @throws ClickHouseError with `code` and `type` when the server refuses a statement.
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
      ...(options.readOnly && { readonly: '2', cancel_http_readonly_queries_on_client_close: 1 }),
    },
  })
  const common = ({ signal, queryId, settings }: QueryOptions) => ({
    ...(signal && { abort_signal: signal }),
    ...(queryId && { query_id: queryId }),
    ...(settings && { clickhouse_settings: settings }),
  })
  return {
    async query<Row>(sql: string, params: Params = {}, opts: QueryOptions = {}) {
      const result = await client.query({ query: sql, query_params: params, format: 'JSONEachRow', ...common(opts) })
      return result.json<Row>()
    },
    async queryBytes(sql, params = {}, opts = {}) {
      const result = await client.exec({ query: sql, query_params: params, ...common(opts) })
      return buffer(result.stream)
    },
    async command(sql, params = {}, opts = {}) {
      await client.command({ query: sql, query_params: params, ...common(opts) })
    },
    async insertNative(into, blocks, { token, settings, ...opts } = {}) {
      // exec, not command: command drops `values` in silence.
      const result = await client.exec({
        query: `INSERT INTO ${into} FORMAT Native`,
        values: Readable.from(blocks, { objectMode: false }),
        ...common(opts),
        clickhouse_settings: { ...settings, async_insert: 0, ...(token && { insert_deduplication_token: token }) },
      })
      await buffer(result.stream)
    },
    async ping() {
      return (await client.ping()).success
    },
    close: () => client.close(),
  }
}
