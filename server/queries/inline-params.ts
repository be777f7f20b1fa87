import type { Params } from '../../storage/clickhouse.ts'

/** A query with its parameters in it, so that it can be read, and asked again elsewhere. */
export const inlined = (sql: string, params: Params): string =>
  sql.replace(/\{(\w+):(\w+)(?:\([^{}]*\))?\}/g, (whole, name: string, type: string) => {
    const value = (params as Record<string, unknown>)[name]
    if (value === undefined) return whole
    return type === 'Identifier' ? `\`${String(value)}\`` : literal(value)
  })

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, (one) => `\\${one}`)}'`
  return String(value)
}
