import { Worker } from 'node:worker_threads'
import type { UserRule } from '../analysis/recognise/user-rule.ts'
import type { AnalysisSettings } from '../analysis/types.ts'
import type { Analyst, JobOrder, JobResult } from './analyse-job.ts'
import { packTraces, type PackedTraces } from './packed-traces.ts'

/** An analyst that can be dismissed. */
export interface AnalystThread extends Analyst {
  close(): Promise<void>
}

/** One that follows when the user's rules change. */
export interface RuledAnalystThread extends AnalystThread {
  useRules(rules: readonly UserRule[]): void
}

export interface AnalystData {
  readonly clickhouseUrl: string
  readonly settings: AnalysisSettings
}

export type PackedOrder = Omit<JobOrder, 'traces'> & { readonly traces: PackedTraces }
export type AnalystMessage = PackedOrder | { readonly rules: readonly UserRule[] }
export type AnalystAnswer = 'progressed' | { readonly result: JobResult } | { readonly error: string }

/** The worker itself died or was silent for too long: of this job, as far as one can tell. Not when it was closed, and not of a job that waited. */
export class AnalystDied extends Error {}

/** A part of a job, some ten thousand spans, takes a fraction of a second; on a machine that does other things, longer. */
const silenceMs = 120_000
/** Enough for a job and its largest trace; a trace that wants more must not take the process with it. */
const maxHeapMb = 1024
/** The objects of a trace are gone by the next: with so much room few of them are ever copied. */
const youngHeapMb = 128

interface Pending {
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: Error) => void
  /** Runs off when nothing is heard of the job; set when its turn comes. */
  watch?: NodeJS.Timeout
}

/** Reads and analyses in a thread of its own, so that the API of the same process keeps answering. */
export function startAnalystThread(data: AnalystData): RuledAnalystThread {
  // Compiled code only: a thread cannot load TypeScript. Tests from source put an analyst of their own in its place.
  const worker = new Worker(new URL('./analyst-worker.js', import.meta.url), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: youngHeapMb },
  })
  let dead: Error | undefined
  /** The first is analysed, the others wait. */
  const jobs: Pending[] = []
  const watchFirst = () => {
    const [first] = jobs
    if (!first) return
    first.watch = setTimeout(() => {
      die(`a job made no progress for ${silenceMs} ms`)
      void worker.terminate()
    }, silenceMs)
  }
  const settle = (then: (job: Pending) => void) => {
    const job = jobs.shift()
    if (!job) return
    clearTimeout(job.watch)
    watchFirst()
    then(job)
  }
  const end = (reason: Error) => {
    dead ??= reason
    const error = dead
    const waited = jobs.splice(1)
    settle(({ reject }) => reject(error))
    for (const { reject } of waited) reject(new Error(`of a job before: ${error.message}`))
  }
  const die = (reason: string) => end(new AnalystDied(reason))
  worker.on('message', (answer: AnalystAnswer) => {
    if (answer === 'progressed') jobs[0]?.watch?.refresh()
    else
      settle(({ resolve, reject }) => ('result' in answer ? resolve(answer.result) : reject(new Error(answer.error))))
  })
  worker.on('error', (error) => die(error instanceof Error ? error.message : String(error)))
  worker.on('exit', (code) => die(`the analyst thread ended with code ${code}`))

  return {
    run(order: JobOrder) {
      if (dead) return Promise.reject(dead)
      return new Promise<JobResult>((resolve, reject) => {
        if (jobs.push({ resolve, reject }) === 1) watchFirst()
        const traces = packTraces(order.traces)
        worker.postMessage({ ...order, traces } satisfies AnalystMessage, [traces.numbers.buffer])
      })
    },
    useRules(rules) {
      if (!dead) worker.postMessage({ rules } satisfies AnalystMessage)
    },
    async close() {
      end(new Error('the analyst thread was closed'))
      await worker.terminate()
    },
  }
}
