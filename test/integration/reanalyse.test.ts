import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { analyseTrace } from '../../server/analysis/analyse.ts'
import { parseRules } from '../../server/analysis/recognise/rules.ts'
import { withoutRules, type UserRule } from '../../server/analysis/recognise/user-rule.ts'
import type { Reanalysis } from '../../server/api/contract-reanalyses.ts'
import { openAnalyst, type Analyse } from '../../server/finaliser/analyse-job.ts'
import type { Recall } from '../../server/finaliser/recall.ts'
import { startFinaliser, type FinaliserHooks } from '../../server/finaliser/finaliser.ts'
import { takeBack } from '../../server/finaliser/rollups/read-back.ts'
import { readLearnedBefore, readLearnedFor } from '../../server/queries/learned.ts'
import { cancelReanalysis, listReanalyses, requestReanalysis } from '../../server/queries/reanalyses.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { derived } from '../tables.ts'
import { chain, commitBatch, type TestSpan } from './finaliser-traffic.ts'
import { readRollup, rollupOfFacts, rollupSteps } from './rollups-of-facts.ts'

/** Settled traces are analysed again under other rules: facts and rollups are as if those had been the rules all along. */
let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
})
afterAll(() => db?.stop())

let rules: readonly UserRule[]
beforeEach(async () => {
  rules = proxyOf('first')
  for (const table of [...derived, 'spans', 'batches', 'reanalyses'])
    await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
})

/** Calls service-1 a gateway of this family. */
function proxyOf(family: string): readonly UserRule[] {
  const parsed = parseRules(
    `rules: [{ name: r, match: { service: service-1 }, is: { family: ${family}, role: gateway, workload: edge } }]`,
  )
  if (!('rules' in parsed)) throw new Error('the rule has errors')
  return parsed.rules
}

const quietMs = 300
const analyse: Analyse = (trace, settings) => analyseTrace(trace, { ...settings, rules })
function start(hooks: FinaliserHooks = {}, how = analyse) {
  const recall: Recall = (job, when) =>
    when ? readLearnedFor(db.clickhouse, { job, ...when }) : readLearnedBefore(db.clickhouse, job)
  const startAnalyst = () => {
    const settings = { networkRttNs: null }
    const analyst = openAnalyst(openSpanReader(db.clickhouse), how, settings, recall, (rollups, replaced) =>
      takeBack(db.clickhouse, rollups, replaced),
    )
    return { ...analyst, close: () => Promise.resolve() }
  }
  const settle = { settleQuietMs: quietMs, settleMaxMs: 5000, finaliserThreads: 2 }
  const options = { clickhouseUrl: db.url, ...settle, networkRttNs: null, rules: withoutRules, log: quiet }
  return startFinaliser(options, { startAnalyst, ...hooks })
}

const one = async <Row>(sql: string): Promise<Row> =>
  (await db.clickhouse.query<Row>(`${sql} SETTINGS output_format_json_quote_64bit_integers = 0`))[0]!
const settled = async () => (await one<{ n: number }>('SELECT sum(sign) AS n FROM traces')).n
const unfinished = async () =>
  (await one<{ n: number }>("SELECT uniqExact(job) - uniqExactIf(job, state = 'rolled') AS n FROM jobs")).n
const several = (count: number, length = 4) => Array.from({ length: count }, () => chain(length))

/** Asks for the traces of the last and the next hour. */
const request = (fromMs = Date.now() - 3_600_000, toMs = Date.now() + 3_600_000) =>
  requestReanalysis(db.clickhouse, { fromMs, toMs, afterMs: 0 })
const read = async (id: string): Promise<Reanalysis> =>
  (
    await listReanalyses(db.clickhouse, { signal: new AbortController().signal, queryId: `test-${Math.random()}` }, id)
  )[0]!
const done = (id: string) =>
  eventually(async () => {
    const one = await read(id)
    return one.state === 'done' ? one : undefined
  }, 60_000)
const counts = ({ traces, reanalysed, kept, failed }: Reanalysis) => ({ traces, reanalysed, kept, failed })

async function settle(traces: TestSpan[][]): Promise<void> {
  const finaliser = await start()
  await commitBatch(db.clickhouse, traces.flat())
  await eventually(async () => (await settled()) === traces.length && (await unfinished()) === 0)
  await finaliser.close()
}

