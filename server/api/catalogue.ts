import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { listRoutes, listServices, readIngest, type Window } from '../queries/catalogue.ts'
import { askFor } from './ask.ts'
import type { Ingest, RouteList, ServiceList, Setup } from './contract-catalogue.ts'
import { RangeQuery } from './contract-query.ts'
import { checked } from './problem.ts'

export interface CatalogueOptions {
  readonly clickhouse: ClickHouse
  readonly setup: Setup
}

/** `/services`, `/routes`, `/ingest`, `/setup`. */
export function catalogueRouter({ clickhouse, setup }: CatalogueOptions): Router {
  const router = Router()
  router.get('/services', async (request, response) => {
    const { window, edges } = rangeOf(request.query)
    const items = await listServices(clickhouse, window, askFor(request, response))
    response.json({ items, nextCursor: null, ...edges } satisfies ServiceList)
  })
  router.get('/routes', async (request, response) => {
    const { window, edges } = rangeOf(request.query)
    const items = await listRoutes(clickhouse, window, askFor(request, response))
    response.json({ items, nextCursor: null, ...edges } satisfies RouteList)
  })
  router.get('/ingest', async (request, response) => {
    const { window, edges } = rangeOf(request.query)
    response.json({ ...edges, ...(await readIngest(clickhouse, window, askFor(request, response))) } satisfies Ingest)
  })
  router.get('/setup', (_request, response) => {
    response.json(setup)
  })
  return router
}

function rangeOf(input: unknown): { window: Window; edges: { from: string; to: string } } {
  const { from, to } = checked(RangeQuery, input)
  return { window: { fromMs: from, toMs: to }, edges: { from: `${from}000000`, to: `${to}000000` } }
}
