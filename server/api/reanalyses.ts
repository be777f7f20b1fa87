import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { cancelReanalysis, listReanalyses, requestReanalysis } from '../queries/reanalyses.ts'
import { askFor } from './ask.ts'
import { EntityParams } from './contract-query.ts'
import { ReanalysisRequest, type Reanalysis, type ReanalysisList } from './contract-reanalyses.ts'
import { ownJson, ownOrigin } from './own-json.ts'
import { checked, notAllowed, notFound, ProblemError } from './problem.ts'

/** Rules that were changed are in force everywhere after this long: process/rules-file.ts looks every two seconds. */
const rulesInForceMs = 3_000
const mostOpen = 20
const mostBytes = 4_096

/** `/reanalyses`. @param write a connection that may write. */
export function reanalysesRouter(read: ClickHouse, write: ClickHouse): Router {
  const router = Router()

  const one = async (id: string, request: Request, response: Response): Promise<Reanalysis> => {
    const [found] = await listReanalyses(read, askFor(request, response), id)
    if (!found) throw notFound(`there is no reanalysis ${id}`)
    return found
  }
  const idOf = (request: Request): string => checked(EntityParams, { id: request.params['id'] }).id

  router
    .route('/')
    .get(async (request, response) => {
      const items = await listReanalyses(read, askFor(request, response))
      response.json({ items } satisfies ReanalysisList)
    })
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const { from: fromMs, to: toMs } = checked(ReanalysisRequest, request.body)
      const all = await listReanalyses(read, askFor(request, response))
      const open = all.filter(({ state }) => state === 'requested' || state === 'running')
      if (open.length >= mostOpen)
        throw new ProblemError(
          409,
          'Conflict',
          `${open.length} reanalyses are not done yet; wait for them or cancel some`,
        )
      const id = await requestReanalysis(write, { fromMs, toMs, afterMs: rulesInForceMs })
      response
        .status(202)
        .location(`/api/v1/reanalyses/${id}`)
        .json(await one(id, request, response))
    })
    .all(notAllowed('GET, HEAD, POST'))
  router
    .route('/:id')
    .get(async (request, response) => {
      response.json(await one(idOf(request), request, response))
    })
    .delete(ownOrigin, async (request, response) => {
      const id = idOf(request)
      const { state } = await one(id, request, response)
      if (state === 'requested' || state === 'running') await cancelReanalysis(write, id)
      response.json(await one(id, request, response))
    })
    .all(notAllowed('GET, HEAD, DELETE'))
  return router
}
