import { fork, type ChildProcess, type StdioOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ProblemError } from './problem.ts'

interface Limits {
  /** Compiled entry of the process, beside this file. */
  readonly entry: string
  readonly deadlineMs: number
  readonly heapMb: number
  /** Each takes up to a core and its memory. */
  readonly mostAtOnce: number
  readonly stdio: StdioOptions
  /** What the problems say: how others keep it busy, what it is to do, of which field. */
  readonly busy: string
  readonly title: string
  readonly task: string
  readonly field: string
}

/**
 * Work on what anybody may send, each in a process of its own that ends with it: it may be kept busy for minutes or run out of memory, and
 * the process that answers for all others must not.
 */
export interface OwnProcesses {
  /**
   * @param talk what passes between the two; undefined: the process ended without an answer.
   * @param signal ends it, and nobody is answered.
   * @throws ProblemError 422 when it takes too long or too much memory, 503 when enough are running; what `talk` throws.
   */
  run<T>(talk: (child: ChildProcess) => Promise<T | undefined>, signal: AbortSignal): Promise<T>
  /** Ends what is under way. */
  close(): void
}

/** Talks to a child that answers one order with one message. */
export const oneAnswer = <Answer>(child: ChildProcess, order: object): Promise<Answer | undefined> =>
  new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer))
    child.once('error', reject)
    child.once('exit', () => resolve(undefined))
    child.send(order, (error) => error && resolve(undefined))
  })

export function ownProcesses(limits: Limits): OwnProcesses {
  const { entry, deadlineMs, heapMb, mostAtOnce, stdio, busy, title, task, field } = limits
  const running = new Set<ChildProcess>()
  return {
    async run(talk, signal) {
      if (running.size >= mostAtOnce) throw new ProblemError(503, 'Busy', `${busy}; try again in a moment`)
      // Compiled code only, as the analyst's thread.
      const child = fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
        execArgv: [`--max-old-space-size=${heapMb}`],
        env: {},
        stdio,
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
        const answer = await talk(child)
        if (answer !== undefined) return answer
        const reason = isLate
          ? `takes longer than ${deadlineMs / 1000} s`
          : `ended the process that did it, ${heapMb} MB at most`
        throw new ProblemError(422, title, `${task} ${reason}`, field)
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