/** Facts are there once, the rollups are those of the facts, and every proxy is of these families. */
async function expectOnly(families: string[], traces: number): Promise<void> {
  const facts = await one(`SELECT
    (SELECT count() FROM (SELECT trace_id FROM traces GROUP BY trace_id HAVING sum(sign) = 1)) AS once,
    (SELECT count() FROM (SELECT trace_id, revision FROM traces GROUP BY ALL HAVING sum(sign) NOT IN (0, 1))) AS doubled,
    (SELECT count() FROM (SELECT trace_id, callee_span, revision FROM hops GROUP BY ALL HAVING sum(sign) NOT IN (0, 1))) AS hops,
    (SELECT count() FROM (SELECT trace_id, span, revision FROM proxies GROUP BY ALL HAVING sum(sign) NOT IN (0, 1))) AS proxies,
    (SELECT sum(sign * toInt64(hop_count)) FROM traces) = (SELECT sum(toInt64(sign)) FROM hops) AS allHops,
    (SELECT sum(sign * toInt64(proxy_count)) FROM traces) = (SELECT sum(toInt64(sign)) FROM proxies) AS allProxies,
    (SELECT count() FROM (SELECT trace_id, revision FROM traces GROUP BY ALL HAVING uniqExact(settled_at) > 1)) AS apart,
    (SELECT count() FROM (SELECT job FROM jobs GROUP BY job HAVING max(state) != 'rolled')) AS unfinished`)
  expect(facts).toEqual({
    once: traces,
    doubled: 0,
    hops: 0,
    proxies: 0,
    allHops: 1,
    allProxies: 1,
    apart: 0,
    unfinished: 0,
  })
  for (const rollup of Object.keys(rollupSteps) as (keyof typeof rollupSteps)[])
    expect(await readRollup(db.clickhouse, rollup)).toEqual(await rollupOfFacts(db.clickhouse, rollup))
  const of = await db.clickhouse.query<{ family: string }>(
    'SELECT family FROM proxies GROUP BY family HAVING sum(sign) != 0 ORDER BY family',
  )
  expect(of.map(({ family }) => family)).toEqual(families)
  const rolled = await db.clickhouse.query<{ family: string }>(`
    SELECT family FROM rollup_1h JOIN proxy_names ON id = proxy_id WHERE kind = 'proxy'
    GROUP BY family HAVING sum(requests) != 0 ORDER BY family`)
  expect(rolled.map(({ family }) => family)).toEqual(families)
}

