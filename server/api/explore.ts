import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { readDifferences } from '../queries/explore/differences.ts'
import { FilterError } from '../queries/explore/filter.ts'
import { listFields, listValues, readGroups } from '../queries/explore/groups.ts'
import { readExploreHeatmap } from '../queries/explore/heatmap.ts'
import { listRequests, readLive, type RequestCursor } from '../queries/explore/requests.ts'
import { windowRead } from '../queries/rollup-window.ts'
import { askFor } from './ask.ts'
import {
  DifferencesQuery,
  ExploreQuery,
  FieldsQuery,
  GroupsQuery,
  LiveQuery,
  RequestsQuery,
  ValuesQuery,
  type Differences,
  type ExploreFieldList,
  type ExploreHeatmap,
  type ExploreRequest,
  type ExploreRequestList,
  type ExploreValueList,
  type GroupList,
  type Live,
} from './contract-explore.ts'
import { badRequest, checked, ProblemError } from './problem.ts'

/** `/explore/…`: requests of one measure under a filter. */
export function exploreRouter(clickhouse: ClickHouse): Router {
  const router = Router()
  const answers = <Answer>(path: string, answer: (request: Request, response: Response) => Promise<Answer>) =>
    router.get(path, async (request, response) => {
      response.json(await namingThePlace(() => answer(request, response)))
    })

  answers('/heatmap', (request, response): Promise<ExploreHeatmap> => {
    const query = checked(ExploreQuery, request.query)
    return readExploreHeatmap(clickhouse, { ...factsIn(query), fidelity: query.fidelity }, askFor(request, response))
  })
  answers('/differences', (request, response): Promise<Differences> => {
    const query = checked(DifferencesQuery, request.query)
    return readDifferences(clickhouse, { ...query, ...factsIn(query) }, askFor(request, response))
  })
  answers('/groups', async (request, response): Promise<GroupList> => {
    const query = checked(GroupsQuery, request.query)
    const asked = { ...factsIn(query), by: query.by, fidelity: query.fidelity }
    const { items, window, fidelity, more } = await readGroups(clickhouse, asked, askFor(request, response))
    return { items, fidelity, more, nextCursor: null, ...windowRead(window, 60_000) }
  })
  answers('/requests', async (request, response): Promise<ExploreRequestList> => {
    const query = checked(RequestsQuery, request.query)
    const { sort, limit } = query
    const cursor = query.cursor === undefined ? null : readCursor(query.cursor, sort)
    const asked = { ...query, ...factsIn(query), byValue: sort === 'value', cursor, limit: limit + 1 }
    const { items, window, fidelity, selection } = await listRequests(clickhouse, asked, askFor(request, response))
    const last = items.length > limit ? items[limit - 1] : undefined
    return {
      ...{ items: items.slice(0, limit), nextCursor: last ? writeCursor(sort, last) : null },
      ...{ fidelity, selection, ...windowRead(window, 60_000) },
    }
  })
  answers('/fields', async (request, response): Promise<ExploreFieldList> => {
    const { measure } = checked(FieldsQuery, request.query)
    return { items: await listFields(clickhouse, measure, askFor(request, response)) }
  })
  answers('/values', async (request, response): Promise<ExploreValueList> => {
    const query = checked(ValuesQuery, request.query)
    const asked = { ...factsIn(query), key: query.key, text: query.text }
    return { items: await listValues(clickhouse, asked, askFor(request, response)) }
  })
  answers('/live', (request, response): Promise<Live> => {
    const { q: filter, ...query } = checked(LiveQuery, request.query)
    return readLive(clickhouse, { ...query, filter, after: query.after }, askFor(request, response))
  })
  return router
}

function factsIn({ measure, q: filter, from, to, environment, cluster, namespace }: ExploreQuery) {
  return { measure, filter, window: { fromMs: from, toMs: to }, environment, cluster, namespace }
}

async function namingThePlace<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof FilterError)
      throw new ProblemError(
        400,
        'The filter cannot be read',
        `${error.message} (character ${error.at + 1})`,
        'q',
        error.at,
      )
    throw error
  }
}

type Sort = RequestsQuery['sort']

const writeCursor = (sort: Sort, { ns, startUnixNano, traceId, spanId }: ExploreRequest) =>
  Buffer.from(`${sort} ${ns} ${startUnixNano} ${traceId} ${spanId}`).toString('base64url')

function readCursor(text: string, sort: Sort): RequestCursor {
  const [, of, value, start, traceId, spanId] =
    /^(value|start) (-?\d{1,18}) (-?\d{1,19}) ([0-9a-f]{32}) ([0-9a-f]{16}|)$/.exec(
      Buffer.from(text, 'base64url').toString(),
    ) ?? []
  if (value === undefined || start === undefined || traceId === undefined || spanId === undefined)
    throw badRequest('cursor', 'not a cursor')
  if (of !== sort) throw badRequest('cursor', 'of another sort order')
  return { value, start, traceId, spanId }
}
