import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { ExploreHeatmap } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { distributionsOf, nothingKnown, readSteps, sumOf } from '../distributions.ts'
import { heatmapOf } from '../heatmap.ts'
import { loadSql } from '../load-sql.ts'
import type { QueryOf } from '../query-of.ts'
import type { MadeRows } from '../rollup-window.ts'
import { pointsOf } from '../series.ts'
import { stepsOf } from '../steps.ts'
import { factsOf, rolledUp, type Facts, type FactsAsked } from './facts.ts'

const rollupSql = loadSql(import.meta.url, 'rollup.sql')

/** Facts as rollup rows. @param slotMs how long one is. @param by SQL of what they are grouped by, of fields.ts. @param from the CTE that has it. */
export function rollupOf(
  { cte, params }: Facts,
  slotMs: number,
  by = "''",
  from?: { cte: string; name: string },
): MadeRows {
  const sql = rollupSql.replace('{{by}}', by)
  const made = from
    ? `${cte},\n${from.cte},\nrollup AS (\n${sql.replace('FROM facts', `FROM ${from.name}`)})`
    : `${cte},\nrollup AS (\n${sql})`
  return { ctes: made, params: { ...params, slot: slotMs / 1000 } }
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
  const rows = rolled ?? rollupOf(factsOf({ ...asked, window }), stepMs)
  const { each, all: levels } = await readSteps(clickhouse, { window, stepMs, rows, together: rolled?.kinds }, options)
  const distributions = distributionsOf(levels)
  const fidelity = asked.fidelity ?? distributions[0]?.fidelity ?? 'unknown'
  return {
    ...heatmapOf(each, fidelity, steps),
    metric: asked.measure,
    fidelity,
    levels: levels
      .filter((level) => level.fidelity !== 'unknown' && level.n > 0)
      .map((level) => ({ fidelity: level.fidelity, n: level.n }))
      .sort((a, b) => b.n - a.n || (a.fidelity < b.fidelity ? -1 : 1)),
    requests: sumOf(levels, 'requests'),
    distribution: distributions.find((one) => one.fidelity === fidelity) ?? nothingKnown,
    points: pointsOf(each, fidelity),
  }
}
