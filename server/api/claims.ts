import { Router } from 'express'
import { readFileSync } from 'node:fs'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readOwnFigures } from '../queries/claims.ts'
import { unixNano } from '../queries/rollup-window.ts'
import { askFor } from './ask.ts'
import { PublishedClaim, type ClaimList } from './contract-claims.ts'
import { RangeQuery } from './contract-query.ts'
import { checked } from './problem.ts'

const published = PublishedClaim.array().parse(
  JSON.parse(readFileSync(new URL('./claims.json', import.meta.url), 'utf8')),
)

/** `/claims`: published figures, and one's own. */
export function claimsRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    const { from, to } = checked(RangeQuery, request.query)
    const own = await readOwnFigures(clickhouse, { fromMs: from, toMs: to }, askFor(request, response))
    const answer: ClaimList = {
      items: published,
      own,
      method:
        'Quantiles of single requests, at the level of fidelity that most have (of bounded ones the upper bounds), read off a histogram of 32 buckets an octave; intervals by order statistics, 95 %, which take requests for independent.',
      fromUnixNano: unixNano(from),
      toUnixNano: unixNano(to),
    }
    response.json(answer)
  })
  return router
}
