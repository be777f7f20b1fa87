import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope } from '../test/harness.ts'
import { floorOf } from './floor.ts'
import { median, report } from './report.ts'
import { mainThreadCpuSeconds, usageOf } from './usage.ts'

/**
 * `npm run bench -- finaliser [--seconds=10] [--runs=3] [--floor] [--json FILE]`: stores so many seconds of mesh traffic (12 spans
 * a trace) through a collector, stops it, waits for merges to end, then starts a finaliser alone beside the embedded
 * ClickHouse and takes the time until every trace has its facts and every job is in the rollups. What the processes used until they were
 * ready is no part of it; that V8 compiles the analysis while the first jobs wait is. With `--floor` what ClickHouse alone takes for the same is measured afterwards (floor.ts).
 */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '3' },
    floor: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

const stagesOf = (output: string) => {
  const lines = [...output.matchAll(/"stages":(\{[^}]*\})/g)].map((m) => JSON.parse(m[1]!) as Record<string, number>)
  const sums: Record<string, number> = {}
  for (const stages of lines) for (const [stage, ms] of Object.entries(stages)) sums[stage] = (sums[stage] ?? 0) + ms
  return sums
}

async function store(dataDir: string): Promise<number> {
  const hopscope = await startHopscope({ HOPSCOPE_ROLES: 'collector', HOPSCOPE_MEMORY_LIMIT: '60%' }, { dataDir })
  try {
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('./load.js', import.meta.url)),
        ...['--http', hopscope.otlpHttpUrl, '--seconds', options.seconds, '--connections', '16'],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const { acknowledged } = JSON.parse((await buffer(child.stdout)).toString()) as { acknowledged: number }
    const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
    // What the spool acknowledged is stored a moment later.
    while ((await numberOf(clickhouse, 'SELECT sum(spans) AS n FROM batches')) < acknowledged) await sleep(200)
    await atRest(clickhouse)
    await clickhouse.close()
    return acknowledged
  } finally {
    await hopscope.stop()
  }
}

async function atRest(clickhouse: ClickHouse): Promise<void> {
  while ((await numberOf(clickhouse, 'SELECT count() AS n FROM system.merges')) > 0) await sleep(200)
}

async function numberOf(clickhouse: ClickHouse, sql: string): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(sql)
  return Number(row!.n)
}

const factTables = ['hops', 'proxies', 'traces'] as const

/** CPU seconds of ClickHouse for merging all parts of each fact table into one: what every row costs a few times in its life. */
async function mergeFacts(clickhouse: ClickHouse, cpuSeconds: () => number): Promise<number[]> {
  const took: number[] = []
  for (const table of factTables) {
    const before = cpuSeconds()
    await clickhouse.command(`OPTIMIZE TABLE ${table} FINAL`)
    took.push(cpuSeconds() - before)
  }
  return took
}

