import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../storage/clickhouse.ts'
import { takeDataDirectory } from '../storage/data-directory.ts'
import { startEngine } from '../storage/engine.ts'
import { migrate } from '../storage/migrate.ts'
import { awaitPort } from '../storage/ports.ts'
import { applyRetention } from '../storage/retention.ts'
import type { Address } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'
import { newLog, startPart, type Part, type PartOptions } from './child.ts'
import type { AlertsPart } from './alerts.ts'
import type { CollectorPart } from './collector.ts'
import { help, readConfig, type Config } from './config.ts'
import { replay } from './demo.ts'
import type { ServerPart } from './server.ts'

/** The program: engine, schema, then a process for the collector, one for the server and one for alerts; ends them in turn. */
const log = newLog()
const startedAt = performance.now()
/** What a predecessor that is still ending gets to let go of its directory and ports. */
const predecessorMs = 15_000

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const flags = process.argv.slice(2)
const demo = flags.includes('--demo')
if (flags.includes('--help')) {
  say(help())
  process.exit(0)
}

/** In the order of their start; stopped in reverse. */
const stops: (() => Promise<void>)[] = []
let ending: Promise<void> | undefined

function end(code: number): Promise<void> {
  ending ??= (async () => {
    for (const stop of stops.reverse()) await stop().catch((error: unknown) => log.error({ err: error }, 'cannot stop'))
    process.exit(code)
  })()
  return ending
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0))

