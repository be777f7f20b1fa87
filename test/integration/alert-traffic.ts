import { nativeBlock } from '../../storage/native.ts'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { chance } from '../chance.ts'
import { histogramOf } from '../../server/statistics/histogram.ts'

/** Minutes of rollups as the finaliser writes them, for series with known medians. */

export interface Stretch {
  readonly kind: 'proxy' | 'hop' | 'trace'
  readonly metric: string
  /** 16 hex digits. */
  readonly id: string
  readonly fidelity?: string
  readonly fromMs: number
  readonly toMs: number
  /** Requests a minute. */
  readonly perMinute: number
  /** ns, by Unix ms of the minute. */
  readonly medianNs: (atMs: number) => number
  /** Of the logarithm of a request, and of a minute. */
  readonly spread?: number
  readonly wander?: number
  readonly seed?: number
}

const minute = 60_000

export async function writeMinutes(clickhouse: ClickHouse, stretches: readonly Stretch[]): Promise<void> {
  const block = nativeBlock([
    ['kind', 'LowCardinality(String)'],
    ['metric', 'LowCardinality(String)'],
    ['id', 'UInt64'],
    ['fidelity', 'LowCardinality(String)'],
    ['time', 'DateTime'],
    ['requests', 'Int64'],
    ['n', 'Int64'],
    ['sum', 'Int128'],
    ['hist', 'Map(Int16, Int64)'],
  ])
  for (const stretch of stretches) {
    const {
      kind,
      metric,
      id,
      fidelity = 'exact',
      fromMs,
      toMs,
      perMinute,
      medianNs,
      spread = 0.3,
      wander = 0.02,
    } = stretch
    const random = chance((stretch.seed ?? 1) * 7919 + Number(BigInt(`0x${id}`) % 100_003n) + metric.length)
    for (let atMs = fromMs; atMs < toMs; atMs += minute) {
      const median = medianNs(atMs) * Math.exp(wander * random.normal())
      const values = Array.from({ length: perMinute }, () => Math.round(median * Math.exp(spread * random.normal())))
      const { keys, counts } = histogramOf(values)
      block.push({
        ...{ kind, metric, id: BigInt(`0x${id}`), fidelity, time: atMs / 1000, requests: perMinute, n: perMinute },
        sum: values.reduce((sum, value) => sum + BigInt(value), 0n),
        hist: new Map(keys.map((key, i) => [key, counts[i]!])),
      })
    }
  }
  await clickhouse.insertNative('rollup_1m (kind, metric, id, fidelity, time, requests, n, sum, hist)', [
    block.toBytes(),
  ])
}

/** Names of proxies, by id. */
export async function nameProxies(clickhouse: ClickHouse, names: Record<string, string>): Promise<void> {
  for (const [id, name] of Object.entries(names))
    await clickhouse.command(
      `INSERT INTO proxy_names (proxy_id, name, namespace, role, family, workload, seen_at)
         SELECT {id:UInt64}, {name:String}, 'shop', 'sidecar-inbound', 'envoy', {name:String}, now()`,
      { id: BigInt(`0x${id}`), name },
    )
}
