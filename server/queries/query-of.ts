/** How a caller of a query ends it early, and names it. */
export interface QueryOf {
  readonly signal: AbortSignal
  readonly queryId: string
}

/** For one of several queries that answer one request together: ClickHouse refuses a query id that is running. */
export const partOf = ({ signal, queryId }: QueryOf, name: string): QueryOf => ({
  signal,
  queryId: `${queryId}-${name}`,
})
