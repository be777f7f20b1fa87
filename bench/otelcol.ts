import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { totalmem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../storage/clickhouse.ts'
import { startEngine } from '../storage/engine.ts'
import { freePort } from '../storage/ports.ts'
import { quiet } from '../test/harness.ts'
import { mergesSettled, send, until, warmUpSeconds, type Load } from './sending.ts'
import { usageOfProcess } from './usage.ts'

/** OTLP in, the ClickHouse exporter out, by one INSERT for each request: durable when acknowledged, as ours. */
const configOf = (http: number, grpc: number, clickhouseUrl: string) => ({
  receivers: {
    otlp: {
      protocols: {
        http: { endpoint: `127.0.0.1:${http}` },
        grpc: { endpoint: `127.0.0.1:${grpc}`, max_recv_msg_size_mib: 64 },
      },
    },
  },
  exporters: {
    clickhouse: {
      endpoint: clickhouseUrl,
      database: 'otel',
      async_insert: false,
      timeout: '60s',
      sending_queue: { enabled: false },
      retry_on_failure: { enabled: false },
    },
  },
  service: {
    pipelines: { traces: { receivers: ['otlp'], exporters: ['clickhouse'] } },
    telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
  },
})

/** Starts it over an empty ClickHouse, and ends both. @throws Error when it does not store what it acknowledged. */
export async function measureOtelcol(binary: string, load: Load, seconds: number) {
  const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-otelcol-'))
  const engine = await startEngine({ dataDir, httpPort: 0, memoryBytes: Math.floor(0.36 * totalmem()), log: quiet })
  const clickhouse = connect(`${engine.url}/default`)
  const [http, grpc] = [await freePort(), await freePort()]
  await clickhouse.command('CREATE DATABASE otel')
  await writeFile(join(dataDir, 'otelcol.json'), JSON.stringify(configOf(http, grpc, engine.url)))
  const child = spawn(binary, ['--config', `file:${join(dataDir, 'otelcol.json')}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    const receiver = { otlpHttpUrl: `http://127.0.0.1:${http}`, otlpGrpcUrl: `http://127.0.0.1:${grpc}` }
    await until('starting the OpenTelemetry Collector', async () => {
      if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`)
      return (await fetch(`${receiver.otlpHttpUrl}/v1/traces`).catch(() => null)) !== null
    })
    const warmUp = await send(receiver, load, warmUpSeconds)
    await mergesSettled(clickhouse)
    const usage = () => ({ collector: usageOfProcess(child.pid), clickhouse: usageOfProcess(engine.pid()) })
    const before = usage()
    const sent = await send(receiver, load, seconds)
    await mergesSettled(clickhouse)
    const after = usage()
    const [row] = await clickhouse.query<{ stored: string; bytes: string }>(
      `SELECT (SELECT count() FROM otel.otel_traces) AS stored,
         (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'otel') AS bytes`,
    )
    const acknowledged = warmUp.acknowledged + sent.acknowledged
    if (Number(row!.stored) < acknowledged)
      throw new Error(`the OpenTelemetry Collector acknowledged ${acknowledged}, stored ${row!.stored}`)
    const perMillion = (part: keyof typeof before) =>
      (after[part].cpuSeconds - before[part].cpuSeconds) / (sent.acknowledged / 1e6)
    return {
      spansPerSecond: sent.acknowledged / sent.seconds,
      ackMsP50: sent.ackMsP50,
      ackMsP99: sent.ackMsP99,
      collectorCpu: perMillion('collector'),
      clickhouseCpu: perMillion('clickhouse'),
      sumCpu: perMillion('collector') + perMillion('clickhouse'),
      collectorPeakMb: after.collector.peakMb,
      clickhousePeakMb: after.clickhouse.peakMb,
      diskBytesPerSpan: Number(row!.bytes) / Number(row!.stored),
    }
  } finally {
    child.kill('SIGTERM')
    await Promise.race([ended, sleep(10_000)])
    child.kill('SIGKILL')
    await clickhouse.close()
    await engine.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
