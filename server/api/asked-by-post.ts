import { Router, type Request, type Response } from 'express'
import { CohortError } from '../queries/cohort-filter.ts'
import { ownJson } from './own-json.ts'
import { notAllowed, ProblemError } from './problem.ts'

const mostBytes = 32_768

/** A question about cohorts. It changes nothing: POST because filters are long. */
export function askedByPost(answer: (request: Request, response: Response) => Promise<void>): Router {
  const router = Router()
  router
    .route('/')
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      try {
        await answer(request, response)
      } catch (error) {
        throw error instanceof CohortError ? filterProblem(error) : error
      }
    })
    .all(notAllowed('POST'))
  return router
}

const filterProblem = ({ cohort, field, message, at }: CohortError): ProblemError =>
  new ProblemError(400, 'Bad request', message, `${cohort}.filter.${field}`, at)
