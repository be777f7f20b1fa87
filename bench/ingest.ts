import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { connect } from '../storage/clickhouse.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { median, report } from './report.ts'

/**
 * `npm run bench -- ingest [--all-roles] [--json FILE]`: 2,000-span OTLP/HTTP protobuf requests over 16 connections from
 * a process of its own to the running collector with embedded ClickHouse. Each run starts over an empty directory.
 * --all-roles: with the finaliser and the API beside it on the same cores.
 */
const seconds = 15
const warmUpSeconds = 3
const runs = 3
const roles = process.argv.includes('--all-roles') ? 'collector,finaliser,api' : 'collector'

interface Load {
  acknowledged: number
  retried: number
  seconds: number
  cpuSeconds: number
}

async function load(url: string, forSeconds: number): Promise<Load> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./load.js', import.meta.url)), url, String(forSeconds)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  return JSON.parse((await buffer(child.stdout)).toString()) as Load
}

interface Usage {
  cpuSeconds: number
  peakMb: number
}

/** CPU time and peak memory of a process of hopscope, from /proc. Ticks are 10 ms on Linux. */
function usageOf(word: string): Usage {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)) continue
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const [, peakKb = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMb: Number(peakKb) / 1024 }
    } catch {
      // It ended while we looked.
    }
  }
  return { cpuSeconds: 0, peakMb: 0 }
}

const parts = {
  collector: 'dist/process/collector.js',
  clickhouse: 'storage/engine-child.js',
  server: 'dist/process/server.js',
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
  const usage = () => Object.fromEntries(Object.entries(parts).map(([name, word]) => [name, usageOf(word)]))
  const warmUp = await load(hopscope.otlpHttpUrl, warmUpSeconds)
  const before = usage()
  const sent = await load(hopscope.otlpHttpUrl, seconds)
  const after = usage()
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  const [row] = await clickhouse.query<{ stored: string; committed: string }>(
    'SELECT (SELECT count() FROM spans) AS stored, (SELECT sum(spans) FROM batches) AS committed',
  )
  await clickhouse.close()
  const acknowledged = warmUp.acknowledged + sent.acknowledged
  if (Number(row!.stored) !== acknowledged || Number(row!.committed) !== acknowledged) {
    throw new Error(`acknowledged ${acknowledged}, stored ${row!.stored}, committed ${row!.committed}`)
  }
  const perMillion = (name: string) => (after[name]!.cpuSeconds - before[name]!.cpuSeconds) / (sent.acknowledged / 1e6)
  return {
    spansPerSecond: sent.acknowledged / sent.seconds,
    retried: sent.retried,
    collectorCpu: perMillion('collector'),
    clickhouseCpu: perMillion('clickhouse'),
    serverCpu: perMillion('server'),
    generatorCpu: sent.cpuSeconds / (sent.acknowledged / 1e6),
    collectorPeakMb: after['collector']!.peakMb,
    clickhousePeakMb: after['clickhouse']!.peakMb,
  }
}

const results: Awaited<ReturnType<typeof run>>[] = []
for (let i = 0; i < runs; i++) results.push(await run())
const of = (key: keyof (typeof results)[number], digits = 2) =>
  Number(median(results.map((r) => r[key])).toFixed(digits))
await report('ingest', {
  roles,
  runs,
  acknowledgedSpansPerSecond: of('spansPerSecond', 0),
  storedSpansPerSecond: of('spansPerSecond', 0),
  storedEqualsAcknowledged: true,
  retriedRequests: of('retried', 0),
  cpuSecondsPerMillionSpans: {
    collector: of('collectorCpu'),
    clickhouse: of('clickhouseCpu'),
    ...(roles.includes('api') && { server: of('serverCpu') }),
    generator: of('generatorCpu'),
  },
  peakMemoryMb: { collector: of('collectorPeakMb', 0), clickhouse: of('clickhousePeakMb', 0) },
})
