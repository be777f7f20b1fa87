import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { OverviewPoint } from '../api/contract-measurements.ts'
import { SegmentClass } from '../api/contract.ts'
import { readLevels, type LevelRow } from './distributions.ts'
import type { QueryOf } from './query-of.ts'
import { type PlaceFilter, unixNano } from './rollup-window.ts'
import { pointsOf } from './series.ts'
import type { Steps } from './steps.ts'

const classPrefix = 'class:'
const classMetrics = SegmentClass.options.map((name) => classPrefix + name)

/** End-to-end time over time, and what it is made of. */
export async function readOverviewSeries(
  clickhouse: ClickHouse,
  { steps, routes, place }: { steps: Steps; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<{ stepMs: number; points: OverviewPoint[] }> {
  const { window, stepMs } = steps
  const rows = { kinds: ['trace'], metrics: ['endToEnd', ...classMetrics], ids: routes } as const
  const levels = await readLevels(
    clickhouse,
    { window, stepMs, place, together: ['trace'], rows, histogramsOf: ['endToEnd'] },
    options,
  )
  const whole = levels.filter(({ metric }) => metric === 'endToEnd')
  const classes = levels.filter(({ metric }) => metric !== 'endToEnd')
  const classesAt = new Map<string, LevelRow[]>()
  for (const row of classes) {
    const at = unixNano(row.startSeconds * 1000)
    classesAt.set(at, [...(classesAt.get(at) ?? []), row])
  }
  const points = pointsOf(whole, 'exact').map((point) => ({
    ...point,
    classes: (classesAt.get(point.startUnixNano) ?? [])
      .flatMap(({ metric, total }) =>
        total > 0
          ? {
              class: metric.slice(classPrefix.length) as SegmentClass,
              meanNs: Math.round(total / Math.max(1, point.n)),
            }
          : [],
      )
      .sort((a, b) => b.meanNs - a.meanNs),
  }))
  return { stepMs, points }
}