async function run() {
  const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-bench-'))
  try {
    const spans = await store(dataDir)
    const hopscope = await startHopscope(
      {
        HOPSCOPE_ROLES: 'finaliser',
        HOPSCOPE_MEMORY_LIMIT: '60%',
        HOPSCOPE_SETTLE_QUIET_MS: '1000',
        LOG_LEVEL: 'debug',
      },
      { dataDir },
    )
    const startedAt = performance.now()
    const used = () => ({
      server: usageOf('server', hopscope),
      engine: usageOf('clickhouse', hopscope),
      main: mainThreadCpuSeconds('server', hopscope),
    })
    const atStart = used()
    const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
    const state = `SELECT if(sumIf(traces, state = 'written') = ${spans / 12}
      AND countIf(state = 'rolled') = countIf(state = 'begin'), 1, 0) AS n FROM jobs`
    try {
      // Asking takes ClickHouse several ms, which are counted: not more often than the time of a run is worth.
      while ((await numberOf(clickhouse, state)) !== 1) await sleep(250)
      const seconds = (performance.now() - startedAt) / 1000
      const { server, engine, main } = used()
      const counted = await numberOf(clickhouse, 'SELECT sum(span_rows * sign) AS n FROM traces')
      if (counted !== spans) throw new Error(`${counted} of ${spans} spans are in facts`)
      await atRest(clickhouse)
      const merged = usageOf('clickhouse', hopscope).cpuSeconds
      const mergedOnce = await mergeFacts(clickhouse, () => usageOf('clickhouse', hopscope).cpuSeconds)
      const factBytes = await bytesOfFacts(clickhouse)
      const engineCpuSeconds = () => usageOf('clickhouse', hopscope).cpuSeconds
      const floor = options.floor ? await floorOf(clickhouse, spans, engineCpuSeconds) : undefined
      const perMillion = (cpuSeconds: number) => cpuSeconds / (spans / 1e6)
      const stages = stagesOf(hopscope.output() + hopscope.complaints())
      return {
        spans,
        spansPerSecond: spans / seconds,
        mainThread: perMillion(main - atStart.main),
        workers: perMillion(server.cpuSeconds - main - (atStart.server.cpuSeconds - atStart.main)),
        clickhouse: perMillion(engine.cpuSeconds - atStart.engine.cpuSeconds),
        clickhouseMerged: perMillion(merged - atStart.engine.cpuSeconds),
        mergedOnce: mergedOnce.map(perMillion),
        floor: floor && {
          read: perMillion(floor.read),
          receive: perMillion(floor.receive),
          insert: mapped(floor.insert, perMillion),
          mergeOnce: mapped(floor.mergeOnce, perMillion),
        },
        factBytes: factBytes.map((bytes) => bytes / spans),
        serverPeakMb: server.peakMb,
        clickhousePeakMb: engine.peakMb,
        stages: Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, perMillion(ms / 1000)])),
      }
    } finally {
      await clickhouse.close()
      await hopscope.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const mapped = (record: Record<string, number>, by: (value: number) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, by(value)]))

/** Of all facts, as columns hold them and as they lie on disk. */
async function bytesOfFacts(clickhouse: ClickHouse): Promise<number[]> {
  const of = (bytes: string) => `SELECT sum(${bytes}) AS n FROM system.parts
    WHERE active AND database = currentDatabase() AND table IN ('hops', 'proxies', 'traces')`
  return [
    await numberOf(clickhouse, of('data_uncompressed_bytes')),
    await numberOf(clickhouse, of('data_compressed_bytes')),
  ]
}

const results: Awaited<ReturnType<typeof run>>[] = []
for (let i = 0; i < Number(options.runs); i++) results.push(await run())
const middle = (of: (result: (typeof results)[number]) => number, digits = 2) =>
  Number(median(results.map(of)).toFixed(digits))
const first = results[0]?.floor
const middleOf = (part: 'insert' | 'mergeOnce') =>
  Object.fromEntries(Object.keys(first?.[part] ?? {}).map((table) => [table, middle((r) => r.floor![part][table]!)]))
await report('finaliser', {
  runs: results.length,
  spans: middle((r) => r.spans, 0),
  spansPerSecond: middle((r) => r.spansPerSecond, 0),
  cpuSecondsPerMillionSpans: {
    finaliserMainThread: middle((r) => r.mainThread),
    analystThreads: middle((r) => r.workers),
    clickhouse: middle((r) => r.clickhouse),
    clickhouseMergesSettled: middle((r) => r.clickhouseMerged),
    mergingFactsOnce: Object.fromEntries(factTables.map((table, i) => [table, middle((r) => r.mergedOnce[i]!)])),
  },
  ...(first && {
    floorCpuSecondsPerMillionSpans: {
      read: middle((r) => r.floor!.read),
      receive: middle((r) => r.floor!.receive),
      insert: middleOf('insert'),
      mergeOnce: middleOf('mergeOnce'),
    },
  }),
  /** Wall clock of a stage, summed over all jobs: stages run side by side. */
  stageSecondsPerMillionSpans: Object.fromEntries(
    Object.keys(results[0]?.stages ?? {}).map((stage) => [stage, middle((r) => r.stages[stage] ?? 0)]),
  ),
  factBytesPerSpan: { uncompressed: middle((r) => r.factBytes[0]!, 0), onDisk: middle((r) => r.factBytes[1]!, 0) },
  peakMemoryMb: { server: middle((r) => r.serverPeakMb, 0), clickhouse: middle((r) => r.clickhousePeakMb, 0) },
})
