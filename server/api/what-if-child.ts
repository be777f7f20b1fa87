import { connect } from '../../storage/clickhouse.ts'
import { readWhatIf } from '../queries/what-if/what-if.ts'
import type { WhatIfAnswer, WhatIfOrder } from './what-if-process.ts'

/** Entry of the process that re-times requests: one order in, one answer out, then it ends. Ends as well when nobody waits any more. */
process.once('disconnect', () => process.exit())
process.once('message', (message) => {
  const { clickhouseUrl, asked, settings, queryId } = message as WhatIfOrder
  const clickhouse = connect(clickhouseUrl, { readOnly: true, timeoutMs: 30_000 })
  const answer = (said: WhatIfAnswer) => process.send!(said, () => process.exit())
  readWhatIf(clickhouse, asked, settings, { signal: new AbortController().signal, queryId }).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
