/** Tables as they are shown, as files: for those of which a screen has no table with more in it. */
import type { CsvCell } from '../format/csv.ts'
import { saveTable, type Table } from '../hop/tables.ts'
import { useCommands } from '../shell/commands.svelte.ts'
import { rawOf } from './pick-cell.ts'

/**
 * Attach to a `<table>`: it can then be saved as CSV and JSON, with the address of the page as the query it comes from.
 * @param name of no other table of the page. @param heads where the table has none of its own.
 */
export const savable = (name: string, heads: readonly string[] = []) => {
  const save = (as: 'CSV' | 'JSON') => (table: HTMLTableElement) => ({
    words: `Save ${name} as ${as}`,
    group: 'Copy',
    run: () =>
      saveTable(as, document.title.replace(/ · hopscope$/, ''), name, shownIn(table, heads), window.location.href),
  })
  return (table: HTMLTableElement) => useCommands([save('CSV')(table), save('JSON')(table)])
}

/** `\b` would part µ from s. */
const unitAtEnd = /[,\s]*[≈≤]?\s*(?<![A-Za-zµ])(ns|µs|ms|s)$/
const buttons = ['do', 'narrow']

/** Figures in ns as the API has them, with how sure each is in a column of its own; all else as text. */
function shownIn(table: HTMLTableElement, heads: readonly string[]): Omit<Table, 'name'> {
  const [first, ...others] = [...table.rows].filter(({ cells }) => cells.length > 0)
  const head = table.tHead && first ? spread(first).map((cell) => (cell ? textOf(cell) : '')) : heads
  const rows = (table.tHead || !first ? others : [first, ...others]).map(spread)
  const columns = head.flatMap((said, at) => {
    const cells = rows.map((row) => row[at])
    const figures = cells.map((cell) => cell?.querySelector<HTMLElement>('[data-raw]'))
    const name = said.replace(unitAtEnd, '')
    if (figures.some(Boolean))
      return [
        { name: `${name} ns`, cells: figures.map((figure) => (figure ? Number(figure.dataset['raw']) : null)) },
        { name: `${name} level`, cells: figures.map((figure) => figure?.dataset['level'] ?? null) },
      ]
    const texts = cells.map((cell) => (cell ? textOf(cell) : null))
    if (buttons.includes(said) || texts.every((text) => !text)) return []
    // The corner says the unit of what has none of its own.
    return [{ name: name === '' ? `what${said && `, in ${said}`}` : said, cells: texts.map(numberIn) }]
  })
  return {
    head: columns.map(({ name }) => name),
    rows: rows.map((_, row) => columns.map(({ cells }): CsvCell => cells[row] ?? null)),
  }
}

/** One for each column: a cell over several is in the first of them. */
const spread = (row: HTMLTableRowElement) =>
  [...row.cells].flatMap((cell) => [cell, ...Array.from({ length: cell.colSpan - 1 }, () => undefined)])

const textOf = (cell: HTMLTableCellElement) =>
  cell.querySelector('time')?.dateTime || rawOf(cell).replaceAll(/[\s\u2009\u202f]+/g, ' ')

const numberIn = (text: string | null): CsvCell => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : text)
