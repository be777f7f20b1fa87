import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { edgesOfProxy } from '../queries/callees.ts'
import { readDetails, readLedgerOf } from '../queries/details.ts'
import { readProxyNames } from '../queries/names.ts'
import { listProxies, readProxy } from '../queries/proxies.ts'
import { windowRead } from '../queries/rollup-window.ts'
import { askFor } from './ask.ts'
import type { ProxyDetail, ProxyList } from './contract-measurements.ts'
import { ProxyRankQuery } from './contract-peers.ts'
import { ProxiesQuery, ProxySeriesQuery, RangeQuery } from './contract-query.ts'
import { addOverTime, idOf, neverSeen } from './over-time.ts'
import { checked } from './problem.ts'

/** `/proxies`, `/proxies/{id}`, its series, heatmap and rank. */
export function proxiesRouter(clickhouse: ClickHouse): Router {
  const router = Router()

  router.get('/', async (request, response) => {
    const { from, to, ...filter } = checked(ProxiesQuery, request.query)
    const params = { window: { fromMs: from, toMs: to }, filter }
    response.json((await listProxies(clickhouse, params, askFor(request, response))) satisfies ProxyList)
  })

  router.get('/:id', async (request, response) => {
    const id = idOf(request)
    const { from, to } = checked(RangeQuery, request.query)
    const window = { fromMs: from, toMs: to }
    const options = askFor(request, response)
    const [item, ledger] = await Promise.all([
      readProxy(clickhouse, { id, window }, options),
      readLedgerOf(clickhouse, { kind: 'proxy', id, window }, options),
    ])
    if (!item) throw neverSeen('proxy', id)
    const fidelity = item.added[0]?.fidelity ?? 'unknown'
    const details = await readDetails(
      clickhouse,
      { kind: 'proxy', id, window, fidelity, edges: edgesOfProxy(id) },
      options,
    )
    response.json({ ...item, ...windowRead(window), ...details, ledger } satisfies ProxyDetail)
  })

  addOverTime(router, clickhouse, {
    kind: 'proxy',
    query: ProxySeriesQuery,
    rank: ProxyRankQuery,
    known: async (id, options) => (await readProxyNames(clickhouse, [id], options)).has(id),
  })
  return router
}
