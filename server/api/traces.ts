import { Router, type Request, type Response } from 'express'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { Flag } from '../analysis/flags.ts'
import type { AnalysisSettings } from '../analysis/types.ts'
import { openSpanReader } from '../queries/spans.ts'
import { storedPage } from '../queries/trace-page.ts'
import {
  listTraces,
  minutesOf,
  placeOfTrace,
  type Cursor,
  type TraceListParams,
  type TraceRow,
} from '../queries/trace-list.ts'
import { leastStored, tracePage } from '../trace-page/page.ts'
import { askFor } from './ask.ts'
import type { TraceList, TraceSummary } from './contract-catalogue.ts'
import { ImportQuery, largestFile } from './contract-import.ts'
import type { Typical } from './contract-peers.ts'
import { TraceParams, TraceQuery, TracesQuery } from './contract-query.ts'
import type { Tax } from './contract.ts'
import { analysedAsItsFacts, extentOf } from './learned-for.ts'
import type { Importer } from './import-process.ts'
import { fileIn, ownFile } from './own-json.ts'
import { badRequest, checked, notAllowed, notFound } from './problem.ts'
import { traceJson } from './trace-json.ts'
import { traceOtlp } from './trace-otlp.ts'
import { typicalOf } from './typical.ts'

export interface TracesOptions {
  readonly clickhouse: ClickHouse
  readonly settings: AnalysisSettings
  readonly importer: Importer
}

/** `/traces`, `/traces/{traceId}`, `/traces/{traceId}/typical` and `/traces/import`. */
export function tracesRouter({ clickhouse, settings, importer }: TracesOptions): Router {
  const router = Router()
  const reader = openSpanReader(clickhouse)

  router.get('/', async (request, response) => {
    const query = checked(TracesQuery, request.query)
    const { from, to, sort, limit } = query
    const byDuration = sort === 'duration'
    const cursor = query.cursor === undefined ? null : readCursor(query.cursor, sort)
    const prefix = /^[0-9a-f]{4,32}$/i.test(query.q ?? '') ? query.q!.toLowerCase() : ''
    const params: TraceListParams = {
      fromMs: from,
      toMs: to,
      service: query.service ?? '',
      proxy: query.proxy ?? '',
      hop: query.hop ?? '',
      minNs: query.minNs ?? 0,
      maxNs: query.maxNs ?? 0,
      error: query.error ?? null,
      prefix,
      text: prefix === '' ? (query.q ?? '') : '',
      byDuration,
      cursor,
      limit: limit + 1,
    }
    const rows = await listTraces(clickhouse, params, askFor(request, response))
    const last = rows.length > limit ? rows[limit - 1] : undefined
    const answer: TraceList = {
      items: rows.slice(0, limit).map(summary),
      nextCursor: last ? writeCursor(sort, last) : null,
      from: `${from}000000`,
      to: `${to}000000`,
    }
    response.json(answer)
  })

  router.post('/import', ...ownFile(largestFile), async (request, response) => {
    const { traceId = '' } = checked(ImportQuery, request.query)
    const { networkRttNs, rules = [] } = settings
    // The request itself closes as soon as its body is read.
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const answer = await importer.run({ traceId, settings: { networkRttNs, rules } }, fileIn(request), gone.signal)
    response.type('json').send(answer)
  })
  router.all('/import', notAllowed('POST'))

  router.get('/:traceId/typical', async (request, response) => {
    const { traceId } = checked(TraceParams, { traceId: request.params.traceId.toLowerCase() })
    const options = askFor(request, response)
    response.json((await typicalOf({ clickhouse, reader, settings }, traceId, options)) satisfies Typical)
  })

  router.get('/:traceId', async (request, response) => {
    const { traceId } = checked(TraceParams, { traceId: request.params.traceId.toLowerCase() })
    const { format } = checked(TraceQuery, request.query)
    const { signal, queryId } = askFor(request, response)
    const place = await placeOfTrace(clickhouse, traceId, { signal, queryId })
    if (format === 'columns' && place && place.spans >= leastStored) {
      const page = await storedPage(clickhouse, traceId, place.job, { signal, queryId: `${queryId}-page` })
      if (page) return sendPage(request, response, page)
    }
    const [stored] = await reader.readTraces([{ traceId, ...(place && minutesOf(place)) }], { signal })
    if (!stored) throw notFound(`no span of trace ${traceId} is stored; it may have expired, or not have arrived yet`)
    if (format === 'otlp') {
      response.attachment(`${traceId}.otlp.json`).json(traceOtlp(stored))
      return
    }
    const besides = (stored.truncated ? Flag.truncated : 0) | (place?.late ? Flag.lateRevision : 0)
    const analysed = await analysedAsItsFacts(
      clickhouse,
      stored,
      place ?? extentOf(stored),
      (learned) => analyseTrace(stored, { ...settings, ...learned }),
      { signal },
    )
    const settled = place !== undefined
    if (format === 'columns') {
      const page = await promisify(gzip)(tracePage(analysed, settled, besides), { level: 1 })
      return sendPage(request, response, page)
    }
    response.json(traceJson(analysed, settled, besides))
  })
  return router
}

/** @param page gzip, which is how it goes out unless somebody does not take that. */
async function sendPage(request: Request, response: Response, page: Buffer): Promise<void> {
  response.type('application/octet-stream').vary('Accept-Encoding')
  if (request.acceptsEncodings('gzip')) response.set('Content-Encoding', 'gzip').send(page)
  else response.send(await promisify(gunzip)(page))
}

function summary(row: TraceRow): TraceSummary {
  const durationNs = row.duration === null ? null : Number(row.duration)
  return {
    traceId: row.traceId,
    startUnixNano: row.startUnixNano,
    durationNs,
    rootService: row.rootService,
    rootName: row.rootName,
    spanCount: row.spanCount,
    hopCount: row.hopCount,
    meshTax: tax(row.mesh_lower, row.mesh_upper, row.mesh_estimate, durationNs),
    gatewayTax: tax(row.gateway_lower, row.gateway_upper, row.gateway_estimate, durationNs),
    error: row.error === 1,
  }
}

/** Share as in the analysis: estimate, else upper, over the duration. */
function tax(
  lower: string | null,
  upper: string | null,
  estimate: string | null,
  durationNs: number | null,
): Tax | null {
  if (lower === null || upper === null || durationNs === null) return null
  const estimateNs = estimate === null ? null : Number(estimate)
  const upperNs = Number(upper)
  return {
    lowerNs: Number(lower),
    upperNs,
    estimateNs,
    share: durationNs > 0 ? (estimateNs ?? upperNs) / durationNs : 0,
  }
}

type Sort = 'start' | 'duration'

const writeCursor = (sort: Sort, { duration, startUnixNano, traceId }: TraceRow) =>
  Buffer.from(`${sort} ${duration ?? '-1'} ${startUnixNano} ${traceId}`).toString('base64url')

function readCursor(text: string, sort: Sort): Cursor {
  const [, of, duration, start, traceId] =
    /^(start|duration) (-?\d{1,18}) (-?\d{1,18}\d?) ([0-9a-f]{32})$/.exec(Buffer.from(text, 'base64url').toString()) ??
    []
  if (duration === undefined || start === undefined || traceId === undefined) throw badRequest('cursor', 'not a cursor')
  if (of !== sort) throw badRequest('cursor', 'of another sort order')
  return { duration, start, traceId }
}
