import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { connect } from '../../storage/clickhouse.ts'
import type { Replacement } from '../queries/what-if/changes.ts'
import { openPart, type Part, type PartOrder, type RetimedPart } from '../queries/what-if/part.ts'

/** Of the requests that are re-timed, those of a second thread: what it is asked, one after the other, and says. */
type Asked = { begin: PartOrder } | { retime: { own: readonly number[]; by: Replacement | null } }
type Said = { own: readonly number[] } | { retimed: RetimedPart } | { error: string }

const heapMb = 512
const youngHeapMb = 96

/** @param died the thread did, of too much memory mostly. */
export function startPartThread(clickhouseUrl: string, died: () => void): Part {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: clickhouseUrl,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngHeapMb },
  })
  worker.once('error', died)
  const ask = (asked: Asked) =>
    new Promise<Said>((resolve, reject) => {
      worker.once('message', (said: Said) =>
        'error' in said ? reject(new Error(`in the second thread: ${said.error}`)) : resolve(said),
      )
      worker.postMessage(asked)
    })
  return {
    begin: async (order) => ((await ask({ begin: order })) as { own: readonly number[] }).own,
    retime: async (own, by) => ((await ask({ retime: { own, by } })) as { retimed: RetimedPart }).retimed,
  }
}

/** In the thread itself. Compiled code only: a thread cannot load TypeScript. */
function serve(clickhouseUrl: string): void {
  const port = parentPort!
  const part = openPart(connect(clickhouseUrl, { readOnly: true, timeoutMs: 30_000 }))
  const answer = async (asked: Asked): Promise<Said> => {
    if ('begin' in asked) return { own: await part.begin(asked.begin) }
    return { retimed: await part.retime(asked.retime.own, asked.retime.by) }
  }
  port.on('message', (asked: Asked) => {
    answer(asked).then(
      (said) => port.postMessage(said),
      (error: unknown) =>
        port.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
}

if (!isMainThread) serve(workerData as string)
