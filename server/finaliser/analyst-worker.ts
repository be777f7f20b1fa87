import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '../../storage/clickhouse.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { readLearnedBefore, readLearnedFor } from '../queries/learned.ts'
import { openSpanReader } from '../queries/spans.ts'
import { openAnalyst, type Analyse } from './analyse-job.ts'
import { unpackTraces } from './packed-traces.ts'
import type { Recall } from './recall.ts'
import { takeBack } from './rollups/read-back.ts'
import type { AnalystAnswer, AnalystData, AnalystMessage } from './analyst-thread.ts'

/** Entry of the analyst's thread: one order in, one result out. */
const { clickhouseUrl, settings } = workerData as AnalystData
const port = parentPort!
const clickhouse = connect(clickhouseUrl)
const recall: Recall = (job, when) =>
  when ? readLearnedFor(clickhouse, { job, ...when }) : readLearnedBefore(clickhouse, job)
/** Changes between two jobs. */
let rules = settings.rules ?? []
const analyse: Analyse = (trace, given) => analyseTrace(trace, { ...given, rules })
const analyst = openAnalyst(openSpanReader(clickhouse), analyse, settings, recall, (rollups, replaced) =>
  takeBack(clickhouse, rollups, replaced),
)

port.on('message', (message: AnalystMessage) => {
  if ('rules' in message) {
    rules = message.rules
    return
  }
  analyst.run({ ...message, traces: unpackTraces(message.traces) }).then(
    (result) => {
      const { blocks, rollups, learned, pages } = result
      const buffers = [blocks, rollups, learned, { pages }].flatMap((made) =>
        Object.values(made).map((block) => block.buffer as ArrayBuffer),
      )
      port.postMessage({ result } satisfies AnalystAnswer, buffers)
    },
    (error: unknown) => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
      port.postMessage({ error: reason } satisfies AnalystAnswer)
    },
  )
})
