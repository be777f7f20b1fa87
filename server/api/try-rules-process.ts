import type { TriedRules } from './contract-rules.ts'
import { oneAnswer, ownProcesses } from './own-process.ts'
import type { RulesTry } from './try-rules.ts'

export interface TryRulesOrder extends RulesTry {
  readonly clickhouseUrl: string
}
export type TryRulesAnswer = { readonly result: TriedRules } | { readonly error: string }

export interface RulesTrier {
  /**
   * @param signal ends it, and nobody is answered.
   * @throws ProblemError 422 when the rules take too long or too much memory, 503 when enough are being tried.
   */
  run(order: TryRulesOrder, signal: AbortSignal): Promise<TriedRules>
  /** Ends what is under way. */
  close(): void
}

/** Tries rules, each set in a process of its own: a text that somebody pastes can keep parsers and regular expressions busy for minutes. */
export function rulesTrier(): RulesTrier {
  const processes = ownProcesses({
    ...{ entry: './try-rules-child.js', deadlineMs: 20_000, heapMb: 384, mostAtOnce: 2 },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    busy: 'other rules are being tried',
    ...{ title: 'Too much to try', task: 'reading and trying these rules', field: 'source' },
  })
  return {
    async run(order, signal) {
      const answer = await processes.run((child) => oneAnswer<TryRulesAnswer>(child, order), signal)
      if ('result' in answer) return answer.result
      throw new Error(`trying rules failed: ${answer.error}`)
    },
    close: () => processes.close(),
  }
}
