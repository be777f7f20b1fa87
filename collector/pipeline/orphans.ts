import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import { markOf, storeMark } from './store.ts'

/**
 * A collector that dies between its two INSERTs leaves spans without a row in `batches`. Nobody was told that they are
 * stored, but they are, so they are made to count: the row is added once they are certainly nobody's any more.
 */
export function startOrphanSweep(clickhouse: ClickHouse, log: Logger): { stop: () => Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  const ending = new AbortController()
  const run = () => {
    running = running
      .then(() => sweepOrphans(clickhouse, Date.now(), ending.signal))
      .catch((error: unknown) => {
        if (!ending.signal.aborted) log.warn({ err: error }, 'cannot look for batches that were cut off')
      })
  }
  run()
  const timer = setInterval(run, 60_000)
  return {
    async stop() {
      clearInterval(timer)
      ending.abort()
      await running
    },
  }
}

/** Ids tell when a batch was made (Unix ms << 21); one in the making is younger than this. */
const settledAfterMs = 60_000
const lookBackMs = 3_600_000
/** A batch from a spool is as old as it may be, and lacks its row for a moment. */
const againAfterMs = 5_000

/** @param ending ends the wait between the two looks. */
export async function sweepOrphans(clickhouse: ClickHouse, nowMs = Date.now(), ending?: AbortSignal): Promise<void> {
  const range = { from: BigInt(nowMs - lookBackMs) << 21n, to: BigInt(nowMs - settledAfterMs) << 21n }
  const find = () => clickhouse.query<Orphan>(sql, range)
  const before = new Set((await find()).map(({ batch }) => batch))
  if (before.size === 0) return
  await sleep(againAfterMs, undefined, { signal: ending })
  for (const { batch, spans, firstStart, lastStart, receivedAt } of await find()) {
    if (!before.has(batch)) continue
    const mark = {
      spans,
      collector: hostname(),
      receivedAt,
      firstStart: BigInt(firstStart),
      lastStart: BigInt(lastStart),
    }
    // Its collector's token: whoever is second adds nothing.
    await storeMark(clickhouse, [markOf({ batch: BigInt(batch), ...mark })], batch)
  }
}

interface Orphan {
  batch: string
  spans: number
  /** Unix ns. */
  firstStart: string
  lastStart: string
  /** Unix seconds. */
  receivedAt: number
}

const sql = `
SELECT batch, toUInt32(count()) AS spans, toString(toUnixTimestamp64Nano(min(start))) AS firstStart,
  toString(toUnixTimestamp64Nano(max(start))) AS lastStart, toUInt32(any(received_at)) AS receivedAt
FROM spans
WHERE batch >= {from:UInt64} AND batch < {to:UInt64}
  AND received_at >= toDateTime(intDiv({from:UInt64}, 2097152000), 'UTC')
  AND batch NOT IN (SELECT batch FROM batches WHERE batch >= {from:UInt64})
GROUP BY batch`
