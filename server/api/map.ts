import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readMap } from '../queries/map.ts'
import { askFor } from './ask.ts'
import type { ServiceMap } from './contract-map.ts'
import { MapQuery } from './contract-query.ts'
import { checked } from './problem.ts'

/** `/map` */
export function mapRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const { from, to, ...place } = checked(MapQuery, request.query)
    const asked = { window: { fromMs: from, toMs: to }, place }
    response.json((await readMap(clickhouse, asked, askFor(request, response))) satisfies ServiceMap)
  })
  return router
}
