/**
 * State of the waterfall: which rows are open, which one the keys act on, the stretch of time in view, what is found.
 * What a link shares (open span, toggles, search, zoom) lives in the URL, the rest here.
 */
import { choice, param, setParams } from '../url/state.svelte.ts'
import { columnPrecision } from './figures.ts'
import { indexTrace, type Interval, type TraceSpan } from './index.ts'
import { pathOnRows, rowsOfSpans } from './path.ts'
import { buildRows } from './rows.ts'
import { findRows, isAmong } from './search.ts'
import { centre, inside, isWhole } from './view.ts'
import {
  asAtFirst,
  intervalOf,
  isOpen,
  isParent,
  reveal,
  rowsByKey,
  toggle,
  toggleAll,
  toggleLevel,
  visibleRows,
  type Toggled,
} from './visible.ts'
import { isFailedAttempt } from './pieces.ts'
import type { WireTrace } from './wire.ts'

/** A row to bring into sight; a new object each time, so that asking twice scrolls twice. */
export interface Goal {
  readonly at: number
  readonly focus: boolean
}

export type Waterfall = ReturnType<typeof createWaterfall>

/** Call while a component is set up. */
export function createWaterfall(trace: () => WireTrace) {
  const index = $derived(indexTrace(trace()))
  const rows = $derived(buildRows(index))
  const rowOfKey = $derived(rowsByKey(rows))
  const rowOfSpan = $derived(rowsOfSpans(index, rows))
  const longest = $derived(rows.reduce((most, row) => Math.max(most, row.span.wire.durationNs), 0))
  const columns = $derived(columnPrecision(longest))
  const errors = $derived(
    rows.flatMap(({ span }, at) => (span.wire.status === 'error' || isFailedAttempt(index, span) ? [at] : [])),
  )

  let toggled = $state.raw<Toggled>(asAtFirst)
  const visible = $derived(visibleRows(rows, toggled))

  const raw = $derived(choice('clocks', ['placed', 'raw']) === 'raw')
  const showsPath = $derived(param('path') !== 'off' && !raw)
  const showsSelf = $derived(param('self') === 'on')
  const path = $derived(showsPath ? pathOnRows(index, rows, visible, rowOfSpan) : null)

  const extent = $derived(raw ? index.rawExtent : index.extent)
  let zoomed = $state.raw(zoomFrom(param('zoom')))
  const view = $derived(zoomed ? inside(zoomed, extent) : extent)

  const query = $derived(param('q'))
  const hits = $derived(findRows(rows, query))

  const openRow = $derived(find(param('span')))
  let activeKey = $state('')
  const active = $derived(shownAncestor(find(activeKey) ?? openRow ?? 0))
  let goal = $state.raw<Goal | null>(null)

  /** By its key, or by a span that it shows; keys are not looked up before somebody asks. */
  function find(key: string): number | null {
    return key === '' ? null : (rowOfKey.get(key) ?? rowShowing(key))
  }

  function rowShowing(spanId: string): number | null {
    const span = index.spans.get(spanId)
    const at = span ? rowOfSpan[span.at]! : -1
    return at < 0 ? null : at
  }

  /** The row itself, or the closest ancestor that no closed row hides. */
  function shownAncestor(at: number): number {
    let shown = at
    for (let i = rows[at]?.parent ?? -1; i >= 0; i = rows[i]!.parent) if (!isOpen(rows[i]!, toggled)) shown = i
    return shown
  }

  let writing: ReturnType<typeof setTimeout> | undefined
  function setView(next: Interval): void {
    zoomed = isWhole(next, extent) ? null : inside(next, extent)
    clearTimeout(writing)
    writing = setTimeout(() => setParams({ zoom: zoomed && zoomText(zoomed) }, 'replace'), 250)
  }

  /** Makes a row the one the keys act on, and brings it into sight in both directions. */
  function goTo(at: number, { focus = true } = {}): void {
    const row = rows[at]
    if (!row) return
    toggled = reveal(rows, toggled, at)
    activeKey = row.key
    const bar = intervalOf(row.span, raw)
    if (bar.to < view.from || bar.from > view.to) setView(centre(bar, view, extent))
    if (openRow !== null && openRow !== at) setParams({ span: row.key }, 'replace')
    goal = { at, focus }
  }

  return {
    get index() {
      return index
    },
    get rows() {
      return rows
    },
    /** Rows on the screen, as indexes of `rows`. */
    get visible() {
      return visible
    },
    get columns() {
      return columns
    },
    get path() {
      return path
    },
    get showsSelf() {
      return showsSelf
    },
    /** Spans stand where their own clocks put them. */
    get raw() {
      return raw
    },
    get extent() {
      return extent
    },
    get view() {
      return view
    },
    setView,
    get query() {
      return query
    },
    search: (text: string) => setParams({ q: text || null }, 'replace'),
    get hits() {
      return hits
    },
    isHit: (at: number) => isAmong(hits, at),
    /** Rows that failed. */
    get errors() {
      return errors
    },
    /** Row whose details are open. */
    get openRow() {
      return openRow
    },
    /** Row the keys act on; always a visible one. */
    get active() {
      return active
    },
    get goal() {
      return goal
    },
    goTo,
    /** Row that shows a span; null where none does. */
    rowOf: (span: TraceSpan): number | null => (rowOfSpan[span.at]! < 0 ? null : rowOfSpan[span.at]!),
    goToSpan(spanId: string): void {
      const at = rowShowing(spanId)
      if (at !== null) goTo(at)
    },
    isOpen: (at: number) => isOpen(rows[at]!, toggled),
    isParent: (at: number) => isParent(rows[at]!, at),
    toggle(at: number): void {
      if (isParent(rows[at]!, at)) toggled = toggle(toggled, rows[at]!.key)
    },
    toggleAll(open: boolean): void {
      toggled = toggleAll(rows, open)
      goal = { at: active, focus: false }
    },
    /** Opens the rows of the topmost level that has closed ones, or closes those of the deepest that has open ones. */
    toggleLevel(open: boolean): void {
      toggled = toggleLevel(rows, toggled, open)
      goal = { at: active, focus: false }
    },
    openDetails(at: number): void {
      activeKey = rows[at]!.key
      setParams({ span: rows[at]!.key }, openRow === null ? 'push' : 'replace')
      goal = { at, focus: true }
    },
    closeDetails: () => setParams({ span: null, tab: null }, 'replace'),
    togglePath: () => setParams({ path: param('path') === 'off' ? null : 'off' }, 'replace'),
    toggleSelf: () => setParams({ self: showsSelf ? null : 'on' }, 'replace'),
    toggleRaw: () => setParams({ clocks: raw ? null : 'raw' }, 'replace'),
  }
}

/** `59000000-83500000`: ns since the start of the trace. */
function zoomFrom(text: string): Interval | null {
  const [, from, to] = /^(-?\d{1,15})-(-?\d{1,15})$/.exec(text) ?? []
  return from !== undefined && Number(from) < Number(to) ? { from: Number(from), to: Number(to) } : null
}

function zoomText({ from, to }: Interval): string {
  return `${Math.round(from)}-${Math.round(to)}`
}
