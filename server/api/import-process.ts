import type { ChildProcess } from 'node:child_process'
import type { AnalysisSettings } from '../analysis/types.ts'
import { ownProcesses } from './own-process.ts'
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

/** Reads trace files, each in a process of its own: a file may be anything. */
export function fileImporter(): Importer {
  const processes = ownProcesses({
    ...{ entry: './import-child.js', deadlineMs: 60_000, heapMb: 1536, mostAtOnce: 1 },
    stdio: ['pipe', 'pipe', 'ignore', 'ipc'],
    busy: 'another trace file is being read',
    ...{ title: 'Too much to read', task: 'reading this file', field: 'file' },
  })
  return {
    run: (order, file, signal) => processes.run((child) => answerOf(child, order, file), signal),
    close: () => processes.close(),
  }
}

function answerOf(child: ChildProcess, order: ImportOrder, file: Uint8Array) {
  return new Promise<Buffer | undefined>((resolve, reject) => {
    const parts: Buffer[] = []
    child.stdout!.on('data', (part: Buffer) => parts.push(part))
    child.once('error', reject)
    child.once('close', (code) => {
      const answer = Buffer.concat(parts)
      if (code === problemStatus) reject(problemIn(answer))
      else resolve(code === 0 ? answer : undefined)
    })
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
