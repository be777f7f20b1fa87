import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { OverviewPoint } from '../api/contract-measurements.ts'
import { SegmentClass } from '../api/contract.ts'
import type { PlaceFilter } from './distributions.ts'
import { loadSql } from './load-sql.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { overRollup, rollupParams, unixNano } from './rollup-window.ts'
import { readSeries } from './series.ts'
import type { Steps } from './steps.ts'

const classesSql = overRollup(loadSql(import.meta.url, 'class-series.sql'))
const classMetrics = SegmentClass.options.map((name) => `class:${name}`)

interface ClassStep {
  class: SegmentClass
  startSeconds: number
  total: number
}

/** End-to-end time over time, and what it is made of. */
export async function readOverviewSeries(
  clickhouse: ClickHouse,
  { steps, routes, place }: { steps: Steps; routes: readonly string[]; place: PlaceFilter },
  options: QueryOf,
): Promise<{ stepMs: number; points: OverviewPoint[] }> {
  const { environment = '', cluster = '', namespace = '' } = place
  const rows = { kind: 'trace', ids: routes } as const
  const [series, classSteps] = await Promise.all([
    readSeries(
      clickhouse,
      { steps, rows: { ...rows, metrics: ['endToEnd'] }, place, together: true, fidelity: 'exact' },
      partOf(options, 'end-to-end'),
    ),
    clickhouse.query<ClassStep>(
      classesSql,
      {
        ...rollupParams(steps.window, { ...rows, metrics: classMetrics }, steps.stepMs),
        ...{ environment, cluster, namespace, step: steps.stepMs / 1000 },
      },
      partOf(options, 'classes'),
    ),
  ])
  const classesAt = new Map<string, ClassStep[]>()
  for (const step of classSteps) {
    const at = unixNano(step.startSeconds * 1000)
    classesAt.set(at, [...(classesAt.get(at) ?? []), step])
  }
  const points = series.points.map(({ startUnixNano, requests, errors, n, p50Ns, p95Ns, p99Ns }) => ({
    ...{ startUnixNano, requests, errors, n, p50Ns, p95Ns, p99Ns },
    classes: (classesAt.get(startUnixNano) ?? [])
      .map(({ class: name, total }) => ({ class: name, meanNs: Math.round(total / Math.max(1, n)) }))
      .sort((a, b) => b.meanNs - a.meanNs),
  }))
  return { stepMs: series.stepMs, points }
}
