/** From the API's points, which leave out empty steps, to the even steps that a chart draws. */
import { msOf } from '../format/time.ts'

export interface Steps<Point> {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Unix ms at which each step begins; the first and the last may reach beyond the window. */
  readonly times: readonly number[]
  /** undefined: nothing happened in that step. */
  readonly points: readonly (Point | undefined)[]
}

/** A window of any length costs at most so many steps, whatever an answer says. */
const mostSteps = 5_000

export function stepsOf<Point extends { startUnixNano: string }>(
  points: readonly Point[],
  window: { from: string; to: string; stepMs: number },
): Steps<Point> {
  const [fromMs, toMs, stepMs] = [msOf(window.from), msOf(window.to), Math.max(1, window.stepMs)]
  const byTime = new Map(points.map((point) => [msOf(point.startUnixNano), point]))
  // Steps lie on multiples of their length unless the points say otherwise.
  const known = points[0] ? msOf(points[0].startUnixNano) : 0
  const first = known + Math.floor((fromMs - known) / stepMs) * stepMs
  const length = Math.min(mostSteps, Math.max(0, Math.ceil((toMs - first) / stepMs)))
  const times = Array.from({ length }, (_, i) => first + i * stepMs)
  return { fromMs, toMs, stepMs, times, points: times.map((ms) => byTime.get(ms)) }
}

/** The step that an instant lies in, -1 outside. */
export function stepAt({ times, stepMs }: Pick<Steps<unknown>, 'times' | 'stepMs'>, ms: number): number {
  const first = times[0]
  if (first === undefined) return -1
  const step = Math.floor((ms - first) / stepMs)
  return step >= 0 && step < times.length ? step : -1
}
