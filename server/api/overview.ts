import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readOverview } from '../queries/overview.ts'
import { partOf } from '../queries/query-of.ts'
import { firingAlerts } from './alerts.ts'
import { askFor } from './ask.ts'
import type { Overview } from './contract-measurements.ts'
import { OverviewQuery } from './contract-query.ts'
import { checked } from './problem.ts'

const mostFiring = 20

/** `/overview`. */
export function overviewRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const { from, to, route, ...place } = checked(OverviewQuery, request.query)
    const params = { window: { fromMs: from, toMs: to }, route, place }
    const options = askFor(request, response)
    const [overview, alerts] = await Promise.all([
      readOverview(clickhouse, params, options),
      firingAlerts(clickhouse, partOf(options, 'firing')),
    ])
    const firing = alerts.filter(({ partOf, quiet }) => partOf === null && quiet === null).slice(0, mostFiring)
    response.json({ ...overview, firing } satisfies Overview)
  })
  return router
}
