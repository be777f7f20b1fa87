import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { edgesOfHop } from '../queries/callees.ts'
import { readDetails, readLedgerOf } from '../queries/details.ts'
import { listHops, readHop } from '../queries/hops.ts'
import { readHopNames } from '../queries/names.ts'
import { windowRead } from '../queries/rollup-window.ts'
import { askFor } from './ask.ts'
import type { HopDetail, HopList } from './contract-measurements.ts'
import { HopRankQuery } from './contract-peers.ts'
import { HopSeriesQuery, HopsQuery, RangeQuery } from './contract-query.ts'
import { addOverTime, idOf, neverSeen } from './over-time.ts'
import { checked } from './problem.ts'

/** `/hops`, `/hops/{id}`, its series, heatmap and rank. */
export function hopsRouter(clickhouse: ClickHouse): Router {
  const router = Router()

  router.get('/', async (request, response) => {
    const { from, to, ...filter } = checked(HopsQuery, request.query)
    const params = { window: { fromMs: from, toMs: to }, filter }
    response.json((await listHops(clickhouse, params, askFor(request, response))) satisfies HopList)
  })

  router.get('/:id', async (request, response) => {
    const id = idOf(request)
    const { from, to } = checked(RangeQuery, request.query)
    const window = { fromMs: from, toMs: to }
    const options = askFor(request, response)
    const [item, ledger] = await Promise.all([
      readHop(clickhouse, { id, window }, options),
      readLedgerOf(clickhouse, { kind: 'hop', id, window }, options),
    ])
    if (!item) throw neverSeen('hop', id)
    const { fidelity } = item.transit
    const details = await readDetails(
      clickhouse,
      { kind: 'hop', id, window, fidelity, edges: edgesOfHop(item) },
      options,
    )
    response.json({ ...item, ...windowRead(window), ...details, ledger } satisfies HopDetail)
  })

  addOverTime(router, clickhouse, {
    kind: 'hop',
    query: HopSeriesQuery,
    rank: HopRankQuery,
    known: async (id, options) => (await readHopNames(clickhouse, [id], options)).has(id),
  })
  return router
}
