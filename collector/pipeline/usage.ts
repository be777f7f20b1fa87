import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { Metrics } from '../metrics.ts'
import { scanUsage, type Reading, type UsageResult } from '../wire/usage.ts'
import type { Body } from './bodies.ts'

/**
 * From metrics to acknowledged rows of `proxy_usage`. There are few of them, and who sends them sends again: they go to ClickHouse
 * before the answer, past the spool, and what is sent twice counts once.
 */
export interface Usage {
  /**
   * Takes a body, and frees it as soon as it is read. Resolves when all that can be stored is in ClickHouse.
   * @throws MalformedError when the body is no ExportMetricsServiceRequest (nothing is stored), Error when ClickHouse did not take it.
   */
  accept(body: Body): Promise<UsageResult>
  /** Resolves when all that was taken is stored or refused. */
  close(): Promise<void>
}

/** What comes within this goes in one INSERT. */
const lingerMs = 200

export function newUsage(clickhouse: ClickHouse, metrics: Pick<Metrics, 'readings'>): Usage {
  let open: Reading[] = []
  /** Begins when the one before has ended. */
  let next: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()

  async function store(before: Promise<void>): Promise<void> {
    await Promise.all([sleep(lingerMs), before.catch(() => {})])
    const readings = open
    open = []
    next = undefined
    const block = nativeBlock<Reading>([
      ...([
        ['series', 'UInt64'],
        ['kind', 'Int8'],
        ['source', 'Int8'],
        ['program', 'LowCardinality(String)'],
      ] as const),
      ...([
        ['names', 'Array(String)'],
        ['temporality', 'Int8'],
      ] as const),
      ...([
        ['begun', "DateTime64(9, 'UTC')"],
        ['time', "DateTime64(9, 'UTC')"],
        ['value', 'Float64'],
      ] as const),
    ])
    for (const reading of readings) block.push(reading)
    await clickhouse.insertNative('proxy_usage', [block.toBytes()])
  }

  return {
    async accept(body) {
      const result = scanUsage(body.bytes(), Date.now())
      body.free()
      if (result.readings.length > 0) {
        for (const reading of result.readings) open.push(reading)
        next ??= last = store(last)
        await next
      }
      metrics.readings(result.readings.length, result.rejected)
      return result
    },
    close: () => last.catch(() => {}),
  }
}
