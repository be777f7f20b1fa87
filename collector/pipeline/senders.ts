import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { Outcome } from '../metrics.ts'
import type { ScanResult } from '../wire/scan.ts'
import type { Transport } from './ledger.ts'

/** Who sent a request, as far as that is known before it is read. */
export interface Origin {
  readonly transport: Transport
  /** The name of its API key, else its address. */
  readonly client: string
  readonly byKey: boolean
  /** Its User-Agent header: the program that sends. */
  readonly agent: string
}

/** What came of one request. */
export interface Happened {
  readonly outcome: Outcome
  /** Of its body, as it came. */
  readonly bytes?: number
  readonly result?: ScanResult
}

/** Counts for the Data page, written to `senders` every few seconds. Lost with the process, no sooner. */
export interface Senders {
  add(origin: Origin, happened: Happened): void
  /** Writes what has been counted; keeps it when that fails. */
  flush(clickhouse: ClickHouse, collector: string): Promise<void>
}

const refusals = ['malformed', 'unauthenticated', 'overloaded', 'limited', 'spool_full', 'unavailable'] as const
const counted = ['requests', 'bytes', 'stored', 'rejected', 'late', ...refusals] as const

type Row = Record<(typeof counted)[number], number> & {
  step: number
  transport: Transport
  client: string
  by_key: number
  agent: string
  services: Set<string>
  last_at: number
}

const stepSeconds = 10
/** A flood of made-up clients is counted under one. */
const mostRows = 5_000
const mostServices = 50
const others = '(others)'
const longestAgent = 100

/**
 * @param lateAfterMs spans that began longer ago when the last of their request came are late: their traces may have settled.
 */
export function newSenders(lateAfterMs: number, now: () => number = Date.now): Senders {
  let rows = new Map<string, Row>()

  function rowOf(origin: Origin, step: number): Row {
    const agent = origin.agent.replace(/[^\x20-\x7e]/g, '').slice(0, longestAgent)
    const { transport, client, byKey } = origin
    const key = `${step}\n${transport}\n${client}\n${byKey}\n${agent}`
    const known = rows.get(key)
    if (known) return known
    if (rows.size >= mostRows && client !== others) return rowOf({ transport, client: others, byKey, agent: '' }, step)
    const none = Object.fromEntries(counted.map((name) => [name, 0])) as Record<(typeof counted)[number], number>
    const row = {
      step,
      transport,
      client,
      by_key: Number(byKey),
      agent,
      services: new Set<string>(),
      ...none,
      last_at: 0,
    }
    rows.set(key, row)
    return row
  }

  return {
    add(origin, { outcome, bytes = 0, result }) {
      const nowMs = now()
      const row = rowOf(origin, Math.floor(nowMs / 1000 / stepSeconds) * stepSeconds)
      row.requests++
      row.bytes += bytes
      row.last_at = nowMs
      if (outcome !== 'accepted') row[outcome]++
      if (!result) return
      row.stored += result.stored
      row.rejected += result.rejected
      if (result.stored > 0 && nowMs - Number(result.lastStart / 1_000_000n) > lateAfterMs) row.late += result.stored
      for (const { service } of result.sources) if (row.services.size < mostServices) row.services.add(service)
    },
    async flush(clickhouse, collector) {
      if (rows.size === 0) return
      const taken = rows
      rows = new Map()
      const block = nativeBlock([
        ['step', "DateTime('UTC')"],
        ['collector', 'LowCardinality(String)'],
        ['transport', 'LowCardinality(String)'],
        ['client', 'LowCardinality(String)'],
        ['by_key', 'UInt8'],
        ['agent', 'LowCardinality(String)'],
        ['services', 'Array(String)'],
        ...counted.map((name) => [name, 'UInt64'] as const),
        ['last_at', "DateTime64(3, 'UTC')"],
      ])
      for (const row of taken.values()) block.push({ ...row, collector })
      try {
        await clickhouse.insertNative('senders', [block.toBytes()])
      } catch (error) {
        // What has come since is counted under the same keys only within a step: the older counts go first.
        for (const [key, row] of rows) {
          const before = taken.get(key)
          if (before) merge(before, row)
          else if (taken.size < mostRows) taken.set(key, row)
        }
        rows = taken
        throw error
      }
    },
  }
}

function merge(into: Row, row: Row): void {
  for (const name of counted) into[name] += row[name]
  for (const service of row.services) into.services.add(service)
  into.last_at = Math.max(into.last_at, row.last_at)
}
