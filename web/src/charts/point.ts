/** The point of a chart that a click means. */
import type { Line } from './lines.ts'
import { heightOf, valueAtHeight, type Scale } from './scale.ts'
import { stepAt, type Steps } from './steps.ts'

export interface Point {
  /** Unix ms. */
  readonly fromMs: number
  readonly toMs: number
  readonly ns: number
  /** Ends of the cell that it lies in, ns; of a line there is none. */
  readonly loNs?: number
  readonly hiNs?: number
}

/** A line within so many px is what was meant. */
const reach = 6

export interface LinePlot {
  readonly steps: Steps<unknown>
  readonly lines: readonly Line[]
  /** Requests of each step. */
  readonly counts: readonly number[]
  readonly scale: Scale
  /** px. */
  readonly height: number
}

/** On a line nearby, else where it is. @param y px from the top of the plot; null: on the topmost line. undefined: nothing is there. */
export function pointOn({ steps, lines, counts, scale, height }: LinePlot, ms: number, y: number | null) {
  const at = stepAt(steps, ms)
  if (at < 0 || (counts[at] ?? 0) === 0 || (y !== null && y > height)) return undefined
  const drawn = lines.flatMap(({ look, values }) => (look === 'before' ? [] : (values[at] ?? [])))
  const near = drawn.find((ns) => y === null || Math.abs((1 - heightOf(scale, ns)) * height - y) <= reach)
  const ns = near ?? (y === null ? undefined : valueAtHeight(scale, 1 - y / height))
  if (ns === undefined) return undefined
  const fromMs = steps.times[at]!
  return {
    fromMs: Math.max(fromMs, steps.fromMs),
    toMs: Math.min(fromMs + steps.stepMs, steps.toMs),
    ns: Math.round(ns),
  } satisfies Point
}
