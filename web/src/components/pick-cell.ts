/**
 * A value of a table into the clipboard, by keys or pointer: the number as the API has it (`data-raw`, ns), else the text of the cell
 * without the spaces between its digits.
 */
import { say } from '../shell/toast.svelte.ts'
import { copySaying } from './copy.ts'

export function rawOf(cell: Element): string {
  const raw = cell.querySelector<HTMLElement>('[data-raw]') ?? cell.closest<HTMLElement>('[data-raw]')
  if (raw?.dataset['raw'] !== undefined) return raw.dataset['raw']
  const text = (cell as HTMLElement).innerText.replaceAll(/\s+/g, ' ').trim()
  return /^[\d\u2009\u202f\s]+$/.test(text) ? text.replaceAll(/\s/g, '') : text
}

/** Of a selection that lies within one figure the number itself, not its digits and unit. */
export function copyRaw(event: ClipboardEvent): void {
  const selection = window.getSelection()
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return
  const { commonAncestorContainer: node } = selection.getRangeAt(0)
  const figure = (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>('[data-raw]')
  if (!figure) return
  event.clipboardData?.setData('text/plain', figure.dataset['raw'] ?? '')
  event.preventDefault()
}

const tables = 'table, [role="treegrid"]'
const rowsOf = 'tbody tr, [role="row"]:not(:has([role="columnheader"]))'
const cells = 'td, th, [role="gridcell"], [role="rowheader"]'

const cellsOf = (row: Element) =>
  [...row.querySelectorAll<HTMLElement>(cells)].filter(({ offsetWidth }) => offsetWidth > 0)

/** Begins in the table with the focus, under the pointer, or the first; arrow keys choose, Enter or a click copies, Esc ends. */
export function pickCell(): void {
  const { activeElement } = document
  const table =
    activeElement?.closest(tables) ??
    document.querySelector(`main :is(${tables}):hover`) ??
    document.querySelector(`main :is(${tables})`)
  const rows = [...(table?.querySelectorAll(rowsOf) ?? [])].filter((row) => cellsOf(row).length > 0)
  if (!table || rows.length === 0) return say('There is no table here')
  let row = Math.max(
    0,
    rows.findIndex((each) => each.contains(activeElement) || each.matches(':hover')),
  )
  let column = Math.max(
    0,
    cellsOf(rows[row]!).findIndex((cell) => cell.matches(':hover')),
  )
  let cell = at()
  const ending = new AbortController()
  const on = { signal: ending.signal, capture: true }

  function at(): HTMLElement {
    const inRow = cellsOf(rows[row]!)
    return inRow[Math.min(column, inRow.length - 1)]!
  }
  function show(): void {
    leave()
    cell = at()
    cell.tabIndex = -1
    cell.dataset['picked'] = ''
    cell.focus()
    cell.scrollIntoView({ block: 'nearest' })
  }
  function leave(): void {
    cell.removeAttribute('tabindex')
    delete cell.dataset['picked']
  }
  function end(): void {
    leave()
    ending.abort()
    if (activeElement instanceof HTMLElement) activeElement.focus()
  }
  async function take(taken: Element): Promise<void> {
    const text = rawOf(taken)
    end()
    await copySaying(`“${text}”`, text)
  }

  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'ArrowDown') row = Math.min(row + 1, rows.length - 1)
      else if (event.key === 'ArrowUp') row = Math.max(row - 1, 0)
      else if (event.key === 'ArrowRight') column = Math.min(column + 1, cellsOf(rows[row]!).length - 1)
      else if (event.key === 'ArrowLeft') column = Math.max(column - 1, 0)
      else if (event.key === 'Enter') void take(cell)
      else if (event.key === 'Escape' || event.key === 'Tab') end()
      else return
      if (event.key.startsWith('Arrow')) show()
      if (event.key === 'Tab') return
      event.preventDefault()
      event.stopPropagation()
    },
    on,
  )
  document.addEventListener(
    'click',
    (event) => {
      const clicked = event.target instanceof Element ? event.target.closest<HTMLElement>(cells) : null
      event.preventDefault()
      event.stopPropagation()
      if (clicked) void take(clicked)
      else end()
    },
    on,
  )
  show()
  say('Arrow keys choose a value, Enter or a click copies it, Esc ends')
}
