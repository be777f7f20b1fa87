/** What the keys do on the trace page (ux "Keyboard map"). */
import type { Command } from '../shell/commands.svelte.ts'
import { nextHit } from './search.ts'
import { centre, fit, isWhole, pan, zoom } from './view.ts'
import { intervalOf } from './visible.ts'
import type { Waterfall } from './waterfall.svelte.ts'

interface Parts {
  /** Another view of the trace. */
  showAs: (form: 'waterfall' | 'flame' | 'map') => void
  /** Puts the cursor into the search field. */
  find: () => void
  /** Rows that fit on the screen, for PageUp and PageDown. */
  pageRows: () => number
}

export function traceCommands(waterfall: Waterfall, { showAs, find, pageRows }: Parts): Command[] {
  const group = 'Trace'
  const onRows = (run: () => unknown) => (event: KeyboardEvent) => (concernsRows(event) ? run() : false)
  const onTime = (run: () => unknown) => (event: KeyboardEvent) =>
    event.key.startsWith('Arrow') && !concernsRows(event) ? false : run()
  const step = (by: number) => {
    const { visible, active } = waterfall
    const at = visible.indexOf(active)
    waterfall.goTo(visible[Math.min(Math.max(at + by, 0), visible.length - 1)]!)
  }
  const zoomBy = (factor: number) =>
    waterfall.setView(zoom(waterfall.view, waterfall.extent, factor, middle(waterfall)))
  const panBy = (share: number) => waterfall.setView(pan(waterfall.view, waterfall.extent, share))
  const jump = (among: readonly number[], by: 1 | -1) => {
    const at = nextHit(among, waterfall.active, by)
    if (at === null) return false
    return waterfall.goTo(at)
  }
  return [
    { keys: '1', words: 'Waterfall', group, run: () => showAs('waterfall') },
    { keys: '2', words: 'Flame chart', group, run: () => showAs('flame') },
    { keys: '3', words: 'Map', group, run: () => showAs('map') },
    { keys: 'ArrowDown', jaeger: 'f', words: 'Next row', group, run: onRows(() => step(1)) },
    { keys: 'ArrowUp', jaeger: 'b', words: 'Row before', group, run: onRows(() => step(-1)) },
    {
      keys: 'ArrowRight',
      jaeger: '+',
      words: 'Open the row, or go into it',
      group,
      run: onRows(() => goIn(waterfall)),
    },
    {
      keys: 'ArrowLeft',
      jaeger: '-',
      words: 'Close the row, or go out of it',
      group,
      run: onRows(() => goOut(waterfall)),
    },
    { keys: 'PageDown', jaeger: 's|PageDown', words: 'A page down', group, run: onRows(() => step(pageRows())) },
    { keys: 'PageUp', jaeger: 'w|PageUp', words: 'A page up', group, run: onRows(() => step(-pageRows())) },
    { keys: 'Home', words: 'First row', group, run: onRows(() => step(-Infinity)) },
    { keys: 'End', words: 'Last row', group, run: onRows(() => step(Infinity)) },
    { keys: 'Enter', words: 'Details of the row', group, run: onRows(() => waterfall.openDetails(waterfall.active)) },
    { keys: 'Escape', words: 'Close details, clear the search, zoom out', group, run: () => closeOne(waterfall) },
    { keys: ']', words: 'Close all rows', group, run: () => waterfall.toggleAll(false) },
    { keys: '[', words: 'Open all rows', group, run: () => waterfall.toggleAll(true) },
    { jaeger: 'o', words: 'Open one level of rows more', group, run: () => waterfall.toggleLevel(true) },
    { jaeger: 'p', words: 'Close the deepest level of open rows', group, run: () => waterfall.toggleLevel(false) },
    { keys: '.', words: 'Next span in time', group, run: () => stepInTime(waterfall, 1) },
    { keys: ',', words: 'Span before in time', group, run: () => stepInTime(waterfall, -1) },
    { keys: 'e', words: 'Next error', group, run: () => jump(waterfall.errors, 1) },
    { keys: 'E', words: 'Error before', group, run: () => jump(waterfall.errors, -1) },
    { keys: '/', jaeger: 'Ctrl+b|/', words: 'Find in trace', group, run: find },
    { keys: 'n', words: 'Next hit', group, run: () => jump(waterfall.hits, 1) },
    { keys: 'N', words: 'Hit before', group, run: () => jump(waterfall.hits, -1) },
    { keys: 'f', jaeger: '', words: 'Centre the row, again: fit it', group, run: () => focusRow(waterfall) },
    { keys: '0', words: 'Whole trace', group, run: () => waterfall.setView(waterfall.extent) },
    { keys: 'w', jaeger: 'ArrowUp', words: 'Zoom in', group, run: onTime(() => zoomBy(1 / 1.5)) },
    { keys: 's', jaeger: 'ArrowDown', words: 'Zoom out', group, run: onTime(() => zoomBy(1.5)) },
    { jaeger: 'Shift+ArrowUp', words: 'Zoom in a lot', group, run: onTime(() => zoomBy(1 / 5)) },
    { jaeger: 'Shift+ArrowDown', words: 'Zoom out a lot', group, run: onTime(() => zoomBy(5)) },
    { keys: 'a', jaeger: 'a|ArrowLeft', words: 'Earlier', group, run: onTime(() => panBy(-0.15)) },
    { keys: 'd', jaeger: 'd|ArrowRight', words: 'Later', group, run: onTime(() => panBy(0.15)) },
    { keys: 'A', jaeger: 'A|Shift+ArrowLeft', words: 'Much earlier', group, run: onTime(() => panBy(-0.6)) },
    { keys: 'D', jaeger: 'D|Shift+ArrowRight', words: 'Much later', group, run: onTime(() => panBy(0.6)) },
    { keys: 'c', words: 'Critical path', group, run: () => waterfall.togglePath() },
    { keys: 'm', words: 'Self time', group, run: () => waterfall.toggleSelf() },
  ]
}

