import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, describe } from 'vitest'
import { withoutRules } from '../../server/analysis/recognise/user-rule.ts'
import { openAnalyst, type JobOrder, type JobResult } from '../../server/finaliser/analyse-job.ts'
import { takeBack } from '../../server/finaliser/rollups/read-back.ts'
import { startFinaliser, type FinaliserHooks } from '../../server/finaliser/finaliser.ts'
import { nothingLearned } from '../../server/analysis/learned/learned.ts'
import { shardOfJob, shardOfTrace } from '../../server/queries/finaliser/shards.ts'
import { defaultMaxSpans, openSpanReader } from '../../server/queries/spans.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { derived } from '../tables.ts'
import { chain, commitBatch, plainAnalysis, type TestSpan } from './finaliser-traffic.ts'

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
})
afterAll(() => db?.stop())

beforeEach(async () => {
  for (const table of [...derived, 'spans', 'batches']) await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
})

const quietMs = 300
const recall = () => Promise.resolve(nothingLearned)
const openPlainAnalyst = () =>
  openAnalyst(openSpanReader(db.clickhouse), plainAnalysis, { networkRttNs: null }, recall, (rollups, replaced) =>
    takeBack(db.clickhouse, rollups, replaced),
  )

function start(hooks: FinaliserHooks = {}, { finaliserThreads = 1 } = {}) {
  const startAnalyst = () => ({ ...openPlainAnalyst(), close: () => Promise.resolve() })
  return startFinaliser(
    {
      clickhouseUrl: db.url,
      settleQuietMs: quietMs,
      settleMaxMs: 5000,
      finaliserThreads,
      networkRttNs: null,
      rules: withoutRules,
      log: quiet,
    },
    { startAnalyst, ...hooks },
  )
}

async function one<Row>(sql: string): Promise<Row> {
  return (await db.clickhouse.query<Row>(sql))[0]!
}

/** Traces with current facts. */
const settled = async (): Promise<number> => Number((await one<{ n: string }>('SELECT sum(sign) AS n FROM traces')).n)
const rolled = async (): Promise<number> =>
  Number((await one<{ n: string }>("SELECT uniqExactIf(job, state = 'rolled') AS n FROM jobs")).n)

const revised = async (): Promise<number> =>
  Number((await one<{ n: string }>('SELECT sum(sign) AS n FROM traces WHERE revision = 1')).n)

