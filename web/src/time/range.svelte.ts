/** The range of the page, as state: it lives in the URL, the depth of zoom in this tab's history of brushes. */
import { param, setParams } from '../url/state.svelte.ts'
import { absolute, defaultRange, isRelative, rangeOf, windowOf, type Range } from './range.ts'
import { rememberRange } from './recent.svelte.ts'

/** Reactive. A link with nonsense in it falls back to the default; `isRangeValid` lets the shell say so. */
export function range(): Range {
  return rangeOf(param('from'), param('to'), Date.now()) ?? defaultRange
}

export function isRangeValid(): boolean {
  return rangeOf(param('from'), param('to'), Date.now()) !== null
}

export function setRange({ from, to }: Range): void {
  const isDefault = from === defaultRange.from && to === defaultRange.to
  setParams({ from: isDefault ? null : from, to: isDefault || to === 'now' ? null : to }, 'push')
}

const zooms: Range[] = $state([])

/** How many brushes deep the range is. */
export function zoomDepth(): number {
  return zooms.length
}

/** A brush over a chart: narrows the range of the whole page. */
export function zoomTo(fromMs: number, toMs: number): void {
  if (toMs - fromMs < 1_000) return
  zooms.push(range())
  setRange(absolute(fromMs, toMs))
}

/** Esc or a double click: back to before the last brush. */
export function zoomOut(): boolean {
  const before = zooms.pop()
  if (before) setRange(before)
  return before !== undefined
}

/** A range chosen by other means starts a new history of brushes. */
export function chooseRange(chosen: Range): void {
  zooms.length = 0
  rememberRange(chosen)
  setRange(chosen)
}

/** Makes relative ends absolute, so that a link shows what is shown now. */
export function freezeRange(nowMs: number): void {
  if (!isRelative(range())) return
  const { fromMs, toMs } = windowOf(range(), nowMs)
  chooseRange(absolute(fromMs, toMs))
}
