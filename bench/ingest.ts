import { spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { connect } from '../storage/clickhouse.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { median, report } from './report.ts'
import { parts, usageOf, type PartName, type Usage } from './usage.ts'

/**
 * `npm run bench -- ingest [--grpc] [--gzip] [--connections N] [--spans N] [--all-roles] [--json FILE]`: OTLP requests
 * (by default 2,000 spans each, HTTP, protobuf, over 16 connections) from a process of its own to the running collector
 * with embedded ClickHouse. Each run starts over an empty directory, with the settings in the environment: HOPSCOPE_SPOOL_AFTER_MS=0 sends all
 * spans by way of the spool, HOPSCOPE_SPOOL_BYTES=0 none.
 * --all-roles: with the finaliser and the API beside it on the same cores.
 */
const { values: options } = parseArgs({
  options: {
    grpc: { type: 'boolean', default: false },
    gzip: { type: 'boolean', default: false },
    connections: { type: 'string', default: '16' },
    spans: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '3' },
    'all-roles': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const warmUpSeconds = 3
const drainMs = 60_000
const runs = Number(options.runs)
const roles = options['all-roles'] ? 'collector,finaliser,api' : 'collector'

interface Load {
  acknowledged: number
  retried: number
  seconds: number
  cpuSeconds: number
  ackMsP50: number
  ackMsP99: number
}

async function load({ otlpHttpUrl, otlpGrpcUrl }: RunningHopscope, forSeconds: number): Promise<Load> {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./load.js', import.meta.url)),
      ...(options.grpc ? ['--grpc', otlpGrpcUrl] : ['--http', otlpHttpUrl]),
      ...(options.gzip ? ['--gzip'] : []),
      ...['--seconds', String(forSeconds), '--connections', options.connections, '--spans', options.spans],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return JSON.parse((await buffer(child.stdout)).toString()) as Load
}

async function run() {
  const hopscope = await startHopscope({ HOPSCOPE_ROLES: roles, HOPSCOPE_MEMORY_LIMIT: '60%' })
  try {
    return await measure(hopscope)
  } finally {
    await hopscope.stop()
  }
}

async function measure(hopscope: RunningHopscope) {
  const usage = () =>
    Object.fromEntries(Object.keys(parts).map((part) => [part, usageOf(part as PartName, hopscope)])) as Record<
      PartName,
      Usage
    >
  const warmUp = await load(hopscope, warmUpSeconds)
  const before = usage()
  const sent = await load(hopscope, Number(options.seconds))
  const acknowledged = warmUp.acknowledged + sent.acknowledged
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  const count = () =>
    clickhouse.query<{ stored: string; committed: string }>(
      'SELECT (SELECT count() FROM spans) AS stored, (SELECT sum(spans) FROM batches) AS committed',
    )
  let [row] = await count()
  // What the spool acknowledged may still be on its way.
  for (
    const end = Date.now() + drainMs;
    Number(row!.committed) < acknowledged && Date.now() < end;
    [row] = await count()
  )
    await sleep(200)
  const after = usage()
  await clickhouse.close()
  if (Number(row!.stored) !== acknowledged || Number(row!.committed) !== acknowledged) {
    throw new Error(`acknowledged ${acknowledged}, stored ${row!.stored}, committed ${row!.committed}`)
  }
  const perMillion = (part: PartName) => (after[part].cpuSeconds - before[part].cpuSeconds) / (sent.acknowledged / 1e6)
  return {
    spansPerSecond: sent.acknowledged / sent.seconds,
    retried: sent.retried,
    ackMsP50: sent.ackMsP50,
    ackMsP99: sent.ackMsP99,
    collectorCpu: perMillion('collector'),
    clickhouseCpu: perMillion('clickhouse'),
    serverCpu: perMillion('server'),
    generatorCpu: sent.cpuSeconds / (sent.acknowledged / 1e6),
    collectorPeakMb: after.collector.peakMb,
    clickhousePeakMb: after.clickhouse.peakMb,
  }
}

const results: Awaited<ReturnType<typeof run>>[] = []
for (let i = 0; i < runs; i++) results.push(await run())
const of = (key: keyof (typeof results)[number], digits = 2) =>
  Number(median(results.map((r) => r[key])).toFixed(digits))
await report('ingest', {
  roles,
  transport: `${options.grpc ? 'grpc' : 'http'}${options.gzip ? ', gzip' : ''}`,
  connections: Number(options.connections),
  spansPerRequest: Number(options.spans),
  runs,
  acknowledgedSpansPerSecond: of('spansPerSecond', 0),
  storedSpansPerSecond: of('spansPerSecond', 0),
  storedEqualsAcknowledged: true,
  retriedRequests: of('retried', 0),
  ackMs: { p50: of('ackMsP50', 0), p99: of('ackMsP99', 0) },
  cpuSecondsPerMillionSpans: {
    collector: of('collectorCpu'),
    clickhouse: of('clickhouseCpu'),
    ...(roles.includes('api') && { server: of('serverCpu') }),
    generator: of('generatorCpu'),
  },
  peakMemoryMb: { collector: of('collectorPeakMb', 0), clickhouse: of('clickhousePeakMb', 0) },
})
