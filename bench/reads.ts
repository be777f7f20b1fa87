import { parseArgs } from 'node:util'
import { portions } from '../server/finaliser/portions.ts'
import type { JobTrace } from '../server/finaliser/analyse-job.ts'
import { lastBatchMsOfAll, openSpanReader } from '../server/queries/spans.ts'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { insertCopy, receive } from './copies.ts'
import { report } from './report.ts'
import { usageOf } from './usage.ts'

/**
 * `npm run bench -- reads [--batch-spans=90000] [--batches=36] [--json FILE]`: what reading the spans of a job costs ClickHouse while much comes
 * in. Puts a minute together from one batch after the other (by default 1.5 s each of 60,000 spans/s: what was received once, with other
 * ids), and reads the traces of a job as the finaliser does: those that settle within 1.5 s, or the same number out of what settles in 5 s
 * by ranges of their ids; from the parts that INSERTs made, and from one that all were merged into.
 */
const { values: options } = parseArgs({
  options: {
    'batch-spans': { type: 'string', default: '90000' },
    batches: { type: 'string', default: '36' },
    json: { type: 'string' },
  },
})
const batchSpans = Number(options['batch-spans'])
const batches = Number(options.batches)
const batchMs = 1500
/** A full minute, long ago enough that its parts are of no other. */
const firstMs = Math.floor(Date.now() / 60_000 - 10) * 60_000
const closedMs = (batch: number): number => firstMs + batchMs * batch

async function fill(hopscope: RunningHopscope, clickhouse: ClickHouse): Promise<void> {
  await receive(hopscope, clickhouse, batchSpans)
  await clickhouse.command('SYSTEM STOP MERGES spans')
  for (let batch = 0; batch < batches; batch++) await insertCopy(clickhouse, 'spans', batch, closedMs(batch))
}

async function tracesOf(clickhouse: ClickHouse, first: number, last: number): Promise<JobTrace[]> {
  const found = await clickhouse.query<{ id: string; rows: string }>(
    `SELECT lower(hex(trace_id)) AS id, count() AS rows FROM spans
     WHERE batch BETWEEN ${BigInt(closedMs(first)) << 21n} AND ${BigInt(closedMs(last)) << 21n} GROUP BY trace_id ORDER BY trace_id`,
  )
  return found.map(({ id, rows }) => ({
    ...{ traceId: id, firstMinute: firstMs / 1000, lastMinute: firstMs / 1000, rows: Number(rows) },
    ...{ firstBatchMs: closedMs(first), lastBatchMs: closedMs(last), facts: null, early: false, poisonous: false },
  }))
}

const rowsOfGranule = 8192

/** Since ClickHouse started; what merges read is not among them. */
async function selectedGranules(clickhouse: ClickHouse): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(
    `SELECT sum(value) AS n FROM system.events WHERE event = 'SelectedMarks'`,
  )
  return Number(row!.n)
}

async function readJob(hopscope: RunningHopscope, clickhouse: ClickHouse, traces: readonly JobTrace[]) {
  const reader = openSpanReader(clickhouse)
  const granules = await selectedGranules(clickhouse)
  const { cpuSeconds } = usageOf('clickhouse', hopscope)
  let spans = 0
  const parts = portions(traces)
  for (const part of parts) for (const trace of await reader.readTraces(part)) spans += trace.spans.length
  const used = usageOf('clickhouse', hopscope).cpuSeconds - cpuSeconds
  const wanted = traces.reduce((sum, { rows }) => sum + rows, 0)
  if (spans < wanted) throw new Error(`${spans} of ${wanted} spans were read`)
  return {
    reads: parts.length,
    spansLookedThroughForOne: Number(
      (((await selectedGranules(clickhouse)) - granules) / (spans / rowsOfGranule)).toFixed(1),
    ),
    cpuSecondsPerMillionSpans: Number((used / (spans / 1e6)).toFixed(2)),
  }
}

const anywhere = (trace: JobTrace): JobTrace => ({ ...trace, firstBatchMs: 0, lastBatchMs: lastBatchMsOfAll })

const hopscope = await startHopscope({ HOPSCOPE_ROLES: 'collector', HOPSCOPE_MEMORY_LIMIT: '60%' })
const clickhouse = connect(`${hopscope.engineUrl}/hopscope`, { timeoutMs: 300_000 })
try {
  await fill(hopscope, clickhouse)
  const middle = Math.floor(batches / 2)
  const settled = await tracesOf(clickhouse, middle, middle)
  const more = await tracesOf(clickhouse, middle, middle + 3)
  const slice = more.slice(0, settled.length)
  const measured = async () => ({
    settledIn1500MsBatchesUnknown: await readJob(hopscope, clickhouse, settled.map(anywhere)),
    settledIn1500Ms: await readJob(hopscope, clickhouse, settled),
    rangeOfIdsOf6s: await readJob(hopscope, clickhouse, slice),
  })
  const inserted = await measured()
  await clickhouse.command('SYSTEM START MERGES spans')
  await clickhouse.command('OPTIMIZE TABLE spans FINAL')
  await report('reads', {
    batchSpans,
    batches,
    spansOfJob: batchSpans,
    partsOfInserts: inserted,
    onePart: await measured(),
  })
} finally {
  await clickhouse.close()
  await hopscope.stop()
}