/** Arrows belong to tabs, sliders and menus where one of those has the focus. Without a target: the palette says so. */
function concernsRows({ target }: KeyboardEvent): boolean {
  if (target === null) return true
  if (!(target instanceof Element)) return false
  return target === document.body || target.id === 'main' || target.closest('[role="treegrid"]') !== null
}

function goIn(waterfall: Waterfall): unknown {
  const { active } = waterfall
  if (!waterfall.isParent(active)) return undefined
  return waterfall.isOpen(active) ? waterfall.goTo(active + 1) : waterfall.toggle(active)
}

function goOut(waterfall: Waterfall): unknown {
  const { active, rows } = waterfall
  if (waterfall.isParent(active) && waterfall.isOpen(active)) return waterfall.toggle(active)
  const { parent } = rows[active]!
  return parent >= 0 ? waterfall.goTo(parent) : undefined
}

function closeOne(waterfall: Waterfall): unknown {
  if (waterfall.openRow !== null) {
    waterfall.closeDetails()
    return waterfall.goTo(waterfall.active)
  }
  if (waterfall.query !== '') return waterfall.search('')
  if (isWhole(waterfall.view, waterfall.extent)) return false
  return waterfall.setView(waterfall.extent)
}

function stepInTime(waterfall: Waterfall, by: 1 | -1): unknown {
  const { rows, visible, active, raw } = waterfall
  const start = (at: number) => intervalOf(rows[at]!.span, raw).from
  /** Rows that start together follow each other as they stand. */
  const after = (at: number, other: number) => by * (start(at) - start(other) || at - other) > 0
  let closest: number | null = null
  for (const at of visible) {
    if (after(at, active) && (closest === null || after(closest, at))) closest = at
  }
  return closest === null ? undefined : waterfall.goTo(closest)
}

function focusRow(waterfall: Waterfall): void {
  const { rows, active, raw, view, extent } = waterfall
  const bar = intervalOf(rows[active]!.span, raw)
  const centred = centre(bar, view, extent)
  const isThere = Math.abs(centred.from - view.from) * 1_000 < view.to - view.from
  waterfall.setView(isThere ? fit(bar, extent) : centred)
}

/** Zoom by key keeps the bar of the active row in place where that bar is in sight. */
function middle({ rows, active, raw, view }: Waterfall): number {
  const { from, to } = intervalOf(rows[active]!.span, raw)
  const at = (Math.max(from, view.from) + Math.min(to, view.to)) / 2
  return at >= view.from && at <= view.to ? at : (view.from + view.to) / 2
}
