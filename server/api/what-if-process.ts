import type { AnalysisSettings } from '../analysis/types.ts'
import type { WhatIf, WhatIfRequest } from './contract-what-if.ts'
import { oneAnswer, ownProcesses } from './own-process.ts'

export interface WhatIfOrder {
  readonly clickhouseUrl: string
  readonly asked: WhatIfRequest
  readonly settings: Pick<AnalysisSettings, 'networkRttNs' | 'rules'>
  readonly queryId: string
}
export type WhatIfAnswer = { readonly result: WhatIf } | { readonly error: string }

export interface Retimer {
  /**
   * @param signal ends it, and nobody is answered.
   * @throws ProblemError 422 when it takes too long or too much memory, 503 when enough are under way.
   */
  run(order: WhatIfOrder, signal: AbortSignal): Promise<WhatIf>
  /** Ends what is under way. */
  close(): void
}

/** Re-times requests in processes of its own, a question at a time in each: 50,000 traces keep two cores busy for seconds. */
export function retimer(): Retimer {
  const processes = ownProcesses({
    ...{ entry: './what-if-child.js', deadlineMs: 30_000, heapMb: 512, mostAtOnce: 2, idleMs: 120_000 },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    busy: 'other requests are being re-timed',
    ...{ title: 'Too much to re-time', task: 're-timing these requests', field: 'cohort' },
  })
  return {
    async run(order, signal) {
      const answer = await processes.run((child) => oneAnswer<WhatIfAnswer>(child, order), signal)
      if ('result' in answer) return answer.result
      throw new Error(`re-timing failed: ${answer.error}`)
    },
    close: () => processes.close(),
  }
}
