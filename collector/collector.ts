import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../storage/clickhouse.ts'
import type { Logger, Running } from '../storage/running.ts'
import { newMeter, type Meter } from '../telemetry/meter.ts'
import { newMetrics } from './metrics.ts'
import { newAdmission } from './pipeline/admission.ts'
import { startPipeline } from './pipeline/pipeline.ts'
import { newUsage } from './pipeline/usage.ts'
import { newSenders } from './pipeline/senders.ts'
import { reportSpool } from './pipeline/spool-report.ts'
import { startOrphanSweep } from './pipeline/orphans.ts'
import { everybody, type Access } from './receivers/access.ts'
import type { TlsSource } from './receivers/tls.ts'
import { startGrpcReceiver } from './receivers/grpc.ts'
import { startHttpReceiver } from './receivers/http.ts'
import { startZipkinReceiver } from './receivers/zipkin.ts'
import { Spool, type SpoolOptions } from './spool/log.ts'

const tellEveryMs = 5_000
const lastWordMs = 1_000

export interface CollectorOptions {
  clickhouseUrl: string
  host: string
  /** 0: any free port. */
  grpcPort: number
  httpPort: number
  zipkinPort: number
  /** Bytes of requests from their first to their answer, 144 MiB by default: it holds the largest, compressed and inflated. Their columns take about half as much again. */
  requestBytes?: number
  /** Where acknowledged spans wait until ClickHouse has them; null: none is acknowledged before. */
  spool?: Pick<SpoolOptions, 'directory' | 'maxBytes'> | null
  /** How long ClickHouse may take before spans go to the spool; 0, the default: they go there first. */
  spoolAfterMs?: number
  /** Spans that come so long after they began may come too late for the analysis of their traces: HOPSCOPE_SETTLE_QUIET_MS. */
  lateAfterMs?: number
  /** Who may send; by default everybody. */
  access?: Access
  /** Origins of pages that may send; by default none. */
  origins?: readonly string[]
  /** By default in the clear. */
  tls?: TlsSource | null
  meter?: Meter
  log: Logger
}

/**
 * Listens for OTLP and Zipkin and stores spans, and what proxies take.
 * @throws StartError when the spool cannot be used, the error of the port that cannot be listened on (`code` EADDRINUSE and the like).
 */
export async function startCollector({
  clickhouseUrl,
  host,
  grpcPort,
  httpPort,
  zipkinPort,
  requestBytes = 144 * 2 ** 20,
  spool: spoolOptions = null,
  spoolAfterMs = 0,
  lateAfterMs = 15_000,
  access = everybody,
  origins = [],
  tls = null,
  meter = newMeter('hopscope_collector_'),
  log,
}: CollectorOptions): Promise<Running> {
  const spool = spoolOptions && (await Spool.open(spoolOptions))
  const clickhouse = connect(clickhouseUrl, { connections: 12, timeoutMs: 30_000 })
  const admission = newAdmission(requestBytes)
  const metrics = newMetrics(admission, meter)
  if (spool) metrics.spool(() => spool.state())
  const pipeline = startPipeline({ clickhouse, spool, spoolAfterMs, metrics, log })
  const usage = newUsage(clickhouse, metrics)
  const senders = newSenders(lateAfterMs)
  const tell = async () => {
    await reportSpool(clickhouse, hostname(), spool)
    await senders.flush(clickhouse, hostname())
  }
  const telling = setInterval(() => {
    tell().catch((error: unknown) => log.warn({ err: error }, 'cannot say who sends, and what waits in the spool'))
  }, tellEveryMs)
  const sweep = startOrphanSweep(clickhouse, log)
  const ready = async () => pipeline.ready() && (spool !== null || (await clickhouse.ping()))
  const receivers: Running[] = []
  const close = async () => {
    await sweep.stop()
    // Open requests wait for their batch, and the batch for ClickHouse or the spool.
    await Promise.all([...receivers.map((receiver) => receiver.close()), pipeline.close()])
    await Promise.all([pipeline.close(), usage.close()])
    clearInterval(telling)
    // Whoever looks can do without the last seconds; what stops here cannot wait for ClickHouse.
    await Promise.race([tell().catch(() => {}), sleep(lastWordMs)])
    await clickhouse.close()
    await spool?.close()
  }
  try {
    const common = { host, admission, access, origins, tls, metrics, senders, log }
    receivers.push(await startGrpcReceiver(pipeline, usage, { ...common, port: grpcPort }))
    receivers.push(await startHttpReceiver(pipeline, usage, { ...common, port: httpPort, ready }))
    receivers.push(await startZipkinReceiver(pipeline, { ...common, port: zipkinPort }))
  } catch (error) {
    await close()
    throw error
  }
  return { addresses: receivers.flatMap((receiver) => receiver.addresses), close }
}
