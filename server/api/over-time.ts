import type { Request, Router } from 'express'
import type { z } from 'zod'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readHeatmap } from '../queries/heatmap.ts'
import { partOf, type QueryOf } from '../queries/query-of.ts'
import { readRank } from '../queries/rank.ts'
import { readSeries } from '../queries/series.ts'
import { stepsOf } from '../queries/steps.ts'
import { askFor } from './ask.ts'
import type { Heatmap, Series } from './contract-measurements.ts'
import type { PeerRank, RankQuery } from './contract-peers.ts'
import { EntityParams, type SeriesQuery } from './contract-query.ts'
import { checked, notFound } from './problem.ts'

export interface OverTime {
  readonly kind: 'proxy' | 'hop'
  readonly query: z.ZodType<SeriesQuery>
  readonly rank: z.ZodType<RankQuery>
  /** Whether such a one was ever seen. */
  readonly known: (id: string, options: QueryOf) => Promise<boolean>
}

/** `/{id}/series`, `/{id}/heatmap` and `/{id}/rank`. */
export function addOverTime(router: Router, clickhouse: ClickHouse, { kind, query, rank, known }: OverTime): void {
  const both = [
    ['series', readSeries],
    ['heatmap', readHeatmap],
  ] as const
  for (const [what, read] of both) {
    router.get(`/:id/${what}`, async (request: Request<{ id: string }>, response) => {
      const id = idOf(request)
      const { from, to, stepMs, metric, fidelity } = checked(query, request.query)
      const steps = stepsOf({ fromMs: from, toMs: to }, stepMs)
      const options = askFor(request, response)
      const [isKnown, measured] = await Promise.all([
        known(id, partOf(options, 'name')),
        read(
          clickhouse,
          { steps, rows: { kinds: [kind], metrics: [metric], ids: [id] }, fidelity },
          partOf(options, what),
        ),
      ])
      if (!isKnown) throw neverSeen(kind, id)
      response.json({ id, metric, ...measured } satisfies Series | Heatmap)
    })
  }
  router.get('/:id/rank', async (request: Request<{ id: string }>, response) => {
    const id = idOf(request)
    const { from, to, ...asked } = checked(rank, request.query)
    const options = askFor(request, response)
    const [isKnown, answer] = await Promise.all([
      known(id, partOf(options, 'name')),
      readRank(clickhouse, { kind, id, window: { fromMs: from, toMs: to }, ...asked }, partOf(options, 'rank')),
    ])
    if (!isKnown) throw neverSeen(kind, id)
    response.json(answer satisfies PeerRank)
  })
}

/** @throws ProblemError 400 */
export const idOf = (request: Request<{ id: string }>): string =>
  checked(EntityParams, { id: request.params.id.toLowerCase() }).id

export const neverSeen = (kind: 'proxy' | 'hop', id: string) => notFound(`no ${kind} ${id} was ever seen`)
