import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { CohortError } from '../queries/cohort-filter.ts'
import { readComparison } from '../queries/comparison.ts'
import { readComposition } from '../queries/composition.ts'
import { askFor } from './ask.ts'
import { comparisonMarkdown } from './compare-markdown.ts'
import { CompareFormat, CompareRequest, type Comparison } from './contract-compare.ts'
import { CompositionRequest, type Composition } from './contract-composition.ts'
import { ownJson } from './own-json.ts'
import { checked, ProblemError } from './problem.ts'

const mostBytes = 32_768

/** `/compare`. It changes nothing: POST because two filters are long. */
export const compareRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(CompareRequest, request.body)
    const { format } = checked(CompareFormat, request.query)
    const answer = await readComparison(clickhouse, asked, askFor(request, response))
    if (format === 'md' || request.accepts(['application/json', 'text/markdown']) === 'text/markdown')
      response.type('text/markdown').send(comparisonMarkdown(asked, answer))
    else response.json(answer satisfies Comparison)
  })

/** `/composition`, likewise. */
export const compositionRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(CompositionRequest, request.body)
    response.json((await readComposition(clickhouse, asked, askFor(request, response))) satisfies Composition)
  })

function askedByPost(answer: (request: Request, response: Response) => Promise<void>): Router {
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
    .all((request, response) => {
      response.set('Allow', 'POST')
      throw new ProblemError(405, 'Method not allowed', `${request.method} is not supported at ${request.baseUrl}`)
    })
  return router
}

export const filterProblem = ({ cohort, field, message, at }: CohortError): ProblemError =>
  new ProblemError(400, 'Bad request', message, `${cohort}.filter.${field}`, at)
