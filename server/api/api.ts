import express, { type Express } from 'express'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger, Running } from '../../storage/running.ts'
import { newMeter, type Meter } from '../../telemetry/meter.ts'
import { observe } from '../../telemetry/requests.ts'
import type { RuleSource } from '../analysis/recognise/user-rule.ts'
import { parseAllowed } from '../alerts/notify/address.ts'
import { accuracyRouter } from './accuracy.ts'
import { alertRulesRouter } from './alert-rules.ts'
import { alertMetrics } from './alert-metrics.ts'
import { alertsRouter } from './alerts.ts'
import { budgetsRouter } from './budgets.ts'
import { catalogueRouter } from './catalogue.ts'
import { claimsRouter } from './claims.ts'
import { compressed } from './compress.ts'
import type { RulesInForce } from './contract-rules.ts'
import { compareRouter, compositionRouter, explanationRouter, featureCostsRouter, resourcesRouter } from './compare.ts'
import { exploreRouter } from './explore.ts'
import { eventsRouter } from './events.ts'
import { hopsRouter } from './hops.ts'
import { localHostsOnly } from './hosts.ts'
import { fileImporter, type Importer } from './import-process.ts'
import { openApiDocument } from './openapi.ts'
import { mapRouter } from './map.ts'
import { auditRouter, targetsRouter } from './notification-targets.ts'
import { silencesRouter } from './silences.ts'
import { overviewRouter } from './overview.ts'
import { notAllowed, notFound, problems } from './problem.ts'
import { proxiesRouter } from './proxies.ts'
import { reanalysesRouter } from './reanalyses.ts'
import { rulesRouter } from './rules.ts'
import { tracesRouter } from './traces.ts'
import { rulesTrier, type RulesTrier } from './try-rules-process.ts'
import { webRouter } from './web.ts'
import { retimer, type Retimer } from './what-if-process.ts'
import { whatIfRouter } from './what-if.ts'

export interface ApiOptions {
  clickhouseUrl: string
  host: string
  /** 0: any free port. */
  port: number
  /** Folder of the built web UI. */
  webRoot: string
  /** Addresses of the OTLP receivers, for the Data page. */
  receivers: { grpc: string; http: string }
  settleQuietMs: number
  /** As the finaliser has it: the trace page computes with the same. */
  networkRttNs: number | null
  rules: RuleSource & { state(): RulesInForce }
  /** HOPSCOPE_ALLOWED_TARGETS, and how links in notifications begin. */
  allowedTargets?: string
  publicUrl?: string
  version: string
  /** What `/metrics` shows; by default of the API alone. */
  meter?: Meter
  log: Logger
}

/**
 * Serves `/api/v1`, `/healthz`, `/readyz`, `/metrics` and the web UI.
 * @throws the error of the port that cannot be listened on.
 */
export async function startApi(options: ApiOptions): Promise<Running> {
  const { host, port } = options
  const clickhouse = connect(options.clickhouseUrl, { connections: 24, timeoutMs: 60_000, readOnly: true })
  const writing = connect(options.clickhouseUrl, { connections: 2 })
  const trier = rulesTrier()
  const importer = fileImporter()
  const whatIf = retimer()
  const server = createServer(apiApp(options, { clickhouse, writing }, { trier, importer, whatIf }))
  // Longer than whatever stands before us keeps a connection: it must not send into one that we are closing.
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  return {
    addresses: [{ name: 'Web UI and API', url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` }],
    async close() {
      trier.close()
      importer.close()
      whatIf.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      const late = setTimeout(() => server.closeAllConnections(), 3000)
      await closed
      clearTimeout(late)
      await Promise.all([clickhouse.close(), writing.close()])
    },
  }
}

interface Connections {
  readonly clickhouse: ClickHouse
  /** For the few things that the API writes. */
  readonly writing: ClickHouse
}

/** What is done in processes of its own. */
interface Helpers {
  readonly trier: RulesTrier
  readonly importer: Importer
  readonly whatIf: Retimer
}

function apiApp(options: ApiOptions, { clickhouse, writing }: Connections, helpers: Helpers): Express {
  const { trier, importer, whatIf } = helpers
  const { clickhouseUrl, receivers, settleQuietMs, networkRttNs, rules, version, webRoot, host, log } = options
  const { meter = newMeter('hopscope_server_'), allowedTargets = '', publicUrl = '' } = options
  const settings = {
    networkRttNs,
    get rules() {
      return rules.current()
    },
  }
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(localHostsOnly(host))
  app.get('/healthz', (_request, response) => {
    response.type('text').send('ok\n')
  })
  app.get('/readyz', async (_request, response) => {
    const ready = await isReady(clickhouse)
    response
      .status(ready ? 200 : 503)
      .type('text')
      .send(ready ? 'ok\n' : 'ClickHouse does not answer\n')
  })

  const measured = alertMetrics(meter, clickhouse, log)
  app.get('/metrics', async (_request, response) => {
    await measured.refresh()
    response.set('Content-Type', meter.contentType).send(await meter.text())
  })

  const api = express.Router()
  api.use(compressed, observe(meter))
  api.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store').set('X-Content-Type-Options', 'nosniff')
    next()
  })
  const document = JSON.stringify(openApiDocument(version))
  api.get('/openapi.json', (_request, response) => {
    response.type('json').send(document)
  })
  api.use('/traces', tracesRouter({ clickhouse, settings, importer }))
  api.use('/proxies', proxiesRouter(clickhouse))
  api.use('/hops', hopsRouter(clickhouse))
  api.use('/map', mapRouter(clickhouse))
  api.use('/explore', exploreRouter(clickhouse))
  api.use('/compare', compareRouter(clickhouse))
  api.use('/claims', claimsRouter(clickhouse))
  api.use('/composition', compositionRouter(clickhouse))
  api.use('/explanation', explanationRouter(clickhouse))
  api.use('/feature-costs', featureCostsRouter(clickhouse))
  api.use('/resources', resourcesRouter(clickhouse))
  api.use('/what-if', whatIfRouter({ clickhouseUrl, settings, retimer: whatIf }))
  api.use('/overview', overviewRouter(clickhouse))
  api.use('/accuracy', accuracyRouter())
  api.use('/rules', rulesRouter({ clickhouseUrl, rules, trier }))
  api.use('/reanalyses', reanalysesRouter(clickhouse, writing))
  api.use('/events', eventsRouter(clickhouse, writing))
  api.use('/alert-rules', alertRulesRouter(clickhouse, writing))
  api.use('/alerts', alertsRouter(clickhouse, writing))
  api.use(
    '/notification-targets',
    targetsRouter(clickhouse, writing, { allowed: parseAllowed(allowedTargets), publicUrl }),
  )
  api.use('/budgets', budgetsRouter(clickhouse))
  api.use('/silences', silencesRouter(clickhouse, writing))
  api.use('/audit', auditRouter(clickhouse))
  api.use('/', catalogueRouter({ clickhouse, setup: { version, receivers, settleQuietMs } }))
  api.use((request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') throw notFound(`nothing at ${request.originalUrl}`)
    return notAllowed('GET, HEAD')(request, response)
  })
  app.use('/api/v1', api)
  app.use('/api', (request) => {
    throw notFound(`nothing at ${request.originalUrl}`)
  })
  app.use(compressed, webRouter(webRoot))
  app.use(problems(log))
  return app
}

async function isReady(clickhouse: ClickHouse): Promise<boolean> {
  try {
    await clickhouse.query('SELECT 1 FROM traces LIMIT 1', {}, { signal: AbortSignal.timeout(5_000) })
    return true
  } catch {
    return false
  }
}
