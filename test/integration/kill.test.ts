import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { entryArgs } from '../../storage/entry.ts'
import { freePort } from '../../storage/ports.ts'
import { eventually } from '../eventually.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import type { SenderMessage, SentRequest } from './kill-sender.ts'
import { readRollup, rollupOfFacts, rollupSteps } from './rollups-of-facts.ts'

/**
 * kill -9 of every process while a million spans come in. Afterwards: each acknowledged span is stored, once unless it
 * was sent again; none that was never acknowledged is stored twice; facts and rollups count each once whatever was sent.
 */
const spans = 1_000_000
const spansPerTrace = 12
let dataDir: string
let hopscope: RunningHopscope
let clickhouse: ClickHouse
let requests: SentRequest[]
let sender: ReturnType<typeof startSender>

/** Starts it over the same directory, on the same ports: exporters are not told of new ones. */
let env: Record<string, string>
const start = () => startHopscope(env, { dataDir })

function startSender() {
  const args = entryArgs('./kill-sender', import.meta.url)
  const child = fork(args.pop()!, [hopscope.otlpHttpUrl, String(spans)], { execArgv: args })
  let acknowledged = 0
  let sent: SentRequest[] | undefined
  child.on('message', (message: SenderMessage) => {
    if ('requests' in message) sent = message.requests
    else acknowledged = message.acknowledged
  })
  const running = () => {
    if (child.exitCode) throw new Error(`the sender ended with ${child.exitCode}`)
  }
  return {
    reaches: (share: number) => eventually(() => (running(), acknowledged >= share * spans), 200_000),
    stop: () => child.kill('SIGKILL'),
    sent: () => eventually(() => (running(), sent), 200_000),
  }
}

async function one<Row>(sql: string): Promise<Row> {
  return (await clickhouse.query<Row>(`${sql} SETTINGS output_format_json_quote_64bit_integers = 0`))[0]!
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hopscope-kill-'))
  env = {
    HOPSCOPE_PORT: String(await freePort()),
    HOPSCOPE_OTLP_HTTP_PORT: String(await freePort()),
    HOPSCOPE_SETTLE_QUIET_MS: '1000',
    HOPSCOPE_SETTLE_MAX_MS: '30000',
  }
  hopscope = await start()
  sender = startSender()
  await sender.reaches(0.15)
  await hopscope.kill9('collector')
  await sender.reaches(0.3)
  await hopscope.kill9('server')
  await sender.reaches(0.45)
  await hopscope.kill9('engine')
  await sender.reaches(0.6)
  await hopscope.kill9('main')
  hopscope = await start()
  await sender.reaches(0.8)
  await hopscope.kill9('all')
  hopscope = await start()
  requests = await sender.sent()
  clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  // Batches that were cut off between their INSERTs are counted a minute after they were made.
  await eventually(async () => {
    const row = await one<Record<string, number>>(`SELECT
      (SELECT uniqExact(trace_id) FROM spans) AS stored, (SELECT toInt64(sum(sign)) FROM traces) AS settled,
      (SELECT uniqExactIf(job, state = 'written') - uniqExactIf(job, state = 'rolled') FROM jobs) AS unfinished,
      (SELECT uniqExact(batch) FROM spans WHERE batch NOT IN (SELECT batch FROM batches)) AS uncounted`)
    return row['stored'] === row['settled'] && row['unfinished'] === 0 && row['uncounted'] === 0
  }, 900_000)
}, 1_200_000)
afterAll(async () => {
  sender?.stop()
  await clickhouse?.close()
  await hopscope?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('after kill -9 of collector, server, engine, main process and all at once', () => {
  it('every acknowledged span is stored, exactly once unless it was sent again; any other at most once', async () => {
    const rows = await clickhouse.query<{ id: string; rows: string; spans: string }>(
      'SELECT lower(hex(trace_id)) AS id, count() AS rows, uniqExact(span_id) AS spans FROM spans GROUP BY trace_id',
    )
    const stored = new Map(rows.map((row) => [row.id, { rows: Number(row.rows), spans: Number(row.spans) }]))
    const wrong: unknown[] = []
    for (const { traceIds, attempts, acknowledged } of requests) {
      for (const id of traceIds) {
        const { rows, spans } = stored.get(id) ?? { rows: 0, spans: 0 }
        stored.delete(id)
        // A batch is stored as a whole or not at all, so a trace is here with all of its spans or with none.
        const whole = spans === spansPerTrace || (!acknowledged && spans === 0)
        if (!whole || rows % spansPerTrace !== 0 || rows > attempts * spansPerTrace)
          wrong.push({ id, attempts, acknowledged, rows, spans })
      }
    }
    expect(wrong).toEqual([])
    expect([...stored.keys()]).toEqual([])

    const count = (of: (request: SentRequest) => boolean) => requests.filter(of).length
    expect(
      requests.filter((r) => r.acknowledged).flatMap((r) => r.traceIds).length * spansPerTrace,
    ).toBeGreaterThanOrEqual(spans)
    // The kills hit requests of both kinds, or nothing was tested.
    expect(count((r) => r.attempts === 1 && !r.acknowledged)).toBeGreaterThan(0)
    expect(count((r) => r.attempts > 1)).toBeGreaterThan(0)
  })

  it('every batch counts the spans that it has', async () => {
    const row = await one(`
      SELECT countIf(stored != committed) AS uneven, sum(committed) = (SELECT count() FROM spans) AS all FROM (
        SELECT batch, sum(spans) AS committed, any(n) AS stored FROM batches
        FULL JOIN (SELECT batch, count() AS n FROM spans GROUP BY batch) AS s USING batch GROUP BY batch
      )`)
    expect(row).toEqual({ uneven: 0, all: 1 })
  })

  it('every trace has facts once, made of each of its spans once', async () => {
    const row = await one(`
      SELECT count() AS traces, countIf(n != 1) AS notOnce, countIf(spans != ${spansPerTrace}) AS notWhole,
        countIf(hops != hop_count OR hops != 3) AS hops, countIf(proxies != proxy_count OR proxies != 6) AS proxies
      FROM (
        SELECT trace_id, sum(sign) AS n, argMax(span_count, revision) AS spans,
          argMax(hop_count, revision) AS hop_count, argMax(proxy_count, revision) AS proxy_count
        FROM traces GROUP BY trace_id
      ) AS t
      LEFT JOIN (SELECT trace_id, toInt64(sum(sign)) AS hops FROM hops GROUP BY trace_id) AS h USING trace_id
      LEFT JOIN (SELECT trace_id, toInt64(sum(sign)) AS proxies FROM proxies GROUP BY trace_id) AS p USING trace_id`)
    const { stored } = await one<{ stored: number }>('SELECT uniqExact(trace_id) AS stored FROM spans')
    expect(row).toEqual({ traces: stored, notOnce: 0, notWhole: 0, hops: 0, proxies: 0 })
  })

  it.each(Object.keys(rollupSteps) as (keyof typeof rollupSteps)[])('%s equals the facts', async (rollup) => {
    const cells = await readRollup(clickhouse, rollup)
    expect(cells).toEqual(await rollupOfFacts(clickhouse, rollup))
    expect(new Set(cells.map(({ kind, metric }) => `${kind} ${metric}`)).size).toBeGreaterThan(10)
  })

  it('the directory is whole: the program ends cleanly', async () => {
    expect(await hopscope.stop()).toBe(0)
  })
})
