import type { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readComparison } from '../queries/comparison.ts'
import { readComposition } from '../queries/composition.ts'
import { readExplanation } from '../queries/explanation.ts'
import { readFeatureCosts } from '../queries/features.ts'
import { readResources } from '../queries/resources.ts'
import { askFor } from './ask.ts'
import { askedByPost } from './asked-by-post.ts'
import { comparisonMarkdown } from './compare-markdown.ts'
import { CompareFormat, CompareRequest, type Comparison } from './contract-compare.ts'
import { CompositionRequest, type Composition } from './contract-composition.ts'
import { ExplanationRequest, type Explanation } from './contract-explanation.ts'
import { FeatureCostsRequest, type FeatureCosts } from './contract-features.ts'
import { ResourcesRequest, type Resources } from './contract-resources.ts'
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

/** `/resources`. */
export const resourcesRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(ResourcesRequest, request.body)
    response.json((await readResources(clickhouse, asked, askFor(request, response))) satisfies Resources)
  })

/** `/explanation`. */
export const explanationRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(ExplanationRequest, request.body)
    response.json((await readExplanation(clickhouse, asked, askFor(request, response))) satisfies Explanation)
  })

/** `/feature-costs`. */
export const featureCostsRouter = (clickhouse: ClickHouse): Router =>
  askedByPost(async (request, response) => {
    const asked = checked(FeatureCostsRequest, request.body)
    response.json((await readFeatureCosts(clickhouse, asked, askFor(request, response))) satisfies FeatureCosts)
  })
