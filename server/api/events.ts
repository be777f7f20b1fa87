import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { listEvents, storeEvent } from '../queries/events.ts'
import { askFor } from './ask.ts'
import { EventRequest, type EventItem, type EventList } from './contract-events.ts'
import { RangeQuery } from './contract-query.ts'
import { ownJson } from './own-json.ts'
import { checked, notAllowed } from './problem.ts'

const mostBytes = 16_384

/** `/events`. @param write a connection that may write. */
export function eventsRouter(read: ClickHouse, write: ClickHouse): Router {
  const router = Router()
  router
    .route('/')
    .get(async (request, response) => {
      const { from, to } = checked(RangeQuery, request.query)
      const items = await listEvents(read, { fromMs: from, toMs: to }, askFor(request, response))
      response.json({ items, nextCursor: null, from: `${from}000000`, to: `${to}000000` } satisfies EventList)
    })
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const event = await storeEvent(write, checked(EventRequest, request.body))
      response.status(201).json(event satisfies EventItem)
    })
    .all(notAllowed('GET, HEAD, POST'))
  return router
}
