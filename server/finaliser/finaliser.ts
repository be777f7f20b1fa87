import { connect } from '../../storage/clickhouse.ts'
import type { Logger, Running } from '../../storage/running.ts'
import { newMeter, type Meter } from '../../telemetry/meter.ts'
import type { RuleSource } from '../analysis/recognise/user-rule.ts'
import { maxShards } from '../queries/finaliser/shards.ts'
import { startAnalystThread, type AnalystThread, type RuledAnalystThread } from './analyst-thread.ts'
import { finaliserMetrics } from './metrics.ts'
import { runFinaliser } from './run.ts'

export interface FinaliserOptions {
  clickhouseUrl: string
  /** A trace is analysed this long after its last span was committed … */
  settleQuietMs: number
  /** … or at the latest this long after its first. */
  settleMaxMs: number
  /** HOPSCOPE_NETWORK_RTT_US in ns; null when unset. */
  networkRttNs: number | null
  /** Threads that analyse side by side, each the trace ids of its shard. */
  finaliserThreads: number
  rules: RuleSource
  /** By default one of its own that nobody reads. */
  meter?: Meter
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

/** Jobs are logged by finaliser. There is one: it alone writes facts, whatever number of threads analyse. */
const name = '0'
/** A job in progress may be finished; a longer one is given up and taken back at the next start. */
const closeWithinMs = 5_000
/** Open traces take about a quarter of a KB each; of more than these the oldest settle early. */
const maxWaiting = 1_000_000

/**
 * Follows committed batches, and writes facts and rollups of traces that have settled, exactly once each.
 * Resolves when what an earlier life left unfinished is in order.
 * @throws when ClickHouse cannot be reached or has no schema.
 */
export async function startFinaliser(options: FinaliserOptions, hooks: FinaliserHooks = {}): Promise<Running> {
  const { clickhouseUrl, settleQuietMs: quietMs, settleMaxMs: maxMs, networkRttNs, rules, log } = options
  const clickhouse = connect(clickhouseUrl)
  const threads = new Set<RuledAnalystThread>()
  const startThread = (): AnalystThread => {
    const thread = startAnalystThread({ clickhouseUrl, settings: { networkRttNs, rules: rules.current() } })
    threads.add(thread)
    return {
      ...thread,
      async close() {
        threads.delete(thread)
        await thread.close()
      },
    }
  }
  rules.subscribe((changed) => {
    for (const thread of threads) thread.useRules(changed)
  })
  const stop = new AbortController()
  const running = await runFinaliser({
    writer: { clickhouse, finaliser: name, onStep: hooks.onStep ?? (() => {}) },
    startAnalyst: hooks.startAnalyst ?? startThread,
    shards: Math.min(maxShards, options.finaliserThreads),
    settle: { quietMs, maxMs, maxWaiting },
    crashes: hooks.diesOfFailure ?? false,
    stop: stop.signal,
    metrics: finaliserMetrics(options.meter ?? newMeter('hopscope_server_')),
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
