import { connect } from '../../storage/clickhouse.ts'
import type { Logger, Running } from '../../storage/running.ts'
import type { RuleSource } from '../analysis/recognise/user-rule.ts'
import { startAnalystThread, type AnalystThread, type RuledAnalystThread } from './analyst-thread.ts'
import { runFinaliser } from './run.ts'

export interface FinaliserOptions {
  clickhouseUrl: string
  /** A trace is analysed this long after its last span was committed … */
  settleQuietMs: number
  /** … or at the latest this long after its first. */
  settleMaxMs: number
  /** HOPSCOPE_NETWORK_RTT_US in ns; null when unset. */
  networkRttNs: number | null
  rules: RuleSource
  log: Logger
}

/** What a test may put in place of the real thing. */
export interface FinaliserHooks {
  startAnalyst?: () => AnalystThread
  /** Called before each step of a job; what it throws is a failure at this point. */
  onStep?: (step: string) => void
  /** A failure ends the finaliser, as a crash would, instead of being recovered from. */
  diesOfFailure?: boolean
}

/** Jobs are logged by finaliser; there is one until they take shards of the trace ids. */
const name = '0'
/** A job in progress may be finished; a longer one is given up and taken back at the next start. */
const closeWithinMs = 5_000

/**
 * Follows committed batches, and writes facts and rollups of traces that have settled, exactly once each.
 * Resolves when what an earlier life left unfinished is in order.
 * @throws when ClickHouse cannot be reached or has no schema.
 */
export async function startFinaliser(options: FinaliserOptions, hooks: FinaliserHooks = {}): Promise<Running> {
  const { clickhouseUrl, settleQuietMs: quietMs, settleMaxMs: maxMs, networkRttNs, rules, log } = options
  const clickhouse = connect(clickhouseUrl)
  let thread: RuledAnalystThread | undefined
  const startThread = () =>
    (thread = startAnalystThread({ clickhouseUrl, settings: { networkRttNs, rules: rules.current() } }))
  rules.subscribe((changed) => thread?.useRules(changed))
  const stop = new AbortController()
  const running = await runFinaliser({
    writer: { clickhouse, finaliser: name, onStep: hooks.onStep ?? (() => {}) },
    startAnalyst: hooks.startAnalyst ?? startThread,
    settle: { quietMs, maxMs, maxWaiting: 500_000 },
    crashes: hooks.diesOfFailure ?? false,
    stop: stop.signal,
    log,
  })
  return {
    addresses: [],
    async close() {
      stop.abort()
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeWithinMs).unref())
      await Promise.race([running.ended, late])
      await running.dismiss()
      await clickhouse.close()
    },
  }
}
