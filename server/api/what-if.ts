import { Router, type Request, type Response } from 'express'
import type { AnalysisSettings } from '../analysis/types.ts'
import { CohortError } from '../queries/cohort-filter.ts'
import { readQuestion } from '../queries/what-if/what-if.ts'
import { askFor } from './ask.ts'
import { filterProblem } from './compare.ts'
import { WhatIfRequest, type WhatIf } from './contract-what-if.ts'
import { ownJson } from './own-json.ts'
import { checked, ProblemError } from './problem.ts'
import type { Retimer } from './what-if-process.ts'

const mostBytes = 32_768

export interface WhatIfOptions {
  readonly clickhouseUrl: string
  readonly settings: AnalysisSettings
  readonly retimer: Retimer
}

/** `/what-if`. It changes nothing: POST because filters are long. */
export function whatIfRouter({ clickhouseUrl, settings, retimer }: WhatIfOptions): Router {
  const router = Router()
  router
    .route('/')
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const asked = checked(WhatIfRequest, request.body)
      try {
        readQuestion(asked)
      } catch (error) {
        throw error instanceof CohortError ? filterProblem(error) : error
      }
      const { networkRttNs, rules = [] } = settings
      const { signal, queryId } = askFor(request, response)
      const order = { clickhouseUrl, asked, settings: { networkRttNs, rules }, queryId }
      response.json((await retimer.run(order, signal)) satisfies WhatIf)
    })
    .all((request, response) => {
      response.set('Allow', 'POST')
      throw new ProblemError(405, 'Method not allowed', `${request.method} is not supported at ${request.baseUrl}`)
    })
  return router
}