/** Everything that must hold whenever the finaliser is at rest. */
async function expectExactlyOnce(traces: TestSpan[][]): Promise<void> {
  const length = (spans: TestSpan[]) => new Set(spans.map(({ spanId }) => spanId)).size
  const facts = await one<Record<string, number>>(`
    SELECT
      (SELECT count() FROM (SELECT trace_id FROM traces GROUP BY trace_id HAVING sum(sign) = 1)) AS once,
      (SELECT uniqExact(trace_id) FROM traces) AS traces,
      (SELECT toUInt64(sum(sign)) FROM hops) AS hops,
      (SELECT toUInt64(sum(sign)) FROM proxies) AS proxies,
      (SELECT count() FROM (
        SELECT trace_id, callee_span, revision FROM hops GROUP BY ALL HAVING sum(sign) NOT IN (0, 1)
      )) AS doubled
    SETTINGS output_format_json_quote_64bit_integers = 0`)
  expect(facts).toEqual({
    once: traces.length,
    traces: traces.length,
    hops: traces.reduce((sum, spans) => sum + length(spans) - 1, 0),
    proxies: traces.reduce((sum, spans) => sum + Math.floor(length(spans) / 2), 0),
    doubled: 0,
  })
  for (const rollup of ['rollup_1m', 'rollup_5m', 'rollup_1h', 'rollup_1d'])
    expect(await readRollup(rollup)).toEqual(await recomputed())
  const states = await db.clickhouse.query<{ states: string[] }>(
    "SELECT groupArray(CAST(state, 'String')) AS states FROM (SELECT * FROM jobs ORDER BY state) GROUP BY job",
  )
  for (const job of states) expect(job.states).toEqual(['begin', 'written', 'rolled'])
  const classes = `SELECT toInt64(arraySum(mapValues(sumMap(ns)))) AS ns FROM`
  const expected = await one(`SELECT toInt64(sum(sign * duration)) AS ns FROM traces`)
  expect(await one(`${classes} rollup_class_1m`)).toEqual(expected)
  expect(await one(`${classes} rollup_class_1h`)).toEqual(expected)
  const ledger = (table: string) =>
    db.clickhouse.query(
      `SELECT kind, id, service, what, sum(requests) AS n FROM ${table} GROUP BY ALL HAVING n != 0 ORDER BY ALL`,
    )
  const late = 'WHERE bitAnd(flags, 65536) != 0'
  const cut = 'WHERE bitAnd(flags, 32768) != 0'
  const ofRoute = (what: string, where = '') =>
    `SELECT 'trace', sipHash64(root_service, root_name), '', '${what}', sign FROM traces ${where}`
  const ofService = (what: string, where = '') =>
    `SELECT 'service', 0, service, '${what}', sign FROM traces ARRAY JOIN services AS service ${where}`
  const counted = await db.clickhouse.query(`
    SELECT kind, id, service, what, toInt64(sum(sign)) AS n FROM (
      SELECT 'hop' AS kind, hop_id AS id, '' AS service, 'requests' AS what, sign FROM hops
      UNION ALL SELECT 'hop', hop_id, '', 'layer:caller', sign FROM hops
      UNION ALL SELECT 'hop', hop_id, '', 'layer:callee', sign FROM hops
      UNION ALL SELECT 'hop', hop_id, '', 'flag:late_revision', sign FROM hops ${late}
      UNION ALL SELECT 'hop', hop_id, '', 'flag:truncated', sign FROM hops ${cut}
      UNION ALL SELECT 'proxy', proxy_id, '', 'requests', sign FROM proxies
      UNION ALL SELECT 'proxy', proxy_id, '', 'layer:upstream', sign FROM proxies
      UNION ALL SELECT 'proxy', proxy_id, '', 'flag:late_revision', sign FROM proxies ${late}
      UNION ALL SELECT 'proxy', proxy_id, '', 'flag:truncated', sign FROM proxies ${cut}
      UNION ALL ${ofRoute('requests')}
      UNION ALL ${ofRoute('layer:root', 'WHERE duration IS NOT NULL')}
      UNION ALL ${ofRoute('layer:proxy', 'WHERE proxy_count > 0')}
      UNION ALL ${ofRoute('complete', 'WHERE duration IS NOT NULL AND bitAnd(flags, 33587392) = 0')}
      UNION ALL ${ofRoute('flag:no_root', 'WHERE bitAnd(flags, 4096) != 0')}
      UNION ALL ${ofRoute('flag:late_revision', late)}
      UNION ALL ${ofRoute('flag:truncated', cut)}
      UNION ALL ${ofService('requests')}
      UNION ALL ${ofService('flag:no_root', 'WHERE bitAnd(flags, 4096) != 0')}
      UNION ALL ${ofService('flag:late_revision', late)}
      UNION ALL ${ofService('flag:truncated', cut)}
    ) GROUP BY ALL HAVING n != 0 ORDER BY ALL`)
  for (const table of ['coverage_1m', 'coverage_1h']) expect(await ledger(table)).toEqual(counted)
}

interface RollupRow {
  kind: string
  metric: string
  fidelity: string
  requests: string
  n: string
  sum: string
  hist: Record<string, string>
}

/** The whole rollup by metric; buckets that a retraction emptied mean nothing. */
async function readRollup(table: string): Promise<RollupRow[]> {
  return db.clickhouse.query<RollupRow>(`
    SELECT kind, metric, fidelity, sum(requests) AS requests, sum(n) AS n, sum(sum) AS sum,
      mapFilter((k, v) -> v != 0, sumMap(hist)) AS hist
    FROM ${table} GROUP BY kind, metric, fidelity HAVING requests != 0 ORDER BY kind, metric, fidelity`)
}

