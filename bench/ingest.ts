import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { measureOtelcol } from './otelcol.ts'
import { median, report } from './report.ts'
import { mergesSettled, send, until, warmUpSeconds, type Load, type Sent } from './sending.ts'
import { parts, usageOf, type PartName, type Usage } from './usage.ts'

/**
 * `npm run bench -- ingest [--protocol http|grpc] [--gzip] [--connections N] [--request-spans N] [--rate SPANS] [--table]`: OTLP
 * requests from a process of its own to the running collector with embedded ClickHouse. Each run starts over an empty
 * directory, with the settings in the environment: HOPSCOPE_SPOOL_AFTER_MS=1000 sends spans to ClickHouse directly while it takes them, HOPSCOPE_SPOOL_BYTES=0 without a spool.
 * Connections (streams, of gRPC) send their next request as soon as the last was answered, or, with --rate, so many spans a
 * second in all; an answer then takes from when its request was due.
 * --overload MINUTES: twice the load that is stored at most, for so long, after that was measured; HOPSCOPE_SPOOL_BYTES (here 512 MiB) bounds what waits.
 * --otelcol PATH: after each run the same load goes to that OpenTelemetry Collector (otelcol-contrib), whose ClickHouse exporter
 * has a ClickHouse of its own; it has no queue, so that what it acknowledges is stored, as here.
 * --sustain MINUTES: everything on at --rate for so long: in each tenth of it how old the oldest spans are that no facts cover, and the CPU of each process.
 * --table: all loads of `table` instead of one. --all-roles: with the finaliser and the API beside it on the same cores.
 */
const { values: options } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'http' },
    gzip: { type: 'boolean', default: false },
    connections: { type: 'string', default: '64' },
    'request-spans': { type: 'string', default: '2000' },
    rate: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '3' },
    table: { type: 'boolean', default: false },
    overload: { type: 'string', default: '0' },
    sustain: { type: 'string', default: '0' },
    otelcol: { type: 'string' },
    'all-roles': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

const http: Load = { protocol: 'http', gzip: false, connections: 64, requestSpans: 2000, rate: 0 }
const table: readonly Load[] = [
  http,
  { ...http, protocol: 'grpc', connections: 32 },
  { ...http, gzip: true },
  { ...http, requestSpans: 200 },
  { ...http, requestSpans: 200, connections: 8, rate: 10_000 },
]

const runs = Number(options.runs)
const roles = options['all-roles'] ? 'collector,finaliser,api' : 'collector'

const usageOfAll = (hopscope: RunningHopscope) =>
  Object.fromEntries(Object.keys(parts).map((part) => [part, usageOf(part as PartName, hopscope)])) as Record<
    PartName,
    Usage
  >

