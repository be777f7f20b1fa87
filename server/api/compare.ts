import type { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readComparison } from '../queries/comparison.ts'
import { readComposition } from '../queries/composition.ts'
import { askFor } from './ask.ts'
import { askedByPost } from './asked-by-post.ts'
import { comparisonMarkdown } from './compare-markdown.ts'
import { CompareFormat, CompareRequest, type Comparison } from './contract-compare.ts'
import { CompositionRequest, type Composition } from './contract-composition.ts'
import { checked } from './problem.ts'

/** `/compare`. */
export const compareRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(CompareRequest, request.body)
    const { format } = checked(CompareFormat, request.query)
    const answer = await readComparison(clickhouse, asked, askFor(request, response))
    if (format === 'md' || request.accepts(['application/json', 'text/markdown']) === 'text/markdown')
      response.type('text/markdown').send(comparisonMarkdown(asked, answer))
    else response.json(answer satisfies Comparison)
  })

/** `/composition`. */
export const compositionRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(CompositionRequest, request.body)
    response.json((await readComposition(clickhouse, asked, askFor(request, response))) satisfies Composition)
  })
