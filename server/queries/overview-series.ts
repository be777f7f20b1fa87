import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { OverviewPoint } from '../api/contract-measurements.ts'
import { SegmentClass } from '../api/contract.ts'
import { readLevels, type LevelRow } from './distributions.ts'
import { partOf, type QueryOf } from './query-of.ts'
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
  const rowsOf = (metrics: readonly string[]) => ({ kinds: ['trace'] as const, metrics, ids: routes })
  const asked = { window, stepMs, place, together: ['trace'] as const }
  const [whole, classes] = await Promise.all([
    readLevels(clickhouse, { ...asked, rows: rowsOf(['endToEnd']) }, options),
    readLevels(clickhouse, { ...asked, rows: rowsOf(classMetrics), sums: true }, partOf(options, 'classes')),
  ])
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
