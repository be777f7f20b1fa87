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

export function setRange({ from, to }: Range, how: 'push' | 'replace' = 'push'): void {
  const isDefault = from === defaultRange.from && to === defaultRange.to
  setParams({ from: isDefault ? null : from, to: isDefault || to === 'now' ? null : to }, how)
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

/** Back to before the first brush. */
export function zoomOutWholly(): boolean {
  zooms.length = Math.min(zooms.length, 1)
  return zoomOut()
}

const minuteMs = 60_000

/** Half as long, about an instant where that is in the range (Unix ms), else about its middle; in whole minutes, as charts have steps. */
export function zoomIn(atMs: number | null, nowMs: number): void {
  const { fromMs, toMs } = windowOf(range(), nowMs)
  const at = atMs !== null && atMs > fromMs && atMs < toMs ? atMs : (fromMs + toMs) / 2
  const from = Math.floor((fromMs + at) / 2 / minuteMs) * minuteMs
  const to = Math.ceil((toMs + at) / 2 / minuteMs) * minuteMs
  if (to - from < toMs - fromMs) zoomTo(from, Math.min(to, toMs))
}

/** Back to before the last brush; without one twice as long about the middle, but not past now. */
export function zoomOutOrWiden(nowMs: number): void {
  if (zoomOut()) return
  const { fromMs, toMs } = windowOf(range(), nowMs)
  const half = (toMs - fromMs) / 2
  const to = Math.min(toMs + half, Math.max(nowMs, toMs))
  setRange(absolute(to - 4 * half, to))
}

/** Earlier (< 0) or later by a share of its length, but not past now. Small steps: Back undoes all of them at once. */
export function moveRange(share: number, nowMs: number): void {
  const { fromMs, toMs } = windowOf(range(), nowMs)
  const by = Math.min(share * (toMs - fromMs), Math.max(0, nowMs - toMs))
  if (Math.round(by) !== 0) setRange(absolute(fromMs + by, toMs + by), isRelative(range()) ? 'push' : 'replace')
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
