import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { generateRequest, spansPerTrace } from './generate.ts'
import { median, report } from './report.ts'

/**
 * `npm run bench -- queries [--spans=5000000] [--data=DIR] [--only=WORD,WORD] [--json FILE]`: a day of mesh traffic of 80 shops (400 proxies, 240 hops)
 * through the running collector and finaliser; the six days before it get its rollups too. Then medians of what each screen asks
 * over HTTP, of the last hour, day and week, one request at a time; a trace by id is another one in each of many runs. CPU time a
 * request, of ClickHouse and of the server, is printed beside it: on a machine that does other things it is the steadier figure; so is
 * what ClickHouse was asked and read.
 * `--data` keeps the data in a directory, and asks what is there already; `--only` asks what has such words in its name.
 */
const option = (name: string) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
const spans = Number(option('spans') ?? 5e6)
const dataDir = option('data')
/** Of the asks below, those whose name has one of these words in it. */
const only = (option('only') ?? '').split(',')
const shops = 80
const spansPerRequest = 42 * spansPerTrace
const connections = 8
const runs = 15
/** Of what is another one each time, and asked so often in a day that all code of it has been compiled. */
const manyRuns = 400
/** Asked before by somebody: what is measured is no server's first requests, whose code is not compiled yet. */
const [leastWarm, mostWarm, warmMs] = [3, 60, 2_000]
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const days = 7
/** Facts that Explore ranks what differs over. */
const rankedFacts = 500_000

const agent = new Agent({ keepAlive: true, maxSockets: connections })

function post(url: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Spreads the traffic of all shops evenly over the day that ends at `toMs`. Returns how many traces were acknowledged. */
async function load(url: string, toMs: number): Promise<number> {
  const bodies = Array.from({ length: shops }, (_, n) => generateRequest(spansPerRequest, n, `shop-${n}`))
  const requests = Math.ceil(spans / spansPerRequest)
  const idle = [...bodies]
  let sent = 0
  const connection = async (): Promise<void> => {
    while (sent < requests) {
      const at = Math.floor(toMs - dayMs + (sent++ / requests) * dayMs)
      const body = idle.shift()!
      body.refresh(at)
      for (let status = 0; status !== 200;) {
        status = await post(url, body.body)
        if (status !== 200 && status !== 503 && status !== 429) throw new Error(`answered ${status}`)
        if (status !== 200) await sleep(100)
      }
      idle.push(body)
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
  return requests * (spansPerRequest / spansPerTrace)
}

async function numberOf(clickhouse: ClickHouse, sql: string): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(`SELECT toString(${sql}) AS n`)
  return Number(row!.n)
}

async function until(what: string, done: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await done()); await sleep(500)) {
    if (Date.now() > end) throw new Error(`${what}: not after ${timeoutMs / 1000} s`)
  }
}

interface Counters {
  clickhouseCpuMs: number
  serverCpuMs: number
  queries: number
  rows: number
  bytes: number
}

