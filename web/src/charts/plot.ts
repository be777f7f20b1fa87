/** One plot of lines or stacked areas over time, drawn by uPlot. Everything that moves or is read out stands above it in HTML. */
import './locale.ts'
import uPlot from 'uplot'
import type { Drawn } from './runs.ts'
import { tickText, type Scale } from './scale.ts'
import type { TimeTick } from './ticks.ts'

/** px around the plot itself. */
export interface Margins {
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly left: number
}

/** A custom property of tokens.css: `--ink`. */
export type Token = `--${string}`

export interface Stroke {
  readonly values: readonly Drawn[]
  readonly edge: Token
  readonly width: number
  readonly dash: readonly number[]
  /** Down to the axis; areas are given from the topmost. */
  readonly fill?: Token
  /** Where a run of values ends inside the window, a dotted stub says that it goes on unknown. */
  readonly stubs?: boolean
}

export interface PlotOptions {
  readonly width: number
  readonly height: number
  readonly margins: Margins
  readonly fromMs: number
  readonly toMs: number
  readonly xs: readonly number[]
  readonly timeTicks: readonly TimeTick[]
  readonly scale: Scale
  readonly strokes: readonly Stroke[]
}

/** @returns what takes it away again. */
export function drawPlot(host: HTMLElement, options: PlotOptions): () => void {
  const { width, height, margins, scale, strokes, timeTicks } = options
  const style = getComputedStyle(host)
  const isForced = window.matchMedia('(forced-colors: active)').matches
  const colour = (token: Token) => style.getPropertyValue(token)
  const axis = {
    // By its parts: where the system forces its colours, the whole of it is told as nothing.
    font: `${style.fontSize} ${style.fontFamily}`,
    stroke: isForced ? 'CanvasText' : colour('--text-3'),
    ticks: { show: false },
    border: { show: false },
  }
  const floored = (values: readonly Drawn[]) =>
    scale.kind === 'log' ? values.map((ns) => (typeof ns === 'number' ? Math.max(ns, scale.lo) : ns)) : [...values]
  const plot = new uPlot(
    {
      width,
      height,
      padding: [margins.top, margins.right, margins.bottom > 0 ? 0 : 1, 0],
      cursor: { show: false },
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: false, range: [options.fromMs, options.toMs] },
        y: { distr: scale.kind === 'log' ? 3 : 1, range: [scale.lo, scale.hi] },
      },
      axes: [
        {
          ...axis,
          show: margins.bottom > 0,
          size: margins.bottom,
          gap: 8,
          grid: { show: false },
          splits: () => timeTicks.map(({ ms }) => ms),
          values: () => timeTicks.map(({ text }) => text),
        },
        {
          ...axis,
          size: margins.left,
          gap: 8,
          grid: { stroke: isForced ? 'GrayText' : colour('--line'), width: 1 },
          splits: () => [...scale.ticks],
          // uPlot leaves out what its own idea of a log scale has no room for; ours are few enough.
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map((ns) => tickText(ns, scale.unit)),
        },
      ],
      series: [
        {},
        ...strokes.map(({ edge, width: lineWidth, dash, fill }) => ({
          stroke: isForced ? 'CanvasText' : colour(edge),
          width: lineWidth,
          dash: [...dash],
          points: { show: false },
          ...(fill ? { fill: colour(fill), fillTo: 0 } : {}),
        })),
      ],
      hooks: { draw: [(drawn) => drawStubs(drawn, options, colour('--unknown'))] },
    },
    [[...options.xs], ...strokes.map(({ values }) => floored(values))],
    host,
  )
  return () => plot.destroy()
}

const stubPx = 12

function drawStubs(plot: uPlot, { xs, strokes, fromMs, toMs }: PlotOptions, colour: string): void {
  const ratio = uPlot.pxRatio
  plot.ctx.save()
  plot.ctx.beginPath()
  for (const [at, { values, stubs }] of strokes.entries()) {
    if (!stubs) continue
    const drawn = plot.data[at + 1] ?? []
    values.forEach((value, i) => {
      const [x, y] = [xs[i], drawn[i]]
      if (typeof value !== 'number' || typeof y !== 'number' || x === undefined || x <= fromMs || x >= toMs) return
      const [left, top] = [plot.valToPos(x, 'x', true), plot.valToPos(y, 'y', true)]
      for (const [beside, way] of [
        [values[i - 1], -1],
        [values[i + 1], 1],
      ] as const) {
        if (beside !== null) continue
        plot.ctx.moveTo(left, top)
        plot.ctx.lineTo(left + way * stubPx * ratio, top)
      }
    })
  }
  plot.ctx.strokeStyle = colour
  plot.ctx.lineWidth = ratio
  plot.ctx.setLineDash([ratio, 2 * ratio])
  plot.ctx.stroke()
  plot.ctx.restore()
}
