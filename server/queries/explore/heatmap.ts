import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { ExploreHeatmap } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { distributionsOf, nothingKnown, readLevels, sumOf } from '../distributions.ts'
import { readHeatmap } from '../heatmap.ts'
import { loadSql } from '../load-sql.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import type { MadeRows } from '../rollup-window.ts'
import { readSeries } from '../series.ts'
import { stepsOf } from '../steps.ts'
import { factsOf, rolledUp, type Facts, type FactsAsked } from './facts.ts'

const rollupSql = loadSql(import.meta.url, 'rollup.sql')

/** Facts as rollup rows. @param by SQL of what they are grouped by, of fields.ts. @param from the CTE that has it. */
export function rollupOf({ cte, params }: Facts, by = "''", from?: { cte: string; name: string }): MadeRows {
  const sql = rollupSql.replace('{{by}}', by)
  const made = from
    ? `${cte},\n${from.cte},\nrollup AS (\n${sql.replace('FROM facts', `FROM ${from.name}`)})`
    : `${cte},\nrollup AS (\n${sql})`
  return { ctes: made, params }
}

/** Where the values lie over time, their distribution, and how many there are at each level. @throws FilterError */
export async function readExploreHeatmap(
  clickhouse: ClickHouse,
  asked: FactsAsked & { fidelity?: Fidelity | undefined },
  options: QueryOf,
): Promise<ExploreHeatmap> {
  const steps = stepsOf(asked.window)
  const { window, stepMs } = steps
  const rolled = rolledUp(asked)
  const rows = rolled ?? rollupOf(factsOf({ ...asked, window }))
  const together = rolled?.kinds
  const levels = await readLevels(
    clickhouse,
    { window, edgeMs: stepMs, rows, together, histograms: 'all' },
    partOf(options, 'levels'),
  )
  const distributions = distributionsOf(levels)
  const fidelity = asked.fidelity ?? distributions[0]?.fidelity ?? 'unknown'
  const [heatmap, series] = await Promise.all([
    readHeatmap(clickhouse, { steps, rows, fidelity }, partOf(options, 'heatmap')),
    readSeries(clickhouse, { steps, rows, together, fidelity }, partOf(options, 'series')),
  ])
  return {
    ...heatmap,
    metric: asked.measure,
    fidelity,
    levels: levels
      .filter((level) => level.fidelity !== 'unknown' && level.n > 0)
      .map((level) => ({ fidelity: level.fidelity, n: level.n }))
      .sort((a, b) => b.n - a.n || (a.fidelity < b.fidelity ? -1 : 1)),
    requests: sumOf(levels, 'requests'),
    distribution: distributions.find((one) => one.fidelity === fidelity) ?? nothingKnown,
    points: series.points,
  }
}
