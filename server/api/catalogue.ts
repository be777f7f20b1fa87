import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { listAttributeValues } from '../queries/attributes.ts'
import { listRoutes, listServices, readIngest, type Window } from '../queries/catalogue.ts'
import { windowRead } from '../queries/rollup-window.ts'
import { askFor } from './ask.ts'
import type { AttributeList, Ingest, RouteList, ServiceList, Setup } from './contract-catalogue.ts'
import { AttributesQuery, RangeQuery } from './contract-query.ts'
import { checked } from './problem.ts'

export interface CatalogueOptions {
  readonly clickhouse: ClickHouse
  readonly setup: Setup
}

/** `/services`, `/routes`, `/attributes`, `/ingest`, `/setup`. */
export function catalogueRouter({ clickhouse, setup }: CatalogueOptions): Router {
  const router = Router()
  router.get('/services', async (request, response) => {
    const { window } = rangeOf(request.query)
    const items = await listServices(clickhouse, window, askFor(request, response))
    response.json({ items, nextCursor: null, ...windowRead(window) } satisfies ServiceList)
  })
  router.get('/routes', async (request, response) => {
    const { window, edges } = rangeOf(request.query)
    const items = await listRoutes(clickhouse, window, askFor(request, response))
    response.json({ items, nextCursor: null, ...edges } satisfies RouteList)
  })
  router.get('/attributes', async (request, response) => {
    const { key, from, to } = checked(AttributesQuery, request.query)
    const params = { key, window: { fromMs: from, toMs: to } }
    const items = await listAttributeValues(clickhouse, params, askFor(request, response))
    response.json({ items, nextCursor: null, ...edgesOf(from, to) } satisfies AttributeList)
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
  return { window: { fromMs: from, toMs: to }, edges: edgesOf(from, to) }
}

const edgesOf = (from: number, to: number) => ({ from: `${from}000000`, to: `${to}000000` })