/** The same from the current facts, written down another way. */
async function recomputed(): Promise<RollupRow[]> {
  const current = (table: string, key: string) => `(
    SELECT * FROM ${table} WHERE sign = 1 AND (trace_id, revision) IN (
      SELECT trace_id, revision FROM traces GROUP BY trace_id, revision HAVING sum(sign) = 1
    ) ORDER BY ${key})`
  return db.clickhouse.query<RollupRow>(`
    SELECT kind, metric, fidelity, toInt64(count()) AS requests, toInt64(count(value)) AS n,
      toInt128(sum(ifNull(value, 0))) AS sum,
      CAST(sumMapIf(map(toInt16(if(x = 0, 0, sign(x) * (1 + floor(32 * log2(abs(x)))))), toInt64(1)),
        value IS NOT NULL), 'Map(Int16, Int64)') AS hist
    FROM (SELECT *, assumeNotNull(value) AS x FROM (
      SELECT 'hop' AS kind, 'transit' AS metric, 'exact' AS fidelity, transit AS value FROM ${current('hops', 'start')}
      UNION ALL SELECT 'hop', 'wire', 'unknown', NULL FROM ${current('hops', 'start')}
      UNION ALL SELECT 'hop', 'segment:wire', 'bounded', 1500 FROM ${current('hops', 'start')}
      UNION ALL SELECT 'hop', 'segment:loopback', 'exact', 500 FROM ${current('hops', 'start')}
      UNION ALL SELECT 'hop', 'segment:proxy.proc', 'exact', 0 FROM ${current('hops', 'start')}
      UNION ALL SELECT 'proxy', 'added', 'exact', added FROM ${current('proxies', 'start')}
      UNION ALL SELECT 'proxy', 'overhead', 'bounded', overhead FROM ${current('proxies', 'start')}
      UNION ALL SELECT 'proxy', 'requestPath', 'unknown', NULL FROM ${current('proxies', 'start')}
      UNION ALL SELECT 'proxy', 'responsePath', 'unknown', NULL FROM ${current('proxies', 'start')}
      UNION ALL SELECT 'trace', 'endToEnd', if(duration IS NULL, 'unknown', 'exact'), duration FROM ${current('traces', 'start')}
      UNION ALL SELECT 'trace', 'incomplete', 'exact', duration FROM ${current('traces', 'start')}
        WHERE duration IS NOT NULL AND bitAnd(flags, 33587392) != 0
      UNION ALL SELECT 'trace', 'meshTax', if(duration IS NULL, 'unknown', 'bounded'), mesh_upper FROM ${current('traces', 'start')}
      UNION ALL SELECT 'trace', 'gatewayTax', if(duration IS NULL, 'unknown', 'exact'), gateway_upper FROM ${current('traces', 'start')}
      UNION ALL SELECT 'trace', 'class:app', 'exact', duration FROM ${current('traces', 'start')} WHERE duration IS NOT NULL
    ))
    GROUP BY kind, metric, fidelity ORDER BY kind, metric, fidelity`)
}

const several = (count: number, length = 4) => Array.from({ length: count }, () => chain(length))

