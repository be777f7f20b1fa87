import { request } from 'node:http'
import { analyseTrace } from '../server/analysis/analyse.ts'
import type { AnalysisSettings } from '../server/analysis/types.ts'
import { factBlocks, pushFacts } from '../server/finaliser/facts.ts'
import { rollupBlocks } from '../server/finaliser/rollups/blocks.ts'
import { foldAnalysis } from '../server/finaliser/rollups/of-analysis.ts'
import { noRollups } from '../server/finaliser/rollups/rollups.ts'
import { openLearner } from '../server/finaliser/learn/learner.ts'
import { openSpanReader, type StoredTrace, type TraceRef } from '../server/queries/spans.ts'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { eventually } from '../test/eventually.ts'
import { startHopscope } from '../test/harness.ts'
import { generateRequest, spansPerTrace } from './generate.ts'
import { median, report } from './report.ts'

/**
 * `npm run bench -- stages [--json FILE]`: CPU time of each stage in the finaliser's worker thread, on mesh traces as the
 * collector stored them: decoding ClickHouse's answer, analysing, learning, filling the blocks of facts, adding up rollups. ClickHouse is asked
 * once and its answers are given again, so that its own time is not among them. Each stage is the difference between the
 * work up to it and the work up to the one before it, so that memory lives as long as it does in production.
 */
const requests = 48
const spansPerRequest = 70 * spansPerTrace
const runs = 9
const stages = ['decode', 'analyse', 'learn', 'facts', 'rollups'] as const

function post(url: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sent = request(`${url}/v1/traces`, { method: 'POST', headers }, (response) => {
      const { statusCode } = response
      response
        .resume()
        .once('end', () => (statusCode === 200 ? resolve() : reject(new Error(`answered ${statusCode}`))))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Answers a question that was asked before as it was answered then. */
function recorded(clickhouse: ClickHouse): ClickHouse {
  const answers = new Map<string, Buffer>()
  return {
    ...clickhouse,
    async queryBytes(sql, params, options) {
      const key =
        sql + JSON.stringify(params, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
      const known = answers.get(key) ?? (await clickhouse.queryBytes(sql, params, options))
      answers.set(key, known)
      return known
    },
  }
}

const hopscope = await startHopscope({ HOPSCOPE_ROLES: 'collector' })
const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
try {
  for (let seed = 0; seed < requests; seed++) {
    const body = generateRequest(spansPerRequest, seed)
    body.refresh(Date.now())
    await post(hopscope.otlpHttpUrl, body.body)
  }
  const stored = async () => (await clickhouse.query<{ n: string }>('SELECT count() AS n FROM spans'))[0]!.n
  await eventually(async () => Number(await stored()) === requests * spansPerRequest)
  const found = await clickhouse.query<TraceRef & { n: string }>(`
    SELECT lower(hex(trace_id)) AS traceId, toUnixTimestamp(toStartOfMinute(min(start))) AS firstMinute,
      toUnixTimestamp(toStartOfMinute(max(start))) AS lastMinute, count() AS n
    FROM spans GROUP BY trace_id`)
  const refs = found.map(({ n, ...ref }) => ({ ...ref, rows: Number(n) }))
  const spans = refs.reduce((sum, { rows }) => sum + rows, 0)

  const reader = openSpanReader(recorded(clickhouse))
  const learner = openLearner()
  const settings: AnalysisSettings = { networkRttNs: null, ...learner.settings }
  let job = 0n

  /** CPU-seconds per million spans of a job up to a stage. */
  async function upTo(stage: number): Promise<number> {
    job++
    const blocks = factBlocks()
    const rollups = noRollups()
    const context = { job, settledAt: 1_700_000_000, revision: 0, spanRows: spansPerTrace, flags: 0 }
    const take = (trace: StoredTrace) => {
      if (stage < 1) return
      const analysed = analyseTrace(trace, settings)
      if (stage >= 2) learner.watch(analysed)
      if (stage >= 3) pushFacts(blocks, analysed, context)
      if (stage >= 4) foldAnalysis(rollups, analysed, 0)
    }
    const cpu = process.cpuUsage()
    for (const trace of await reader.readTraces(refs)) take(trace)
    if (stage >= 2) learner.learn(job)
    const bytes = stage >= 3 ? Object.values(blocks).map((block) => (block.rows > 0 ? block.toBytes().length : 0)) : []
    if (stage >= 4 && rollupBlocks(rollups).rollup_1m.length === 0) throw new Error('rollups are missing')
    const { user, system } = process.cpuUsage(cpu)
    if (stage >= 3 && (blocks.traces.rows !== refs.length || Math.min(...bytes.slice(0, 3)) === 0))
      throw new Error('facts are missing')
    return (user + system) / spans
  }

  const once = async () => {
    const times: number[] = []
    for (let stage = 0; stage < stages.length; stage++) times.push(await upTo(stage))
    return times.map((time, i) => time - (times[i - 1] ?? 0))
  }
  await once()
  await once()
  const results: number[][] = []
  for (let run = 0; run < runs; run++) results.push(await once())
  const of = (i: number) => Number(median(results.map((times) => times[i]!)).toFixed(2))
  const all = median(results.map((times) => times.reduce((sum, time) => sum + time, 0)))
  await report('stages', {
    spans,
    cpuSecondsPerMillionSpans: {
      ...Object.fromEntries(stages.map((stage, i) => [stage, of(i)])),
      all: Number(all.toFixed(2)),
    },
    runs,
  })
} finally {
  await clickhouse.close()
  await hopscope.stop()
}
