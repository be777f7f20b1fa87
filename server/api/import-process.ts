import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AnalysisSettings } from '../analysis/types.ts'
import { ProblemError } from './problem.ts'

export interface ImportOrder {
  /** '' for the trace with most spans. */
  readonly traceId: string
  readonly settings: Pick<AnalysisSettings, 'networkRttNs' | 'rules'>
}

export interface Importer {
  /**
   * @returns JSON of an ImportedFile.
   * @param signal ends it, and nobody is answered.
   * @throws ProblemError 400 and 404 for the file, 422 when it takes too long or too much memory, 503 when one is being read.
   */
  run(order: ImportOrder, file: Uint8Array, signal: AbortSignal): Promise<Buffer>
  /** Ends what is under way. */
  close(): void
}

/** Exit code of a child that answered with a problem. */
export const problemStatus = 3

const deadlineMs = 60_000
const heapMb = 1536
/** Each takes up to a core and its memory. */
const mostAtOnce = 1

/** Reads trace files in a process of its own: a file may be anything, and the one that answers for all others must not wait for it. */
export function fileImporter(): Importer {
  const running = new Set<ChildProcess>()
  return {
    async run(order, file, signal) {
      if (running.size >= mostAtOnce)
        throw new ProblemError(503, 'Busy', 'another trace file is being read; try again in a moment')
      // Compiled code only, as the analyst's thread.
      const child = fork(fileURLToPath(new URL('./import-child.js', import.meta.url)), [], {
        execArgv: [`--max-old-space-size=${heapMb}`],
        env: {},
        stdio: ['pipe', 'pipe', 'ignore', 'ipc'],
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
        const { code, answer } = await answerOf(child, order, file)
        if (code === 0) return answer
        if (code === problemStatus) throw problemIn(answer)
        const reason = isLate
          ? `takes longer than ${deadlineMs / 1000} s`
          : `ended the process that did it, ${heapMb} MB at most`
        throw new ProblemError(422, 'Too much to read', `reading this file ${reason}`, 'file')
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

function answerOf(child: ChildProcess, order: ImportOrder, file: Uint8Array) {
  return new Promise<{ code: number | null; answer: Buffer }>((resolve, reject) => {
    const parts: Buffer[] = []
    child.stdout!.on('data', (part: Buffer) => parts.push(part))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, answer: Buffer.concat(parts) }))
    // A child that ends early closes its end; its exit code says why.
    child.stdin!.on('error', () => undefined)
    child.stdin!.write(`${JSON.stringify(order)}\n`)
    child.stdin!.end(file)
  })
}

function problemIn(answer: Buffer): ProblemError {
  const { status, title, message, field } = JSON.parse(answer.toString()) as ProblemError
  return new ProblemError(status, title, message, field)
}
