/** Percentile lines over a heatmap: where they run, where they break, and what stands at their right ends. */
import type { SeriesPoint } from '../../../server/api/contract-measurements.ts'
import { quantilesWith, type Quantile } from '../format/figure.ts'
import { msOf } from '../format/time.ts'
import { spread } from './runs.ts'

/** The highest first. */
export const drawnQuantiles = (chosen: Quantile): Quantile[] => quantilesWith(chosen).reverse()

export interface Frame {
  readonly stepMs: number
  x(ms: number): number
  y(ns: number): number
}

export interface PercentileLine {
  readonly quantile: Quantile
  /** SVG path over stretches without a missing step. */
  readonly path: string
  /** SVG path across what is missing between them: unknown, so never a plain gap and never a line. */
  readonly stub: string
  /** In the newest step in which all lines have a value. */
  readonly lastNs: number
  /** Of the label, moved where labels would touch. */
  readonly labelY: number
}

interface At {
  readonly ms: number
  readonly ns: number
}

/** @param chosen has a line besides p50, p95 and p99. */
export function percentileLines(
  points: readonly SeriesPoint[],
  frame: Frame,
  height: number,
  chosen: Quantile = 'p99',
): PercentileLine[] {
  const shown = drawnQuantiles(chosen).filter((quantile) => points.some((point) => point[`${quantile}Ns`] !== null))
  // Labels speak of one step: a newest step with too few requests for p99 may have a p95 above the p99 before it.
  const common = points.findLast((point) => shown.every((quantile) => point[`${quantile}Ns`] !== null))
  const lines = shown.map((quantile) => {
    const known = points.flatMap((point): At[] => {
      const ns = point[`${quantile}Ns`]
      return ns === null ? [] : [{ ms: msOf(point.startUnixNano) + frame.stepMs / 2, ns }]
    })
    return { quantile, ...pathsOf(known, frame), lastNs: common?.[`${quantile}Ns`] ?? known.at(-1)!.ns }
  })
  const wanted = lines.map(({ lastNs }) => frame.y(lastNs))
  const placed = spread(wanted, 14, 0, height)
  return lines.map((line, i) => ({ ...line, labelY: placed[i]! }))
}

function pathsOf(known: readonly At[], frame: Frame): { path: string; stub: string } {
  const place = ({ ms, ns }: At) => `${round(frame.x(ms))} ${round(frame.y(ns))}`
  let path = ''
  let stub = ''
  known.forEach((at, i) => {
    const [before, after] = [known[i - 1], known[i + 1]]
    const joins = before !== undefined && isNext(before, at, frame)
    path += `${joins ? 'L' : 'M'}${place(at)}`
    if (before && !joins) stub += `M${place(before)}L${place(at)}`
    // Alone between two gaps it would be a point without length.
    if (!joins && !(after && isNext(at, after, frame))) path += alone(at, frame)
  })
  return { path, stub }
}

const isNext = (a: At, b: At, { stepMs }: Frame) => b.ms - a.ms < 1.5 * stepMs

function alone({ ms, ns }: At, frame: Frame): string {
  const [from, to] = [frame.x(ms - frame.stepMs / 2), frame.x(ms + frame.stepMs / 2)]
  return `M${round(from)} ${round(frame.y(ns))}H${round(to)}`
}

const round = (px: number) => Math.round(px * 10) / 10
