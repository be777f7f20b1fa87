import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { subjectOf, type AlertMeasure } from '../../api/contract-alert-rules.ts'
import type { Fidelity } from '../../api/contract.ts'
import { quantile, type Histogram } from '../../statistics/histogram.ts'
import { claimedQuantiles } from '../../statistics/claims.ts'
import { byEntity, observed, readLevels, unknownIn, type LevelRow } from '../distributions.ts'
import type { QueryOf } from '../query-of.ts'
import type { Window } from '../rollup-window.ts'
import { mainLevel } from '../series.ts'

/** Levels of the metrics of rules, by id, then by metric. */
export type Levels = Map<string, Map<string, LevelRow[]>>

/** What a window has of a measure of one entity. */
export interface Seen {
  readonly fidelity: Fidelity
  readonly n: number
  /** Of all requests, those with a value. */
  readonly coverage: number
  /** ns, or a share; null without a value. */
  readonly value: number | null
  readonly histogram: Histogram | undefined
}

/** Levels over a window. @param histograms whether a quantile is asked for that is not one of those stated, or how many lie above a value. */
export async function readAlertLevels(
  clickhouse: ClickHouse,
  asked: {
    window: Window
    measures: readonly AlertMeasure[]
    ids?: readonly string[]
    histograms: boolean
    stepMs?: number
  },
  options: QueryOf,
): Promise<LevelRow[]> {
  const { window, measures, ids = [], histograms, stepMs } = asked
  const kinds = [...new Set(measures.map((measure) => subjectOf[measure]))]
  const metrics = [...new Set(measures.flatMap(metricsOf))]
  return readLevels(
    clickhouse,
    {
      ...{ window, rows: { kinds, metrics, ids }, histograms: histograms ? ('all' as const) : undefined },
      ...(stepMs !== undefined && { stepMs }),
    },
    options,
  )
}

export const levelsOf = (rows: readonly LevelRow[]): Levels => byEntity(rows)

/** Metrics that a measure is computed from. */
function metricsOf(measure: AlertMeasure): string[] {
  if (measure === 'meshTaxShare') return ['meshTax', 'endToEnd']
  if (measure === 'gatewayTaxShare') return ['gatewayTax', 'endToEnd']
  return [measure]
}

/**
 * A measure of one entity at one level: the one asked for, else that with most requests.
 * @param q null: no quantile. Of a share of tax that is the mean over the mean (D8: the estimate, else the upper bound), whatever q is.
 */
export function seenOf(
  metrics: ReadonlyMap<string, LevelRow[]>,
  { measure, q, fidelity }: { measure: AlertMeasure; q: number | null; fidelity?: Fidelity | undefined },
): Seen | undefined {
  if (measure === 'meshTaxShare' || measure === 'gatewayTaxShare') return taxShare(metrics, measure)
  const rows = metrics.get(measure) ?? []
  const level = fidelity ?? mainLevel(rows)
  const row = rows.find((one) => one.fidelity === level)
  if (!row) return undefined
  const asked = row.population.requests + unknownIn(rows)
  return {
    fidelity: level,
    n: row.n,
    coverage: asked > 0 ? Math.min(1, row.population.n / asked) : 0,
    value: q === null || row.n === 0 ? null : valueAt(row, q),
    histogram: row.histogram,
  }
}

function valueAt(row: LevelRow, q: number): number | null {
  const stated = claimedQuantiles.find((one) => one === q)
  if (stated !== undefined) return observed(row, stated)
  const value = row.histogram && quantile(row.histogram, q)
  return value === undefined || value === null ? null : Math.round(value)
}

function taxShare(
  metrics: ReadonlyMap<string, LevelRow[]>,
  measure: 'meshTaxShare' | 'gatewayTaxShare',
): Seen | undefined {
  const whole = metrics.get('endToEnd') ?? []
  const sum = (rows: readonly LevelRow[], of: (row: LevelRow) => number) => rows.reduce((all, row) => all + of(row), 0)
  const n = sum(whole, (row) => row.n)
  const total = sum(whole, ({ total }) => total)
  if (n === 0 || total <= 0) return undefined
  const tax = metrics.get(measure === 'meshTaxShare' ? 'meshTax' : 'gatewayTax') ?? []
  const requests = sum(whole, (row) => row.population.requests)
  return {
    fidelity: 'unknown',
    n,
    coverage: requests > 0 ? sum(whole, (row) => row.population.n) / requests : 0,
    value: sum(tax, ({ total }) => total) / total,
    histogram: undefined,
  }
}
