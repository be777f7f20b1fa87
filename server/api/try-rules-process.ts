import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TriedRules } from './contract-rules.ts'
import { ProblemError } from './problem.ts'
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

const deadlineMs = 20_000
const heapMb = 384
/** Each takes up to a core and its memory. */
const mostAtOnce = 2

/**
 * Tries rules in a process of its own: parsers and regular expressions can be kept busy for minutes or made to end their
 * process by a text that somebody pastes, and the one that answers for all others must not be that process.
 */
export function rulesTrier(): RulesTrier {
  const running = new Set<ChildProcess>()
  return {
    async run(order, signal) {
      if (running.size >= mostAtOnce)
        throw new ProblemError(503, 'Busy', 'other rules are being tried; try again in a moment')
      // Compiled code only, as the analyst's thread.
      const child = fork(fileURLToPath(new URL('./try-rules-child.js', import.meta.url)), [], {
        execArgv: [`--max-old-space-size=${heapMb}`],
        env: {},
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        serialization: 'json',
      })
      running.add(child)
      const end = () => child.kill('SIGKILL')
      let isLate = false
      const late = setTimeout(() => {
        isLate = true
        end()
      }, deadlineMs)
      signal.addEventListener('abort', end)
      try {
        const answer = await new Promise<TryRulesAnswer | undefined>((resolve, reject) => {
          child.once('message', (message) => resolve(message as TryRulesAnswer))
          child.once('error', reject)
          child.once('exit', () => resolve(undefined))
          child.send(order satisfies TryRulesOrder, (error) => error && resolve(undefined))
        })
        if (answer && 'result' in answer) return answer.result
        if (answer) throw new Error(`trying rules failed: ${answer.error}`)
        const reason = isLate
          ? `takes longer than ${deadlineMs / 1000} s`
          : `ended the process that did it, ${heapMb} MB at most`
        throw new ProblemError(422, 'Too much to try', `reading and trying these rules ${reason}`, 'source')
      } finally {
        clearTimeout(late)
        signal.removeEventListener('abort', end)
        end()
        running.delete(child)
      }
    },
    close: () => running.forEach((child) => child.kill('SIGKILL')),
  }
}
