/** Tables as CSV (RFC 4180), with the query they come from in a comment line and units in their heads; and as JSON. */

export type CsvCell = string | number | null

/** @param query the address they were read from; whoever opens the file later can ask again. */
export function csvOf(head: readonly string[], rows: readonly (readonly CsvCell[])[], query: string): string {
  const line = (cells: readonly CsvCell[]) => cells.map(cellText).join(',')
  return [`# ${query}`, line(head), ...rows.map(line)].join('\r\n') + '\r\n'
}

function cellText(cell: CsvCell): string {
  if (cell === null) return ''
  const text = String(cell)
  // A spreadsheet runs what begins like a formula; attribute values come from whoever sends spans.
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The same as JSON: an object a row, whose keys are the heads with their units. */
export function jsonOf(head: readonly string[], rows: readonly (readonly CsvCell[])[], query: string): string {
  const objects = rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? null])))
  return JSON.stringify({ query, rows: objects }, null, 2) + '\n'
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string, type: 'text/csv' | 'application/json' | 'text/yaml'): void {
  downloadBlob(name, new Blob([text], { type: `${type};charset=utf-8` }))
}

export function downloadBlob(name: string, blob: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** `orders-payments-transit.csv` */
export const fileNameOf = (text: string, ending: string): string =>
  `${text.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^-|-$/g, '')}.${ending}`
