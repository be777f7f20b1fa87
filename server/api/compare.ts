import type { Router } from 'express'
import type { ZodType } from 'zod'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readComparison } from '../queries/comparison.ts'
import { readComposition } from '../queries/composition.ts'
import { readExplanation } from '../queries/explanation.ts'
import { readFeatureCosts } from '../queries/features.ts'
import type { QueryOf } from '../queries/query-of.ts'
import { readReport } from '../queries/report.ts'
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
    const options = askFor(request, response)
    if (format === 'md' || request.accepts(['application/json', 'text/markdown']) === 'text/markdown')
      response.type('text/markdown').send(comparisonMarkdown(asked, await readReport(clickhouse, asked, options)))
    else response.json((await readComparison(clickhouse, asked, options)) satisfies Comparison)
  })

/** What answers a question about cohorts with one reading. */
const answering =
  <Asked, Answer>(
    asked: ZodType<Asked>,
    read: (clickhouse: ClickHouse, asked: Asked, options: QueryOf) => Promise<Answer>,
  ) =>
  (clickhouse: ClickHouse): Router =>
    askedByPost(async (request, response) => {
      response.json(await read(clickhouse, checked(asked, request.body), askFor(request, response)))
    })

/** `/composition`, `/resources`, `/explanation`, `/feature-costs`. */
export const compositionRouter = answering<CompositionRequest, Composition>(CompositionRequest, readComposition)
export const resourcesRouter = answering<ResourcesRequest, Resources>(ResourcesRequest, readResources)
export const explanationRouter = answering<ExplanationRequest, Explanation>(ExplanationRequest, readExplanation)
export const featureCostsRouter = answering<FeatureCostsRequest, FeatureCosts>(FeatureCostsRequest, readFeatureCosts)
