/** Where things lie on a chart of an alert's value over time: latencies, shares, changes or burn rates on a linear axis. */
import { linearTicks } from '../charts/ticks.ts'
import { nsOf, unitOf } from '../format/duration.ts'
import { tickText } from '../charts/scale.ts'

export interface ValuePoint {
  readonly ms: number
  readonly value: number | null
  readonly n: number
}

export type ValueKind = 'ns' | 'share' | 'rate'

export interface Axis {
  readonly lo: number
  readonly hi: number
  readonly ticks: readonly { readonly value: number; readonly text: string }[]
  readonly unit: string
}

/** From 0, or from the lowest change, to a little above the highest. */
export function axisOf(kind: ValueKind, values: Iterable<number | null | undefined>): Axis {
  let [lo, hi] = [0, 0]
  for (const value of values) {
    lo = Math.min(lo, value ?? 0)
    hi = Math.max(hi, value ?? 0)
  }
  if (hi === 0 && lo === 0) hi = kind === 'ns' ? 1e6 : kind === 'share' ? 0.1 : 1
  const unit = kind === 'ns' ? unitOf(Math.max(hi, -lo)) : kind === 'share' ? '%' : '×'
  const size = kind === 'ns' ? nsOf[unit as 'ms'] : kind === 'share' ? 0.01 : 1
  const top = hi * 1.12
  const ticks = [
    ...linearTicks(-lo / size, 2)
      .slice(1)
      .map((tick) => -tick),
    ...linearTicks(top / size, 3),
  ].map((tick) => tick * size)
  return {
    ...{ lo: lo * 1.12, hi: Math.max(top, -lo * 0.2), unit },
    ticks: ticks.map((value) => ({
      value,
      text: kind === 'ns' ? tickText(value, unit as 'ms') : String(Number((value / size).toPrecision(3))),
    })),
  }
}

export interface Frame {
  readonly x: (ms: number) => number
  readonly y: (value: number) => number
}

/** Of the plot, px from its upper left corner. */
export function frameOf(
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { lo, hi }: Axis,
  { width, height }: { width: number; height: number },
): Frame {
  return {
    x: (ms) => ((ms - fromMs) / (toMs - fromMs)) * width,
    y: (value) => (1 - (value - lo) / (hi - lo)) * height,
  }
}

/** SVG path through what is known; a gap where something is not. More points than pixels are thinned to the least and the most of each. */
export function pathOf(points: readonly ValuePoint[], { x, y }: Frame, stepMs: number): string {
  let path = ''
  let before: ValuePoint | undefined
  for (const point of thinned(points, x)) {
    if (point.value === null) {
      before = undefined
      continue
    }
    const joins = before !== undefined && x(point.ms) - x(before.ms) <= Math.max(1.6 * (x(stepMs) - x(0)), 3)
    const place = `${x(point.ms).toFixed(1)} ${y(point.value).toFixed(1)}`
    path += joins ? `L${place}` : `M${place}h.5`
    before = point
  }
  return path
}

function thinned(points: readonly ValuePoint[], x: Frame['x']): ValuePoint[] {
  const columns = new Map<number, ValuePoint[]>()
  for (const point of points) {
    const column = Math.floor(x(point.ms))
    const known = columns.get(column)
    if (known) known.push(point)
    else columns.set(column, [point])
  }
  return [...columns.values()].flatMap((own) => {
    if (own.length <= 2) return own
    const known = own.filter(({ value }) => value !== null)
    if (known.length === 0) return own.slice(0, 1)
    const [least, most] = [
      known.reduce((a, b) => (b.value! < a.value! ? b : a)),
      known.reduce((a, b) => (b.value! > a.value! ? b : a)),
    ]
    return least === most ? [least] : [least, most].sort((a, b) => a.ms - b.ms)
  })
}
