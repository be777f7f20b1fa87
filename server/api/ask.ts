import type { Request, Response } from 'express'
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { QueryOf } from '../queries/query-of.ts'

/**
 * Names the ClickHouse queries of a request and ends them when the client goes away: nobody waits for the answer, and a
 * closed tab must not keep a core busy.
 */
export function askFor(request: Request, response: Response): QueryOf {
  const queryId = `hopscope-api-${randomUUID()}`
  const gone = new AbortController()
  // One request may ask more questions than the ten listeners that Node takes for a leak.
  setMaxListeners(0, gone.signal)
  request.on('close', () => {
    // It closes too when its body was read to the end.
    if (!response.writableFinished && !request.readableEnded) gone.abort()
  })
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return { signal: gone.signal, queryId }
}
