/** The one hairline and the one brush of all charts that share the page's time axis. */
interface Pointer {
  /** Unix ms under the pointer or chosen by key; null: no chart is pointed at. */
  ms: number | null
  /** Which chart is pointed at: only that one shows its figures. */
  chart: string
  brush: { fromMs: number; toMs: number } | null
}

const pointer: Pointer = $state({ ms: null, chart: '', brush: null })

/** Reactive. */
export function cursorMs(): number | null {
  return pointer.ms
}

/** Reactive. */
export function isPointedAt(chart: string): boolean {
  return pointer.ms !== null && pointer.chart === chart
}

/** Reactive: what is being brushed, ends in order. */
export function brush(): { fromMs: number; toMs: number } | null {
  return pointer.brush
}

export function pointAt(chart: string, ms: number): void {
  pointer.chart = chart
  pointer.ms = ms
}

export function brushTo(startMs: number, endMs: number): void {
  pointer.brush = { fromMs: Math.min(startMs, endMs), toMs: Math.max(startMs, endMs) }
}

export function endBrush(): void {
  pointer.brush = null
}

/** The pointer has left `chart`; one that has entered another meanwhile stays. */
export function pointAway(chart: string): void {
  if (pointer.chart !== chart) return
  pointer.ms = null
  pointer.brush = null
}
