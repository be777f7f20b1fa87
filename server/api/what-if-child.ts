import { availableParallelism } from 'node:os'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { openPart, type Part } from '../queries/what-if/part.ts'
import { readWhatIf } from '../queries/what-if/what-if.ts'
import type { WhatIfAnswer, WhatIfOrder } from './what-if-process.ts'
import { startPartThread } from './what-if-thread.ts'

/**
 * Entry of the process that re-times requests, on two cores where there are two: one order in, one answer out. What it read of resources
 * and attribute sets serves the next order, which comes before long or not at all. Ends when nobody waits any more.
 */
let opened: { clickhouse: ClickHouse; parts: readonly Part[] } | undefined

function open(clickhouseUrl: string) {
  const clickhouse = connect(clickhouseUrl, { readOnly: true, timeoutMs: 30_000 })
  const here = openPart(clickhouse)
  return {
    clickhouse,
    parts: availableParallelism() > 1 ? [startPartThread(clickhouseUrl, () => process.exit(1)), here] : [here],
  }
}

process.once('disconnect', () => process.exit())
process.on('message', (message) => {
  const { clickhouseUrl, asked, settings, queryId } = message as WhatIfOrder
  const { clickhouse, parts } = (opened ??= open(clickhouseUrl))
  const answer = (said: WhatIfAnswer) => process.send!(said)
  readWhatIf(clickhouse, parts, asked, settings, { signal: new AbortController().signal, queryId }).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