/** What was spent and read until now. */
async function counters(clickhouse: ClickHouse, serverPid: number): Promise<Counters> {
  const events = await clickhouse.query<{ event: string; value: string }>('SELECT event, value FROM system.events')
  const of = (name: string) => Number(events.find(({ event }) => event === name)?.value ?? 0)
  const stat = readFileSync(`/proc/${serverPid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return {
    clickhouseCpuMs: of('OSCPUVirtualTimeMicroseconds') / 1000,
    // In ticks of 10 ms.
    serverCpuMs: 10 * (Number(stat[11]) + Number(stat[12])),
    queries: of('SelectQuery'),
    rows: of('SelectedRows'),
    bytes: of('SelectedBytes'),
  }
}

/** The days before have what this one has: rows of the minute, from which views make those of five minutes and of an hour. */
async function repeatRollups(clickhouse: ClickHouse, fromMs: number): Promise<void> {
  const from = Math.ceil(fromMs / 60_000) * 60
  for (const table of ['rollup_1m', 'rollup_class_1m', 'coverage_1m'])
    for (let ago = 1; ago < days; ago++) {
      const earlier = `toDateTime(time - ${(ago * dayMs) / 1000}, 'UTC') AS time`
      // Filtered by itself: beside REPLACE `time` would be the earlier one.
      const rows = `SELECT * FROM ${table} WHERE time >= ${from}`
      await clickhouse.command(`INSERT INTO ${table} SELECT * REPLACE (${earlier}) FROM (${rows})`)
    }
}

interface Timing {
  ms: number
  slowestMs: number
  clickhouseCpuMs: number
  serverCpuMs: number
  /** Of ClickHouse, a request; what they read. */
  queries: number
  rowsRead: number
  bytesRead: number
  /** Of the answer. */
  bytes: number
}

/** A path to get, or what is posted to one. */
type Ask = string | { path: string; body: unknown }

function send(url: string, ask: Ask): Promise<Response> {
  if (typeof ask === 'string') return fetch(`${url}/api/v1${ask}`)
  const headers = { 'content-type': 'application/json' }
  return fetch(`${url}/api/v1${ask.path}`, { method: 'POST', headers, body: JSON.stringify(ask.body) })
}

/** @param asked of run `i`. */
async function time(
  { apiUrl: url, pids }: RunningHopscope,
  clickhouse: ClickHouse,
  asked: (i: number) => Ask,
  runs: number,
): Promise<Timing> {
  const [serverPid] = pids('server')
  const took: number[] = []
  let bytes = 0
  let run = 0
  let before = await counters(clickhouse, serverPid!)
  for (const warm = Date.now() + warmMs; took.length < runs; run++) {
    const isWarm = run >= leastWarm && (took.length > 0 || Date.now() > warm || run >= mostWarm)
    if (isWarm && took.length === 0) before = await counters(clickhouse, serverPid!)
    const start = performance.now()
    const ask = asked(run)
    const response = await send(url, ask)
    const body = await response.arrayBuffer()
    if (!response.ok) throw new Error(`${JSON.stringify(ask)}: ${response.status} ${Buffer.from(body).toString()}`)
    if (isWarm) took.push(performance.now() - start)
    bytes = body.byteLength
  }
  const after = await counters(clickhouse, serverPid!)
  const each = (name: keyof Counters) => (after[name] - before[name]) / runs
  const ms = (value: number) => Number(value.toFixed(1))
  return {
    ms: ms(median(took)),
    slowestMs: ms(Math.max(...took)),
    clickhouseCpuMs: ms(each('clickhouseCpuMs')),
    serverCpuMs: ms(each('serverCpuMs')),
    queries: Math.round(each('queries')),
    rowsRead: Math.round(each('rows')),
    bytesRead: Math.round(each('bytes')),
    bytes,
  }
}

/** What is known of the data that a directory holds. */
interface Loaded {
  toMs: number
  traces: number
  loadedS: number
  settledS: number
  /** In `proxies`. */
  facts: number
}

/** Returns when all is stored, settled and merged. */
async function loadAll({ otlpHttpUrl }: RunningHopscope, clickhouse: ClickHouse): Promise<Loaded> {
  const toMs = Date.now()
  const traces = await load(otlpHttpUrl, toMs)
  const loadedS = (Date.now() - toMs) / 1000
  const rolled = "(SELECT uniqExactIf(job, state = 'rolled') = uniqExact(job) FROM jobs)"
  const settled = '(SELECT toInt64(sum(sign)) FROM traces)'
  await until('all settled', async () => (await numberOf(clickhouse, settled)) === traces, 3_600_000)
  await until('all rolled up', async () => (await numberOf(clickhouse, rolled)) === 1, 60_000)
  const settledS = (Date.now() - toMs) / 1000
  const facts = await numberOf(clickhouse, '(SELECT sum(sign) FROM proxies)')
  await repeatRollups(clickhouse, toMs - dayMs)
  await until(
    'merges at rest',
    async () => (await numberOf(clickhouse, '(SELECT count() FROM system.merges)')) === 0,
    600_000,
  )
  return { toMs, traces, loadedS, settledS, facts }
}

if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true })
const hopscope = await startHopscope(
  { HOPSCOPE_MEMORY_LIMIT: '60%', HOPSCOPE_SETTLE_QUIET_MS: '1000' },
  { ...(dataDir !== undefined && { dataDir }) },
)
const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
try {
  const known = dataDir === undefined ? undefined : join(dataDir, 'bench-queries.json')
  const loaded =
    known !== undefined && existsSync(known)
      ? (JSON.parse(readFileSync(known, 'utf8')) as Loaded)
      : await loadAll(hopscope, clickhouse)
  if (known !== undefined) writeFileSync(known, JSON.stringify(loaded))
  const { toMs, traces, loadedS, settledS, facts } = loaded

  const answer = async <T>(path: string) => (await (await fetch(`${hopscope.apiUrl}/api/v1${path}`)).json()) as T
  const windowOf = (ms: number) => `from=${toMs - ms}&to=${toMs}`
  const day = windowOf(dayMs)
  const { items: hops } = await answer<{ items: { id: string }[] }>(`/hops?${day}`)
  const { items: proxies } = await answer<{ items: { id: string }[] }>(`/proxies?${day}`)
  const ids = await clickhouse.query<{ id: string }>(
    `SELECT lower(hex(trace_id)) AS id FROM traces ORDER BY cityHash64(trace_id) LIMIT ${manyRuns + mostWarm}`,
  )
  const hop = (i: number) => `/hops/${hops[(i * 7) % hops.length]!.id}`
  const proxy = (i: number) => `/proxies/${proxies[(i * 7) % proxies.length]!.id}`
  /** What a screen asks for, by its name. */
  const screens = (window: string): Record<string, (i: number) => string> => ({
    overview: () => `/overview?${window}`,
    events: () => `/events?${window}`,
    map: () => `/map?${window}`,
    hopList: () => `/hops?${window}`,
    proxyList: () => `/proxies?${window}`,
    hop: (i) => `${hop(i)}?${window}`,
    hopHeatmap: (i) => `${hop(i)}/heatmap?${window}`,
    hopSeries: (i) => `${hop(i)}/series?${window}`,
    proxy: (i) => `${proxy(i)}?${window}`,
    proxyHeatmap: (i) => `${proxy(i)}/heatmap?${window}`,
    proxySeries: (i) => `${proxy(i)}/series?${window}`,
    hopsOfProxy: (i) => `/hops?${window}&proxy=${proxies[(i * 7) % proxies.length]!.id}`,
    traceList: () => `/traces?${window}`,
    traceListLongest: () => `/traces?${window}&sort=duration`,
    traceListOfHop: (i) => `/traces?${window}&hop=${hops[(i * 7) % hops.length]!.id}`,
    services: () => `/services?${window}`,
    routes: () => `/routes?${window}`,
    ingest: () => `/ingest?${window}`,
    environments: () => `/attributes?${window}&key=environment`,
    exploreHeatmap: () => `/explore/heatmap?${window}`,
    exploreGroups: () => `/explore/groups?${window}&by=proxy`,
    exploreRequests: () => `/explore/requests?${window}`,
  })
  const ranked = windowOf(Math.min(dayMs, Math.round((dayMs * rankedFacts) / facts)))
  const asks: Record<string, [target: number, path: (i: number) => Ask, runs?: number]> = {
    traceById: [20, (i) => `/traces/${ids[i]!.id}?format=columns`, manyRuns],
    [`exploreRanking of ${Math.min(facts, rankedFacts)} facts`]: [1000, () => `/explore/differences?${ranked}`],
  }
  const cohort = (filter: object, ms = dayMs) => ({ filter, from: String(toMs - ms), to: String(toMs) })
  const sidecars = { a: cohort({ dataPlane: 'sidecar' }), b: cohort({}) }
  const change = { kind: 'remove', target: { dataPlane: 'sidecar' } }
  const halves = { a: cohort({ q: 'role = gateway' }), b: cohort({ q: 'role = sidecar-inbound' }), measure: 'added' }
  const posts: Record<string, [target: number, path: string, body: unknown]> = {
    'compare 24h': [1000, '/compare', sidecars],
    'report 24h': [2000, '/compare?format=md', sidecars],
    'composition 24h': [500, '/composition', { a: cohort({}), b: cohort({ route: '/cart' }) }],
    'explanation 24h': [2000, '/explanation', halves],
    'resources 24h': [1000, '/resources', halves],
    [`whatIf of ${Math.min(traces, 50_000)} traces`]: [2000, '/what-if', { cohort: cohort({}), change }],
  }
  for (const [name, [target, path, body]] of Object.entries(posts)) asks[name] = [target, () => ({ path, body })]
  for (const [name, ms, target] of [
    ['1h', hourMs, 60],
    ['24h', dayMs, 150],
    ['7d', days * dayMs, 400],
  ] as const)
    for (const [ask, path] of Object.entries(screens(windowOf(ms)))) asks[`${ask} ${name}`] = [target, path]
  const rules = {
    threshold: { kind: 'threshold', name: 'x', measure: 'added', valueNs: 1_000_000 },
    share: { kind: 'threshold', name: 'x', measure: 'meshTaxShare', value: 0.15 },
    budget: { kind: 'budget', name: 'x', measure: 'added', valueNs: 1_000_000, objective: { share: 0.99 } },
    regression: { kind: 'regression', name: 'x', measure: 'added' },
  }
  for (const [kind, rule] of Object.entries(rules))
    for (const [name, ms] of [
      ['24h', dayMs],
      ['7d', days * dayMs],
    ] as const) {
      const body = { rule, from: String(toMs - ms), to: String(toMs) }
      asks[`preview of a ${kind} ${name}`] = [2000, () => ({ path: '/alert-rules/preview', body })]
    }
  const timings: Record<string, Timing & { targetMs: number }> = {}
  for (const [name, [targetMs, path, times = runs]] of Object.entries(asks).filter(([name]) =>
    only.some((word) => name.includes(word)),
  )) {
    timings[name] = { ...(await time(hopscope, clickhouse, path, times)), targetMs }
  }
  const beyond = Object.entries(timings).filter(([, { ms, targetMs }]) => ms > targetMs)
  await report('queries', {
    ...{ spans: traces * spansPerTrace, hops: hops.length, proxies: proxies.length, proxyFacts: facts },
    ...{ runs, loadedS, settledS, timings },
    beyond: beyond.map(([name, { ms, targetMs }]) => `${name}: ${ms} ms, target ${targetMs}`),
  })
} finally {
  await clickhouse.close()
  await hopscope.stop()
}
