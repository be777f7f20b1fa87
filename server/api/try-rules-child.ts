import { connect } from '../../storage/clickhouse.ts'
import type { TryRulesAnswer, TryRulesOrder } from './try-rules-process.ts'
import { tryRules } from './try-rules.ts'

/** Entry of the process that tries rules: one order in, one answer out, then it ends. Ends as well when nobody waits any more. */
process.once('disconnect', () => process.exit())
process.once('message', (message) => {
  const { clickhouseUrl, ...order } = message as TryRulesOrder
  const clickhouse = connect(clickhouseUrl, { readOnly: true, timeoutMs: 20_000 })
  const answer = (said: TryRulesAnswer) => process.send!(said, () => process.exit())
  tryRules(clickhouse, order).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})
