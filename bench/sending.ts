import { spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ClickHouse } from '../storage/clickhouse.ts'

export interface Load {
  protocol: string
  gzip: boolean
  connections: number
  requestSpans: number
  /** Spans a second; 0: as many as are taken. */
  rate: number
}

export const warmUpSeconds = 3

/** Where spans are sent to. */
export interface Receiver {
  otlpHttpUrl: string
  otlpGrpcUrl: string
}

/** What the generator prints. */
export interface Sent {
  acknowledged: number
  retried: number
  seconds: number
  cpuSeconds: number
  ackMsP50: number
  ackMsP99: number
}

export async function send({ otlpHttpUrl, otlpGrpcUrl }: Receiver, load: Load, seconds: number): Promise<Sent> {
  const flags = {
    ...(load.protocol === 'grpc' ? { grpc: otlpGrpcUrl } : { http: otlpHttpUrl }),
    seconds,
    connections: load.connections,
    spans: load.requestSpans,
    rate: load.rate,
  }
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./load.js', import.meta.url)),
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      ...(load.gzip ? ['--gzip'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return JSON.parse((await buffer(child.stdout)).toString()) as Sent
}

/** Resolves when `done` says so. @throws Error when that takes longer than two minutes. */
export async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; !(await done()); await sleep(200))
    if (Date.now() > end) throw new Error(`${what} takes too long`)
}

/** Nothing has been merged for so many looks, 200 ms each. */
const settledLooks = 10

export async function mergesSettled(clickhouse: ClickHouse): Promise<void> {
  let quiet = 0
  await until('merging', async () => {
    const [row] = await clickhouse.query<{ merges: string }>('SELECT count() AS merges FROM system.merges')
    quiet = Number(row!.merges) === 0 ? quiet + 1 : 0
    return quiet >= settledLooks
  })
}