async function run(config: Config): Promise<void> {
  if (demo && (config.ingestKeysFile || config.tlsPaths))
    throw new StartError(
      'the demo sends without a key and in the clear: start it without HOPSCOPE_INGEST_KEYS_FILE and HOPSCOPE_TLS_*',
    )
  const addresses: Address[] = []
  const memoryMb = Math.floor(config.memoryBytes / 2 ** 20)
  await checkPorts(config)
  const clickhouseUrl = config.clickhouseUrl ?? (await startEmbedded(config, addresses))
  await awaitClickHouse(clickhouseUrl)
  await migrate(clickhouseUrl)
  await applyRetention(clickhouseUrl, retentionOf(config))

  const has = (role: Config['roles'][number]) => config.roles.includes(role)
  let receivers = {
    grpc: `http://${config.host}:${config.otlpGrpcPort}`,
    http: `http://${config.host}:${config.otlpHttpPort}`,
  }
  // Started after the collector, whose addresses it shows, and stopped after it too.
  let server: Part | undefined
  stops.push(() => server?.stop() ?? Promise.resolve())
  if (has('collector')) {
    const { host, otlpGrpcPort: grpcPort, otlpHttpPort: httpPort, zipkinPort, ingestKeysFile, tlsPaths } = config
    const options: CollectorPart = {
      ...{ clickhouseUrl, host, grpcPort, httpPort, zipkinPort, ingestKeysFile, tlsPaths },
      origins: config.corsOrigins,
      spool: config.spoolBytes === 0 ? null : { directory: join(config.dataDir, 'spool'), maxBytes: config.spoolBytes },
      spoolAfterMs: config.spoolAfterMs,
      lateAfterMs: config.settleQuietMs,
    }
    // Little of it lives long, but V8 counts bodies and batches to a heap of 10 MB and collects when it has doubled: it may grow further
    // (within the limit), and helping threads cost more there than they save. Little room for what is new is emptied often, and with it
    // go bodies that nobody needs any more.
    const flags = ['--single-threaded-gc', '--heap-growing-percent=1000', '--max-semi-space-size=8']
    // What is freed goes back to the kernel: glibc keeps blocks below a threshold, which grows to 32 MB by itself, and twice that a thread.
    const env = { MALLOC_MMAP_THRESHOLD_: `${2 ** 20}`, MALLOC_ARENA_MAX: '2' }
    const collector = await part('collector', './collector', options, memoryMb * 0.15, { flags, env })
    stops.push(() => collector.stop())
    addresses.push(...collector.addresses)
    const url = (name: string) => collector.addresses.find((address) => address.name === name)?.url ?? ''
    receivers = { grpc: url('OTLP/gRPC'), http: url('OTLP/HTTP') }
  }
  // Beside the server, which takes as long to start. In the demo after what it replays of the past, so that alerts are of that too.
  const alerts = has('alerts') && !demo ? startAlerts(config, clickhouseUrl) : undefined
  if (alerts) {
    alerts.catch(() => undefined)
    stops.push(async () => (await alerts).stop())
  }
  if (has('finaliser') || has('api')) {
    const { host, port, settleQuietMs, settleMaxMs, finaliserThreads, networkRttNs, rulesFile } = config
    const { allowedTargets, publicUrl } = config
    const options: ServerPart = {
      ...{ clickhouseUrl, host, port, receivers, settleQuietMs, settleMaxMs, finaliserThreads },
      ...{ networkRttNs, rulesFile, allowedTargets, publicUrl },
      webRoot: fileURLToPath(new URL('web/dist', packageRoot)),
      version: (
        createRequire(import.meta.url)(fileURLToPath(new URL('package.json', packageRoot))) as { version: string }
      ).version,
      finaliser: has('finaliser'),
      api: has('api'),
    }
    server = await part('server', './server', options, memoryMb * 0.2)
    addresses.push(...server.addresses)
  }
  await alerts
  if (ending) return
  for (const { name, url } of addresses) say(`${name.padEnd(15)} ${url}`)
  say(`hopscope is ready (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
  if (has('collector') && !isLoopback(config.host) && config.ingestKeysFile === null && !config.tlsPaths?.clientCaFile)
    log.warn(
      { host: config.host },
      'whoever reaches this machine may send spans: set HOPSCOPE_INGEST_KEYS_FILE or HOPSCOPE_TLS_CLIENT_CA_FILE',
    )
  if (demo) await startDemo(config, receivers.http, has('alerts') ? clickhouseUrl : null)
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** Where package.json is: above this folder, above dist/ when compiled. */
const packageRoot = new URL(import.meta.url.endsWith('.ts') ? '../' : '../../', import.meta.url)

type Tuning = Pick<PartOptions, 'flags' | 'env'>

const part = (name: string, module: string, options: unknown, heapMb: number, tuning: Tuning = {}) =>
  startPart({ module, name, options, heapMb: Math.max(256, Math.floor(heapMb)), ...tuning, log })

/** @param fromMs Unix ms: what nothing was evaluated for yet is from here on. */
function startAlerts(config: Config, clickhouseUrl: string, fromMs?: number): Promise<Part> {
  const { alertIntervalMs, regressionIntervalMs, publicUrl, allowedTargets, alertRulesDir, memoryBytes } = config
  const options: AlertsPart = {
    ...{ clickhouseUrl, alertIntervalMs, regressionIntervalMs, publicUrl, allowedTargets, alertRulesDir },
    ...(fromMs !== undefined && { fromMs }),
  }
  return part('alerts', './alerts', options, (memoryBytes / 2 ** 20) * 0.05)
}

async function startEmbedded(config: Config, addresses: Address[]): Promise<string> {
  const directory = await takeDataDirectory(config.dataDir, predecessorMs)
  stops.push(() => Promise.resolve(directory.release()))
  const engine = await startEngine({
    dataDir: directory.path,
    httpPort: config.engineHttpPort,
    lockFd: directory.lockFd,
    memoryBytes: Math.floor(config.memoryBytes * 0.6),
    log,
  })
  stops.push(() => engine.stop())
  addresses.push({ name: 'ClickHouse', url: engine.url })
  return `${engine.url}/hopscope`
}

/** @throws StartError when nothing answers. */
async function awaitClickHouse(url: string): Promise<void> {
  const root = new URL(url)
  root.pathname = '/'
  const clickhouse = connect(root.href, { timeoutMs: 5_000 })
  try {
    for (const end = Date.now() + predecessorMs; ;) {
      if (await clickhouse.ping()) return
      if (Date.now() > end) break
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  } finally {
    await clickhouse.close()
  }
  throw new StartError(`ClickHouse at ${root.host} does not answer: check CLICKHOUSE_URL and that the server runs`)
}

/** Before anything is started, so that the message is about the port and nothing has to be undone. */
async function checkPorts({ host, port, otlpGrpcPort, otlpHttpPort, zipkinPort, roles }: Config): Promise<void> {
  const wanted = [
    ...(roles.includes('api') ? [{ name: 'HOPSCOPE_PORT', port }] : []),
    ...(roles.includes('collector')
      ? [
          { name: 'HOPSCOPE_OTLP_GRPC_PORT', port: otlpGrpcPort },
          { name: 'HOPSCOPE_OTLP_HTTP_PORT', port: otlpHttpPort },
          { name: 'HOPSCOPE_ZIPKIN_PORT', port: zipkinPort },
        ]
      : []),
  ]
  for (const { name, port } of wanted) {
    const trouble = port === 0 ? undefined : await awaitPort(host, port, predecessorMs)
    if (trouble === 'EADDRINUSE') throw new StartError(`port ${port} on ${host} is in use: set ${name} to another`)
    if (trouble) throw new StartError(`cannot listen on ${host}:${port} (${trouble}): check HOPSCOPE_HOST and ${name}`)
  }
}

const day = 86_400
const retentionOf = ({ retention }: Config) => [
  { table: 'spans', column: 'received_at', seconds: retention.spans },
  { table: 'trace_pages', column: 'made_at', seconds: retention.spans },
  { table: 'trace_places', column: 'settled_at', seconds: Math.min(retention.spans + day, retention.facts) },
  { table: 'resources', column: 'seen_at', seconds: retention.spans + 2 * day },
  { table: 'scopes', column: 'seen_at', seconds: retention.spans + 2 * day },
  { table: 'attrsets', column: 'seen_at', seconds: retention.spans + 2 * day },
  { table: 'batches', column: 'received_at', seconds: retention.spans + day },
  { table: 'proxy_usage', column: 'toDateTime(time)', seconds: retention.facts },
  ...['traces', 'hops', 'proxies'].map((table) => ({ table, column: 'settled_at', seconds: retention.facts })),
  ...['rollup_1m', 'rollup_class_1m', 'coverage_1m'].map((table) => ({
    table,
    column: 'time',
    seconds: retention.rollup1m,
  })),
  ...['clock_offsets', 'wire_times', 'edge_callees', 'emitters'].map((table) => ({
    table,
    column: 'learned_at',
    seconds: retention.facts,
  })),
  { table: 'rollup_5m', column: 'time', seconds: retention.rollup5m },
  ...['rollup_1h', 'rollup_1d', 'rollup_class_1h', 'coverage_1h'].map((table) => ({
    table,
    column: 'time',
    seconds: retention.rollup1h,
  })),
]

/** @param evaluates ClickHouse where alerts are evaluated here; null: they are not. */
async function startDemo(config: Config, otlpHttpUrl: string, evaluates: string | null): Promise<void> {
  const stop = new AbortController()
  let alerts: Promise<Part> | undefined
  stops.push(async () => {
    stop.abort()
    await (await alerts?.catch(() => undefined))?.stop()
  })
  const { demoFault } = config
  const backfillSeconds = 7200
  const startMs = Date.now()
  await replay({
    otlpHttpUrl,
    recordings: fileURLToPath(new URL('test/fixtures/recordings', packageRoot)),
    tracesPerSecond: 4,
    backfillSeconds,
    incidentSeconds: 1200,
    fault: demoFault
      ? {
          ...{ proxy: demoFault.proxy, byMs: demoFault.byMs, fromMs: startMs - demoFault.agoMs },
          toMs: startMs - demoFault.agoMs + demoFault.lastsMs,
        }
      : undefined,
    onBackfilled: () => {
      if (evaluates === null || stop.signal.aborted) return
      alerts = startAlerts(config, evaluates, startMs - backfillSeconds * 1000)
      alerts.catch((error: unknown) => log.error({ err: error }, 'alerts cannot start'))
    },
    signal: stop.signal,
    log: say,
  })
}

try {
  if (demo) process.env['HOPSCOPE_NETWORK_RTT_US'] ||= '0'
  await run(
    readConfig(
      process.env,
      flags.filter((flag) => flag !== '--demo'),
      process.cwd(),
    ),
  )
} catch (error) {
  if (error instanceof StartError) process.stderr.write(`hopscope cannot start: ${error.message}\n`)
  else log.error({ err: error }, 'hopscope cannot start')
  await end(1)
}