describe('facts', () => {
  it('are there once for every settled trace, however its spans were spread over batches', async () => {
    const traces = several(200)
    const finaliser = await start()
    await commitBatch(
      db.clickhouse,
      traces.flatMap((spans) => spans.slice(0, 2)),
    )
    await commitBatch(
      db.clickhouse,
      traces.flatMap((spans) => spans.slice(2)),
    )
    await eventually(async () => (await settled()) === 200 && (await rolled()) > 0)
    await finaliser.close()
    await expectExactlyOnce(traces)
    const { spanRows } = await one<{ spanRows: string }>('SELECT sum(span_rows) AS spanRows FROM traces')
    expect(Number(spanRows)).toBe(800)
  })

  it('are analysed one job after the other, also when more spans wait than one job may have', async () => {
    let running = 0
    let most = 0
    let jobs = 0
    const startAnalyst = () => ({
      async run() {
        most = Math.max(most, ++running)
        await sleep(500)
        running--
        jobs++
        const nothing = {
          blocks: {} as JobResult['blocks'],
          rollups: {} as JobResult['rollups'],
          learned: {} as JobResult['learned'],
          pages: new Uint8Array(),
          warnings: [],
          duplicates: 0,
          stages: {},
        }
        return { ...nothing, written: 0, revised: [], failed: [], spans: 0 }
      },
      close: () => Promise.resolve(),
    })
    await commitBatch(db.clickhouse, several(3, 126_000).flat())
    const finaliser = await start({ startAnalyst })
    await eventually(() => Promise.resolve(jobs === 2))
    await finaliser.close()
    expect(most).toBe(1)
  })

  it('are made by several threads side by side, each for its shard of the trace ids', async () => {
    let most = 0
    let running = 0
    const startAnalyst = () => {
      const analyst = openPlainAnalyst()
      return {
        async run(order: JobOrder) {
          most = Math.max(most, ++running)
          const shards = new Set(order.traces.map(({ traceId }) => shardOfTrace(traceId, 3)))
          expect([...shards]).toEqual([shardOfJob(order.job)])
          await sleep(50)
          return analyst.run(order).finally(() => running--)
        },
        close: () => Promise.resolve(),
      }
    }
    const traces = several(300)
    const finaliser = await start({ startAnalyst }, { finaliserThreads: 3 })
    await commitBatch(
      db.clickhouse,
      traces.flatMap((spans) => spans.slice(0, 3)),
    )
    await eventually(async () => (await settled()) === 300)
    await commitBatch(
      db.clickhouse,
      traces.slice(0, 100).map((spans) => spans[3]!),
    )
    await eventually(async () => (await revised()) === 100)
    await finaliser.close()
    expect(most).toBe(3)
    // Whatever their number is in the next life.
    const next = await start({}, { finaliserThreads: 2 })
    await commitBatch(
      db.clickhouse,
      traces.slice(100, 200).map((spans) => spans[3]!),
    )
    await eventually(async () => (await revised()) === 200)
    await next.close()
    await expectExactlyOnce(traces.map((spans, i) => (i < 200 ? spans : spans.slice(0, 3))))
  })

  it('of a trace with more spans than are analysed say that it is cut, and hold up no other', async () => {
    const [spans] = several(1, 2)
    const many = Array.from({ length: defaultMaxSpans + 50 }, (_, i) => ({
      ...spans![1]!,
      spanId: (i + 2).toString(16).padStart(16, '0'),
      start: spans![1]!.start + BigInt(i),
    }))
    const others = several(20)
    const finaliser = await start()
    await commitBatch(db.clickhouse, [spans![0]!, ...many])
    await commitBatch(db.clickhouse, others.flat())
    await eventually(async () => (await settled()) === 21, 150_000)
    await finaliser.close()
    const row = await one(`SELECT span_count, span_rows, bitAnd(flags, 32768) > 0 AS truncated, hop_count FROM traces
      WHERE trace_id = unhex('${spans![0]!.traceId}')`)
    expect(row).toEqual({ span_count: 100_000, span_rows: 100_001, truncated: 1, hop_count: 65_535 })
    for (const rollup of ['rollup_1m', 'rollup_5m', 'rollup_1h', 'rollup_1d'])
      expect(await readRollup(rollup)).toEqual(await recomputed())
  })

  it('come from all minutes a trace lies in', async () => {
    const minute = (BigInt(Date.now()) / 60_000n) * 60_000_000_000n
    const spans = chain(3, minute - 5_000n)
    spans[2]!.start = minute + 61_000_000_000n
    const finaliser = await start()
    await commitBatch(db.clickhouse, spans)
    await eventually(async () => (await rolled()) === 1)
    await finaliser.close()
    await expectExactlyOnce([spans])
  })

  it('count a span that was sent twice once', async () => {
    const traces = several(20)
    const finaliser = await start()
    await commitBatch(db.clickhouse, traces.flat().concat(traces.flat()))
    await eventually(async () => (await rolled()) === 1)
    await finaliser.close()
    await expectExactlyOnce(traces)
  })

  it('of a trace that cannot be analysed say so and hold up no other', async () => {
    const [bad, ...good] = several(5)
    for (const span of bad!) span.service = 'poison'
    const finaliser = await start()
    await commitBatch(db.clickhouse, [...bad!, ...good.flat()])
    await eventually(async () => (await settled()) === 5)
    await finaliser.close()
    const row = await one(`SELECT analysis_version, hop_count, span_rows, duration, services FROM traces
      WHERE trace_id = unhex('${bad![0]!.traceId}')`)
    expect(row).toEqual({ analysis_version: 0, hop_count: 0, span_rows: 4, duration: null, services: ['poison'] })
    const { hops } = await one<{ hops: string }>('SELECT count() AS hops FROM hops')
    expect(Number(hops)).toBe(12)
  })

  it('of starts that no DateTime can hold are kept out of the rollups, and let others be', async () => {
    const far = [-86_400n * 365n, 0n, 4_400_000_000n, 9_200_000_000n].map((s) => chain(3, s * 1_000_000_000n))
    const near = several(3, 3)
    await db.clickhouse.command('SYSTEM STOP TTL MERGES rollup_1m')
    const finaliser = await start()
    await commitBatch(db.clickhouse, [...far, ...near].flat())
    await eventually(async () => (await settled()) === 7)
    await finaliser.close()
    const { hops } = await one<{ hops: string }>('SELECT count() AS hops FROM hops')
    expect(Number(hops)).toBe(14)
    const { times } = await one<{ times: string[] }>('SELECT groupUniqArray(toYear(time)) AS times FROM rollup_1m')
    expect(times.sort()).toEqual([1970, new Date().getUTCFullYear()].sort())
  })
})

