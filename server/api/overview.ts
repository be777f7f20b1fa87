import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readOverview } from '../queries/overview.ts'
import { askFor } from './ask.ts'
import type { Overview } from './contract-measurements.ts'
import { OverviewQuery } from './contract-query.ts'
import { checked } from './problem.ts'

/** `/overview`. */
export function overviewRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const { from, to, route, ...place } = checked(OverviewQuery, request.query)
    const params = { window: { fromMs: from, toMs: to }, route, place }
    response.json((await readOverview(clickhouse, params, askFor(request, response))) satisfies Overview)
  })
  return router
}
