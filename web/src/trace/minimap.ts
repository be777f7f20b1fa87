/** The whole trace at a glance: every row a stroke in its place, drawn into a raster so that 100,000 rows are as quick as ten. */
import type { Row } from './rows.ts'
import type { Interval } from './index.ts'
import { intervalOf } from './visible.ts'

export type Stroke = 'app' | 'gateway' | 'sidecar' | 'wire' | 'failed'
const strokes: readonly Stroke[] = ['app', 'wire', 'sidecar', 'gateway', 'failed']

export interface Overview {
  readonly columns: number
  readonly lanes: number
  /** An SVG path of horizontal strokes in units of the raster, by who. */
  readonly paths: readonly { stroke: Stroke; d: string }[]
}

export function overviewOf(rows: readonly Row[], extent: Interval, raw: boolean, columns = 600, lanes = 14): Overview {
  const raster = new Uint8Array(columns * lanes)
  const scale = columns / (extent.to - extent.from)
  rows.forEach((row, at) => {
    const lane = Math.floor((at / Math.max(rows.length, lanes)) * lanes)
    const { from, to } = intervalOf(row.span, raw)
    const left = Math.min(Math.floor((from - extent.from) * scale), columns - 1)
    const right = Math.max(Math.ceil((to - extent.from) * scale), left + 1)
    raster.fill(strokes.indexOf(strokeOf(row)) + 1, lane * columns + left, lane * columns + Math.min(right, columns))
  })
  const paths = strokes.map((stroke, code) => ({ stroke, d: runs(raster, code + 1, columns, lanes) }))
  return { columns, lanes, paths: paths.filter(({ d }) => d !== '') }
}

function strokeOf({ kind, span, failedAttempt }: Row): Stroke {
  if (failedAttempt) return 'failed'
  if (kind === 'hop' || kind === 'upstream' || kind === 'attempt') return 'wire'
  if (span.wire.role === 'gateway') return 'gateway'
  return span.wire.role === 'app' || span.wire.role === 'middleware-stage' ? 'app' : 'sidecar'
}

function runs(raster: Uint8Array, code: number, columns: number, lanes: number): string {
  let d = ''
  for (let lane = 0; lane < lanes; lane++) {
    let start = -1
    for (let x = 0; x <= columns; x++) {
      const on = x < columns && raster[lane * columns + x] === code
      if (on && start < 0) start = x
      if (!on && start >= 0) {
        d += `M${start} ${lane + 0.5}H${x}`
        start = -1
      }
    }
  }
  return d
}