describe('a late span', () => {
  it('MISS-3: revises the facts and leaves the rollups as a full recompute', async () => {
    const traces = several(30)
    const finaliser = await start()
    await commitBatch(
      db.clickhouse,
      traces.flatMap((spans) => spans.slice(0, 3)),
    )
    await eventually(async () => (await rolled()) === 1)
    await commitBatch(
      db.clickhouse,
      traces.slice(0, 10).map((spans) => spans[3]!),
    )
    await eventually(async () => (await rolled()) === 2)
    await finaliser.close()
    await expectExactlyOnce(traces.map((spans, i) => (i < 10 ? spans : spans.slice(0, 3))))
    const rows = await db.clickhouse.query(`
      SELECT sign, revision, bitAnd(flags, 65536) > 0 AS late, count() AS n FROM traces GROUP BY ALL ORDER BY revision, sign
      SETTINGS output_format_json_quote_64bit_integers = 0`)
    expect(rows).toEqual([
      { sign: -1, revision: 0, late: 0, n: 10 },
      { sign: 1, revision: 0, late: 0, n: 30 },
      { sign: 1, revision: 1, late: 1, n: 10 },
    ])
  })

  it('is found to be late by a finaliser that was started after the trace had settled', async () => {
    const traces = several(10)
    const first = await start()
    await commitBatch(
      db.clickhouse,
      traces.flatMap((spans) => spans.slice(0, 3)),
    )
    await eventually(async () => (await rolled()) === 1)
    await first.close()
    const second = await start()
    await commitBatch(
      db.clickhouse,
      traces.map((spans) => spans[3]!),
    )
    await eventually(async () => (await rolled()) === 2)
    await second.close()
    await expectExactlyOnce(traces)
  })

  it('that was sent before, as an exporter repeats it, changes nothing but the count of rows', async () => {
    const traces = several(5)
    const finaliser = await start()
    await commitBatch(db.clickhouse, traces.flat())
    await eventually(async () => (await rolled()) === 1)
    await commitBatch(db.clickhouse, traces.flat())
    await eventually(async () => (await rolled()) === 2)
    await finaliser.close()
    await expectExactlyOnce(traces)
  })
})

