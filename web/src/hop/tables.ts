/** What the copy menu offers: the calls a page is made of, and its tables as files. */
import type { Distribution } from '../../../server/api/contract.ts'
import type { Breakdown, Exemplar, HopSegmentItem } from '../../../server/api/contract-measurements.ts'
import { copySaying } from '../components/copy.ts'
import { csvOf, download, fileNameOf, jsonOf, type CsvCell } from '../format/csv.ts'
import { quantileName, quantiles, type Quantiles } from '../format/figure.ts'
import type { Command } from '../shell/commands.svelte.ts'
import { say } from '../shell/toast.svelte.ts'

export interface Table {
  readonly name: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly CsvCell[])[]
}

/** All that the API says of a distribution, in columns. */
export const quantileHeads = quantiles.map((quantile) => `${quantileName(quantile)} ns`)
export const quantileCells = (of: Quantiles | undefined): (number | null)[] =>
  quantiles.map((quantile) => of?.[`${quantile}Ns`] ?? null)

/** What stands at the head of a page, at every level that it is known at. */
export function figureTable(measures: Readonly<Record<string, readonly Distribution[]>>): Table {
  return {
    name: 'figures',
    head: ['measure', 'level', 'n', ...quantileHeads],
    rows: Object.entries(measures).flatMap(([measure, levels]) =>
      levels.map((each) => [measure, each.fidelity, each.n, ...quantileCells(each)]),
    ),
  }
}

export function breakdownTable({ by, fidelity, rows }: Breakdown, metric: string): Table {
  return {
    name: `${metric} by ${by}`,
    head: [by, 'n', 'errors', 'level', ...quantileHeads],
    rows: rows.map((row) => [row.value, row.n, row.errors, fidelity, ...quantileCells(row)]),
  }
}

export function exemplarTable(exemplars: readonly Exemplar[], metric: string): Table {
  return {
    name: `exemplars of ${metric}`,
    head: ['quantile', 'trace id', 'start unix ns', `${metric} ns`],
    rows: exemplars.map(({ q, traceId, startUnixNano, ns }) => [q, traceId, startUnixNano, ns]),
  }
}

export function segmentTable(segments: readonly HopSegmentItem[]): Table {
  return {
    name: 'segments of transit',
    head: ['class', 'level', 'share', ...quantileHeads],
    rows: segments.map((each) => [each.class, each.fidelity, each.share, ...quantileCells(each)]),
  }
}

/**
 * @param calls what each is called, its address from `apiPath`, and what is posted there if anything.
 * @param sql that gives the figures.
 */
export function copyCommands(
  name: string,
  calls: readonly { readonly text: string; readonly address: string; readonly body?: object }[],
  tables: readonly Table[],
  sql?: string,
): Command[] {
  const [main] = calls
  const query = window.location.origin + (main?.address ?? '')
  return [
    ...calls.map(({ text, address, body }) => ({
      words: `Copy ${text.toLowerCase()}`,
      group: 'Copy',
      detail: 'curl',
      run: () => copySaying(`Curl command of ${text.toLowerCase()}`, curlOf(address, body)),
    })),
    ...(sql === undefined
      ? []
      : [{ words: 'Copy figures', group: 'Copy', detail: 'SQL', run: () => copySaying('SQL', sql) }]),
    ...tables
      .filter(({ rows }) => rows.length > 0)
      .flatMap((table) => saveCommands(name, table.name, () => table, query)),
  ]
}

/** @param table made when it is saved. */
export function saveCommands(of: string, name: string, table: () => Omit<Table, 'name'>, query: string): Command[] {
  return (['CSV', 'JSON'] as const).map((as) => ({
    words: `Save ${name} as ${as}`,
    group: 'Copy',
    run: () => saveTable(as, of, name, table(), query),
  }))
}

/** A table into a file, and says so. */
export function saveTable(
  as: 'CSV' | 'JSON',
  of: string,
  name: string,
  { head, rows }: Omit<Table, 'name'>,
  query: string,
): void {
  const file = fileNameOf(of === name ? name : `${of} ${name}`, as.toLowerCase())
  if (as === 'CSV') download(file, csvOf(head, rows, query), 'text/csv')
  else download(file, jsonOf(head, rows, query), 'application/json')
  say(`${name.charAt(0).toUpperCase()}${name.slice(1)} saved as ${as}`)
}

/** Single quotes keep a shell from reading `&` in the address. */
function curlOf(address: string, body?: object): string {
  const get = `curl '${window.location.origin}${address.replaceAll("'", '%27')}'`
  if (body === undefined) return get
  return `${get} -H 'content-type: application/json' -d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`
}
