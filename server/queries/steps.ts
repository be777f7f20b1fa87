import { alignWindow, type Window } from './rollup-window.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** Steps that people read off an axis; from an hour on the hourly rollup serves them, from five minutes on that of 5 min. */
const readableMs = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minuteMs),
  ...[1, 2, 3, 4, 6, 12].map((n) => n * hourMs),
  ...[1, 2, 4].map((n) => n * dayMs),
]

/** The shortest readable step that cuts the window into at most about 120. */
export function stepFor({ fromMs, toMs }: Window): number {
  return readableMs.find((step) => (toMs - fromMs) / step <= 120) ?? readableMs.at(-1)!
}

/** The whole steps, counted from 1970, that the window touches. */
export interface Steps {
  readonly window: Window
  readonly stepMs: number
}

export function stepsOf(window: Window, stepMs = stepFor(window)): Steps {
  return { window: alignWindow(window, stepMs), stepMs }
}
