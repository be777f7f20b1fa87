import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { CohortError } from '../queries/cohort-filter.ts'
import { readComparison } from '../queries/comparison.ts'
import { askFor } from './ask.ts'
import { CompareRequest, type Comparison } from './contract-compare.ts'
import { ownJson } from './own-json.ts'
import { checked, ProblemError } from './problem.ts'

const mostBytes = 32_768

/** `/compare`. It changes nothing: POST because two filters are long. */
export function compareRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  router
    .route('/')
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const asked = checked(CompareRequest, request.body)
      try {
        response.json((await readComparison(clickhouse, asked, askFor(request, response))) satisfies Comparison)
      } catch (error) {
        if (!(error instanceof CohortError)) throw error
        const field = `${error.cohort}.filter.${error.field}`
        throw new ProblemError(400, 'Bad request', error.message, field, error.at)
      }
    })
    .all((request) => {
      throw new ProblemError(405, 'Method not allowed', `${request.method} is not supported at ${request.baseUrl}`)
    })
  return router
}
