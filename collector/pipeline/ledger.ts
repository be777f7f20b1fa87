import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { SourceCount } from '../wire/scan.ts'

export type Transport = 'grpc' | 'http' | 'zipkin'

interface Count {
  minute: number
  transport: Transport
  service: string
  scope: string
  stored: number
  refused: number
  lastAt: number
}

/** What came from whom and what became of it; written to `ingest` every few seconds. Lost with the process, no sooner. */
export interface Ledger {
  add(transport: Transport, sources: readonly SourceCount[], nowMs: number): void
  /** Writes what has been counted; keeps it when that fails. */
  flush(clickhouse: ClickHouse, collector: string): Promise<void>
}

/** Exporters are few; a flood of made-up names is counted under one. */
const maxCounts = 20_000
const others = '(others)'

export function newLedger(): Ledger {
  let counts = new Map<string, Count>()
  const add = (count: Count) => {
    const { minute, transport, service, scope, stored, refused, lastAt } = count
    const key = `${minute}\n${transport}\n${service}\n${scope}`
    const known = counts.get(key)
    if (known) {
      known.stored += stored
      known.refused += refused
      known.lastAt = Math.max(known.lastAt, lastAt)
    } else if (counts.size < maxCounts || service === others) counts.set(key, count)
    else add({ ...count, service: others, scope: '' })
  }
  return {
    add(transport, sources, nowMs) {
      const minute = Math.floor(nowMs / 60_000) * 60
      for (const { service, scope, stored, rejected } of sources)
        if (stored + rejected > 0) add({ minute, transport, service, scope, stored, refused: rejected, lastAt: nowMs })
    },
    async flush(clickhouse, collector) {
      if (counts.size === 0) return
      const taken = counts
      counts = new Map()
      const block = nativeBlock([
        ['minute', "DateTime('UTC')"],
        ['collector', 'LowCardinality(String)'],
        ['transport', 'LowCardinality(String)'],
        ['service', 'LowCardinality(String)'],
        ['scope', 'LowCardinality(String)'],
        ['stored', 'UInt64'],
        ['refused', 'UInt64'],
        ['last_at', "DateTime64(3, 'UTC')"],
      ])
      for (const count of taken.values()) block.push({ ...count, collector, last_at: count.lastAt })
      try {
        await clickhouse.insertNative('ingest', [block.toBytes()])
      } catch (error) {
        for (const count of taken.values()) add(count)
        throw error
      }
    },
  }
}