async function measure(hopscope: RunningHopscope, load: Load) {
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  try {
    const warmUp = await send(hopscope, load, warmUpSeconds)
    await mergesSettled(clickhouse)
    const before = usageOfAll(hopscope)
    const fromMs = Date.now()
    const sent = await send(hopscope, load, Number(options.seconds))
    const acknowledged = warmUp.acknowledged + sent.acknowledged
    const count = async () => {
      const [row] = await clickhouse.query<{ stored: string; committed: string }>(
        'SELECT (SELECT count() FROM spans) AS stored, (SELECT sum(spans) FROM batches) AS committed',
      )
      return { stored: Number(row!.stored), committed: Number(row!.committed) }
    }
    // What a spool acknowledged may still be on its way.
    await until('storing', async () => (await count()).committed >= acknowledged)
    const { stored, committed } = await count()
    if (stored !== acknowledged || committed !== acknowledged)
      throw new Error(`acknowledged ${acknowledged}, stored ${stored}, committed ${committed}`)
    const after = usageOfAll(hopscope)
    await mergesSettled(clickhouse)
    const settled = usageOfAll(hopscope)
    const [disk] = await clickhouse.query<{ bytes: string }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = 'hopscope' AND table = 'spans'`,
    )
    // Ids of batches begin with the ms in which they were closed; they are acknowledged later.
    const [waited] = await clickhouse.query<{ ms: [number, number] }>(
      `SELECT quantilesExactWeighted(0.5, 0.99)(toUnixTimestamp64Milli(committed_at) - toInt64(bitShiftRight(batch, 21)), spans) AS ms
       FROM batches WHERE bitShiftRight(batch, 21) >= ${fromMs}`,
    )
    const perMillion = (part: PartName, end: Record<PartName, Usage>) =>
      (end[part].cpuSeconds - before[part].cpuSeconds) / (sent.acknowledged / 1e6)
    return {
      spansPerSecond: sent.acknowledged / sent.seconds,
      retried: sent.retried,
      ackMsP50: sent.ackMsP50,
      ackMsP99: sent.ackMsP99,
      storedMsP50: Number(waited!.ms[0]),
      storedMsP99: Number(waited!.ms[1]),
      collectorCpu: perMillion('collector', after),
      clickhouseCpu: perMillion('clickhouse', after),
      clickhouseCpuSettled: perMillion('clickhouse', settled),
      collectorAndClickhouseSettled: perMillion('collector', after) + perMillion('clickhouse', settled),
      serverCpu: perMillion('server', settled),
      generatorCpu: sent.cpuSeconds / (sent.acknowledged / 1e6),
      collectorPeakMb: settled.collector.peakMb,
      clickhousePeakMb: settled.clickhouse.peakMb,
      diskBytesPerSpan: Number(disk!.bytes) / stored,
    }
  } finally {
    await clickhouse.close()
  }
}

async function run(load: Load) {
  const hopscope = await startHopscope({ HOPSCOPE_ROLES: roles, HOPSCOPE_MEMORY_LIMIT: '60%' })
  try {
    return await measure(hopscope, load)
  } finally {
    await hopscope.stop()
  }
}

const storedOf = async (clickhouse: ClickHouse): Promise<number> => {
  const [row] = await clickhouse.query<{ spans: string }>('SELECT sum(spans) AS spans FROM batches')
  return Number(row!.spans)
}

const samples = 10

/** What is stored of twice as much as can be, in each tenth of the time, and what memory and the spool then are. */
async function overload(load: Load, minutes: number) {
  const spoolBytes = process.env['HOPSCOPE_SPOOL_BYTES'] ?? String(512 * 2 ** 20)
  const hopscope = await startHopscope({
    ...{ HOPSCOPE_ROLES: roles, HOPSCOPE_MEMORY_LIMIT: '60%', HOPSCOPE_SPOOL_BYTES: spoolBytes },
  })
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  try {
    let acknowledged = (await send(hopscope, load, warmUpSeconds)).acknowledged
    const allStored = () => until('storing', async () => (await storedOf(clickhouse)) >= acknowledged)
    await allStored()
    const most = await send(hopscope, load, Number(options.seconds))
    acknowledged += most.acknowledged
    // What only the spool has by then counts with the time that ClickHouse needs for it.
    const endMs = performance.now()
    await allStored()
    const maximum = most.acknowledged / (most.seconds + (performance.now() - endMs) / 1000)
    let sent: Sent | undefined
    const sending = send(hopscope, { ...load, rate: Math.round(2 * maximum) }, minutes * 60).then((all) => (sent = all))
    const steps: { second: number; storedSpansPerSecond: number; collectorMb: number; spoolMb: number }[] = []
    const first = await storedOf(clickhouse)
    // Making the bodies takes a while.
    while (!sent && (await storedOf(clickhouse)) === first) await sleep(200)
    const begun = { spans: await storedOf(clickhouse), atMs: performance.now() }
    let before = begun
    while (!sent) {
      await Promise.race([sleep((minutes * 60_000) / samples), sending])
      const now = { spans: await storedOf(clickhouse), atMs: performance.now() }
      if (now.atMs - before.atMs < 1000) continue
      steps.push({
        second: Math.round((now.atMs - begun.atMs) / 1000),
        storedSpansPerSecond: Math.round((now.spans - before.spans) / ((now.atMs - before.atMs) / 1000)),
        collectorMb: Math.round(usageOf('collector', hopscope).mb),
        spoolMb: await spoolMbOf(hopscope),
      })
      before = now
    }
    const { acknowledged: taken, retried, seconds } = await sending
    acknowledged += taken
    await allStored()
    const stored = await storedOf(clickhouse)
    if (stored !== acknowledged) throw new Error(`acknowledged ${acknowledged}, stored ${stored}`)
    const goodput = (before.spans - begun.spans) / ((before.atMs - begun.atMs) / 1000)
    console.table(steps)
    return {
      ...load,
      minutes,
      maximumSpansPerSecond: Math.round(maximum),
      offeredSpansPerSecond: Math.round(2 * maximum),
      acknowledgedSpansPerSecond: Math.round(taken / seconds),
      refusedRequests: retried,
      storedSpansPerSecond: Math.round(goodput),
      goodput: Number((goodput / maximum).toFixed(2)),
      storedEqualsAcknowledged: true,
      peakCollectorMb: Math.round(usageOf('collector', hopscope).peakMb),
      steps,
    }
  } finally {
    await clickhouse.close()
    await hopscope.stop()
  }
}

/** The finaliser keeps up while its backlog stays what settling takes (`HOPSCOPE_SETTLE_QUIET_MS`) and a little of work. */
async function sustain(load: Load, minutes: number) {
  const hopscope = await startHopscope({ HOPSCOPE_MEMORY_LIMIT: '60%' })
  try {
    const finaliser = (name: string) => metricOf(hopscope.apiUrl, `hopscope_finaliser_${name}`)
    const look = async () => ({
      atMs: performance.now(),
      spans: await finaliser('spans_total'),
      ...usageOfAll(hopscope),
    })
    let sent: Sent | undefined
    const sending = send(hopscope, load, minutes * 60).then((all) => (sent = all))
    const steps: Record<string, number>[] = []
    // Nothing settles before its time.
    while (!sent && (await finaliser('spans_total')) === 0) await sleep(200)
    let before = await look()
    while (!sent) {
      await Promise.race([sleep((minutes * 60_000) / samples), sending])
      const now = await look()
      const million = (now.spans - before.spans) / 1e6
      const cpu = (part: PartName) => Number(((now[part].cpuSeconds - before[part].cpuSeconds) / million).toFixed(2))
      steps.push({
        analysedSpansPerSecond: Math.round((million * 1e9) / (now.atMs - before.atMs)),
        backlogSeconds: Math.round(await finaliser('backlog_seconds')),
        queuedSpans: await finaliser('queued_spans'),
        spoolMb: await spoolMbOf(hopscope),
        collectorCpu: cpu('collector'),
        serverCpu: cpu('server'),
        clickhouseCpu: cpu('clickhouse'),
        collectorMb: Math.round(now.collector.mb),
        serverMb: Math.round(now.server.mb),
        clickhouseMb: Math.round(now.clickhouse.mb),
      })
      before = now
    }
    console.table(steps)
    const { acknowledged, seconds, retried, cpuSeconds, ackMsP50, ackMsP99 } = await sending
    return {
      ...load,
      minutes,
      acknowledgedSpansPerSecond: Math.round(acknowledged / seconds),
      refusedRequests: retried,
      ackMs: { p50: ackMsP50, p99: ackMsP99 },
      generatorCpuSecondsPerMillionSpans: Number((cpuSeconds / (acknowledged / 1e6)).toFixed(2)),
      steps,
    }
  } finally {
    await hopscope.stop()
  }
}

/** A gauge or counter without labels. @param url of the collector or the server */
async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? NaN)
}

const spoolMbOf = async ({ otlpHttpUrl }: RunningHopscope): Promise<number> =>
  Math.round((await metricOf(otlpHttpUrl, 'hopscope_collector_spool_bytes')) / 2 ** 20)

async function figuresOf(load: Load) {
  const results: Awaited<ReturnType<typeof run>>[] = []
  const others: Awaited<ReturnType<typeof measureOtelcol>>[] = []
  for (let i = 0; i < runs; i++) {
    results.push(await run(load))
    if (options.otelcol !== undefined) others.push(await measureOtelcol(options.otelcol, load, Number(options.seconds)))
  }
  const of = (key: keyof (typeof results)[number], digits = 2) =>
    Number(median(results.map((r) => r[key])).toFixed(digits))
  const otelcol = (key: keyof (typeof others)[number], digits = 2) =>
    Number(median(others.map((r) => r[key])).toFixed(digits))
  return {
    ...load,
    acknowledgedSpansPerSecond: of('spansPerSecond', 0),
    storedEqualsAcknowledged: true,
    retriedRequests: of('retried', 0),
    /** From the end of their batch, before the acknowledgement, until ClickHouse has them. */
    storedMs: { p50: of('storedMsP50', 0), p99: of('storedMsP99', 0) },
    ackMs: { p50: of('ackMsP50', 0), p99: of('ackMsP99', 0) },
    cpuSecondsPerMillionSpans: {
      collector: of('collectorCpu'),
      clickhouse: of('clickhouseCpu'),
      clickhouseMergesSettled: of('clickhouseCpuSettled'),
      collectorAndClickhouseMergesSettled: of('collectorAndClickhouseSettled'),
      ...(roles.includes('api') && { server: of('serverCpu') }),
      generator: of('generatorCpu'),
    },
    peakMemoryMb: { collector: of('collectorPeakMb', 0), clickhouse: of('clickhousePeakMb', 0) },
    diskBytesPerSpan: of('diskBytesPerSpan', 1),
    ...(others.length > 0 && {
      otelcol: {
        acknowledgedSpansPerSecond: otelcol('spansPerSecond', 0),
        storedEqualsAcknowledged: true,
        ackMs: { p50: otelcol('ackMsP50', 0), p99: otelcol('ackMsP99', 0) },
        cpuSecondsPerMillionSpans: {
          collector: otelcol('collectorCpu'),
          clickhouseMergesSettled: otelcol('clickhouseCpu'),
          collectorAndClickhouseMergesSettled: otelcol('sumCpu'),
        },
        peakMemoryMb: { collector: otelcol('collectorPeakMb', 0), clickhouse: otelcol('clickhousePeakMb', 0) },
        diskBytesPerSpan: otelcol('diskBytesPerSpan', 1),
        /** CPU of its sum to that of ours: medians of the runs' ratios. */
        timesOurCpu: Number(
          median(others.map(({ sumCpu }, i) => sumCpu / results[i]!.collectorAndClickhouseSettled)).toFixed(1),
        ),
      },
    }),
  }
}

const one: Load = {
  protocol: options.protocol,
  gzip: options.gzip,
  connections: Number(options.connections),
  requestSpans: Number(options['request-spans']),
  rate: Number(options.rate),
}
if (Number(options.overload) > 0) {
  await report('ingest', { roles, overload: await overload(one, Number(options.overload)) })
} else if (Number(options.sustain) > 0) {
  await report('ingest', { sustain: await sustain(one, Number(options.sustain)) })
} else {
  const loads: Awaited<ReturnType<typeof figuresOf>>[] = []
  for (const load of options.table ? table : [one]) loads.push(await figuresOf(load))
  await report('ingest', { roles, runs, seconds: Number(options.seconds), loads })
}
