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
  /** So long one that has answered stays for the next question, warm; left out, it ends: what one leaves must not reach another. */
  readonly idleMs?: number
  readonly stdio: StdioOptions
  /** What the problems say: how others keep it busy, what it is to do, of which field. */
  readonly busy: string
  readonly title: string
  readonly task: string
  readonly field: string
}

/**
 * Work on what anybody may send, each in a process of its own: it may be kept busy for minutes or run out of memory, and the process that
 * answers for all others must not.
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
  new Promise<Answer | undefined>((resolve, reject) => {
    const gone = () => resolve(undefined)
    const settled = (then: () => void) => {
      child.off('error', failed).off('exit', gone)
      then()
    }
    const failed = (error: Error) => settled(() => reject(error))
    child.once('message', (message) => settled(() => resolve(message as Answer)))
    child.once('error', failed).once('exit', gone)
    child.send(order, (error) => error && gone())
  })

/** Garbage of the young is copied less often with more room for it; MB, three times of which are taken. */
const youngHeapMb = 32

export function ownProcesses(limits: Limits): OwnProcesses {
  const { entry, deadlineMs, heapMb, mostAtOnce, idleMs = 0, stdio, busy, title, task, field } = limits
  const running = new Set<ChildProcess>()
  /** With what ends them in time. */
  const idle = new Map<ChildProcess, NodeJS.Timeout>()
  const wake = (child: ChildProcess) => {
    clearTimeout(idle.get(child))
    idle.delete(child)
  }
  const kill = (child: ChildProcess) => {
    wake(child)
    child.kill('SIGKILL')
  }

  function start(): ChildProcess {
    // Compiled code only, as the analyst's thread.
    const child = fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
      execArgv: [`--max-old-space-size=${heapMb}`, `--max-semi-space-size=${youngHeapMb}`],
      env: {},
      stdio,
    })
    child.once('exit', () => wake(child))
    return child
  }

  return {
    async run(talk, signal) {
      if (running.size >= mostAtOnce) throw new ProblemError(503, 'Busy', `${busy}; try again in a moment`)
      const [warm] = idle.keys()
      const child = warm ?? start()
      wake(child)
      running.add(child)
      const end = () => kill(child)
      let isLate = false
      const late = setTimeout(() => {
        isLate = true
        end()
      }, deadlineMs)
      signal.addEventListener('abort', end)
      let isWell = false
      try {
        const answer = await talk(child)
        isWell = answer !== undefined && !signal.aborted && !isLate
        if (answer !== undefined) return answer
        const reason = isLate
          ? `takes longer than ${deadlineMs / 1000} s`
          : `ended the process that did it, ${heapMb} MB at most`
        throw new ProblemError(422, title, `${task} ${reason}`, field)
      } finally {
        clearTimeout(late)
        signal.removeEventListener('abort', end)
        running.delete(child)
        if (isWell && idleMs > 0) idle.set(child, setTimeout(() => kill(child), idleMs).unref())
        else end()
      }
    },
    close: () => [...running, ...idle.keys()].forEach(kill),
  }
}