describe('a crash', () => {
  const steps = ['proxy_names', 'hop_names', 'begin', 'hops', 'proxies', 'traces', 'written'].concat([
    'rollup_1m',
    'rollup_class_1m',
    'coverage_1m',
    'rolled',
    'done',
  ])
  const crashAt = (step: string): FinaliserHooks => {
    return {
      diesOfFailure: true,
      onStep: (reached) => {
        if (reached === step) throw new Error(`crash before ${step}`)
      },
    }
  }

  for (const step of steps) {
    it(`before "${step}" loses and doubles nothing`, async () => {
      const traces = several(40)
      let reached: () => void
      const crashed = new Promise<void>((resolve) => (reached = resolve))
      const hooks = crashAt(step)
      const first = await start({
        ...hooks,
        onStep: (now) => {
          if (now === step) reached()
          hooks.onStep!(now)
        },
      })
      await commitBatch(db.clickhouse, traces.flat())
      await crashed
      await first.close()
      const second = await start()
      await eventually(async () => (await settled()) === 40 && (await rolled()) === 1)
      await sleep(2 * quietMs)
      await second.close()
      await expectExactlyOnce(traces)
    })
  }

  for (const step of ['retract', 'written', 'rollup_class_1m']) {
    it(`before "${step}" of a revision leaves the rollups as a full recompute`, async () => {
      const traces = several(20)
      const first = await start()
      await commitBatch(
        db.clickhouse,
        traces.flatMap((spans) => spans.slice(0, 3)),
      )
      await eventually(async () => (await rolled()) === 1)
      await first.close()
      let reached: () => void
      const crashed = new Promise<void>((resolve) => (reached = resolve))
      const second = await start({
        diesOfFailure: true,
        onStep: (now) => {
          if (now !== step) return
          reached()
          throw new Error(`crash before ${step}`)
        },
      })
      await commitBatch(
        db.clickhouse,
        traces.map((spans) => spans[3]!),
      )
      await crashed
      await second.close()
      const third = await start()
      await eventually(async () => (await rolled()) === 2)
      await sleep(2 * quietMs)
      await third.close()
      await expectExactlyOnce(traces)
    })
  }

  it('of a step is recovered from without a restart', async () => {
    const traces = several(20)
    const failures = new Set(['traces', 'coverage_1m'])
    const finaliser = await start({
      onStep: (step) => {
        if (failures.delete(step)) throw new Error(`failure before ${step}`)
      },
    })
    await commitBatch(db.clickhouse, traces.flat())
    await eventually(async () => (await settled()) === 20 && (await rolled()) === 1)
    await sleep(2 * quietMs)
    await finaliser.close()
    expect(failures.size).toBe(0)
    await expectExactlyOnce(traces)
  })

  it('between a rollup and its views is made good by running the statement again', async () => {
    const traces = several(20)
    const first = await start({
      diesOfFailure: true,
      onStep: (step) => {
        if (step === 'rollup_class_1m') throw new Error('crash')
      },
    })
    // The minute rollup gets the hops, the views do not: what a kill between the two leaves.
    await db.clickhouse.command('DETACH TABLE rollup_5m_mv')
    await commitBatch(db.clickhouse, traces.flat())
    const requests = async (table: string) => {
      return Number((await one<{ n: string }>(`SELECT sum(requests) AS n FROM ${table}`)).n)
    }
    await eventually(async () => (await requests('rollup_1m')) > 0)
    await db.clickhouse.command('ATTACH TABLE rollup_5m_mv')
    expect(await requests('rollup_5m')).toBe(0)
    await first.close()
    const second = await start()
    await eventually(async () => (await rolled()) === 1)
    await second.close()
    await expectExactlyOnce(traces)
  })
})