describe('a reanalysis', () => {
  it('replaces facts and rollups by those of the rules of now, and counts every trace once', async () => {
    await settle(several(60))
    await expectOnly(['first'], 60)
    rules = proxyOf('second')
    const finaliser = await start()
    const id = await request()
    expect(counts(await done(id))).toEqual({ traces: 60, reanalysed: 60, kept: 0, failed: 0 })
    await finaliser.close()
    await expectOnly(['second'], 60)
    const { late } = await one<{ late: number }>('SELECT countIf(bitAnd(flags, 65536) != 0) AS late FROM traces')
    expect(late).toBe(0)
  })

  it('takes the traces that start in the window and no other', async () => {
    const minute = Math.floor(Date.now() / 60_000) * 60_000
    const at = (ms: number) => chain(4, BigInt(ms) * 1_000_000n)
    const inside = [minute - 60_000, minute - 30_500, minute - 1].map(at)
    await settle([...inside, ...[minute - 60_001, minute, minute + 5].map(at)])
    rules = proxyOf('second')
    const finaliser = await start()
    expect(counts(await done(await request(minute - 60_000, minute)))).toMatchObject({ traces: 3, reanalysed: 3 })
    await finaliser.close()
    await expectOnly(['first', 'second'], 6)
    const of = await db.clickhouse.query<{ id: string }>(
      `SELECT lower(hex(trace_id)) AS id FROM proxies WHERE family = 'second' GROUP BY id ORDER BY id`,
    )
    expect(of.map(({ id }) => id)).toEqual(inside.map((spans) => spans[0]!.traceId).sort())
  })

  it('of more traces than a job has, while late spans of them and new traces arrive', async () => {
    const traces = several(4_500, 3)
    await settle(traces.map((spans) => spans.slice(0, 2)))
    rules = proxyOf('second')
    const finaliser = await start()
    const late = (async () => {
      for (let i = 0; i < 9; i++) {
        await commitBatch(
          db.clickhouse,
          traces.slice(i * 400, i * 400 + 400).map((spans) => spans[2]!),
        )
        await commitBatch(db.clickhouse, several(20, 3).flat())
        await sleep(200)
      }
    })()
    const id = await request()
    await late
    const { traces: all, reanalysed, kept } = await done(id)
    expect([all, kept]).toEqual([4_500, 0])
    expect(reanalysed).toBeGreaterThan(0)
    expect(reanalysed).toBeLessThanOrEqual(4_680)
    const whole = () => one<{ n: number }>('SELECT sum(sign * toInt64(span_rows)) AS n FROM traces')
    await eventually(async () => (await whole()).n === 3 * (3_600 + 180) + 2 * 900)
    await sleep(2 * quietMs)
    await finaliser.close()
    await expectOnly(['second'], 4_680)
    const { late: flagged } = await one<{ late: number }>(
      'SELECT toInt64(sum(sign * (bitAnd(flags, 65536) != 0))) AS late FROM traces',
    )
    expect(flagged).toBe(3_600)
  })

  it('leaves facts as they are whose spans have expired, all or some, and says how many', async () => {
    const traces = several(30)
    await settle(traces)
    const ids = (from: number, to: number) => traces.slice(from, to).map((spans) => `unhex('${spans[0]!.traceId}')`)
    const expire = (where: string) =>
      db.clickhouse.command(`ALTER TABLE spans DELETE WHERE ${where} SETTINGS mutations_sync = 1`)
    await expire(`trace_id IN (${ids(0, 5).join()})`)
    await expire(`trace_id IN (${ids(5, 10).join()}) AND service = 'service-3'`)
    rules = proxyOf('second')
    const finaliser = await start()
    expect(counts(await done(await request()))).toEqual({ traces: 30, reanalysed: 20, kept: 10, failed: 0 })
    // Again: by then only what could not be done is of the first rules.
    rules = proxyOf('third')
    expect(counts(await done(await request()))).toEqual({ traces: 30, reanalysed: 20, kept: 10, failed: 0 })
    await finaliser.close()
    await expectOnly(['first', 'third'], 30)
  })

  it('of a trace that cannot be analysed any more says so', async () => {
    const traces = several(5)
    await settle(traces)
    rules = proxyOf('second')
    const bad = traces[2]![0]!.traceId
    const finaliser = await start({}, (trace, settings) => {
      if (trace.traceId === bad) throw new Error('cannot')
      return analyse(trace, settings)
    })
    expect(counts(await done(await request()))).toEqual({ traces: 5, reanalysed: 5, kept: 0, failed: 1 })
    await finaliser.close()
    await expectOnly(['second'], 5)
  })

  it('of nothing is done at once', async () => {
    await settle(several(3))
    const finaliser = await start()
    const id = await request(Date.now() - 7_200_000, Date.now() - 3_600_000)
    expect(counts(await done(id))).toEqual({ traces: 0, reanalysed: 0, kept: 0, failed: 0 })
    await finaliser.close()
    const { revision } = await one<{ revision: number }>('SELECT max(revision) AS revision FROM traces')
    expect(revision).toBe(0)
  })

  it('waits for those before it, leaves what they do after it was asked for, and is not done when it is cancelled', async () => {
    await settle(several(40))
    rules = proxyOf('second')
    const [first, second, third] = [await request(), await request(), await request()]
    await cancelReanalysis(db.clickhouse, second)
    const finaliser = await start()
    expect(counts(await done(third))).toEqual({ traces: 40, reanalysed: 0, kept: 0, failed: 0 })
    expect(await read(first)).toMatchObject({ state: 'done', reanalysed: 40 })
    expect(await read(second)).toMatchObject({ state: 'cancelled', reanalysed: 0 })
    await finaliser.close()
    await expectOnly(['second'], 40)
  })
})

it('a reanalysis that is killed before any step of its job goes on after a restart as if nothing had been', async () => {
  await settle(several(40))
  const steps: string[] = []
  for (let n = 0; ; n++) {
    rules = proxyOf(`family-${n}`)
    const id = await request()
    let step = 0
    let crashed: string | undefined
    const first = await start({
      diesOfFailure: true,
      onStep: (reached) => {
        if (step++ !== n) return
        crashed = reached
        throw new Error(`crash before ${reached}`)
      },
    })
    await eventually(async () => crashed !== undefined || (await read(id)).state === 'done')
    await first.close()
    if (crashed === undefined) break
    steps.push(crashed)
    const second = await start()
    expect([crashed, counts(await done(id))]).toEqual([crashed, { traces: 40, reanalysed: 40, kept: 0, failed: 0 }])
    await second.close()
    await expectOnly([`family-${n}`], 40)
  }
  expect(steps).toEqual(expect.arrayContaining(['begin', 'hops', 'traces', 'retract', 'written', 'rolled', 'done']))
  expect(steps.length).toBeGreaterThan(10)
}, 240_000)
