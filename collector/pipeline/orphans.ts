import { hostname } from 'node:os'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'

/**
 * A collector that dies between its two INSERTs leaves spans without a row in `batches`. Nobody was told that they are
 * stored, but they are, so they are made to count: the row is added once they are certainly nobody's any more.
 */
export function startOrphanSweep(clickhouse: ClickHouse, log: Logger): { stop: () => Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  const run = () => {
    running = running
      .then(() => sweepOrphans(clickhouse))
      .catch((error: unknown) => log.warn({ err: error }, 'cannot look for batches that were cut off'))
  }
  run()
  const timer = setInterval(run, 60_000)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

/** Ids tell when a batch was made (Unix ms << 21); one in the making is younger than this. */
const settledAfterMs = 60_000
const lookBackMs = 3_600_000

export async function sweepOrphans(clickhouse: ClickHouse, nowMs = Date.now()): Promise<void> {
  const range = { from: BigInt(nowMs - lookBackMs) << 21n, to: BigInt(nowMs - settledAfterMs) << 21n }
  await clickhouse.command(sql, { ...range, collector: hostname() })
}

const sql = `
INSERT INTO batches (batch, collector, spans, first_start, last_start, received_at)
SELECT batch, {collector:String}, toUInt32(count()), min(start), max(start), any(received_at)
FROM spans
WHERE batch >= {from:UInt64} AND batch < {to:UInt64}
  AND received_at >= toDateTime(intDiv({from:UInt64}, 2097152000), 'UTC')
  AND batch NOT IN (SELECT batch FROM batches WHERE batch >= {from:UInt64})
GROUP BY batch`
