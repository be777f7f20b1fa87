import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope } from '../test/harness.ts'
import { generateRequest, spansPerTrace } from './generate.ts'
import { median, report } from './report.ts'

/**
 * `npm run bench -- queries [--spans=5000000] [--json FILE]`: a day of mesh traffic of 60 shops (300 proxies, 180 hops)
 * through the running collector and finaliser, then medians of what the screens ask over HTTP, one request at a time.
 * ClickHouse's CPU time a request is printed beside it: on a machine that does other things it is the steadier figure.
 */
const spans = Number(/^--spans=(\d+)$/.exec(process.argv.find((arg) => arg.startsWith('--spans=')) ?? '')?.[1] ?? 5e6)
const shops = 60
const spansPerRequest = 42 * spansPerTrace
const connections = 8
const runs = 15
const dayMs = 86_400_000

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

const cpuMicros = (clickhouse: ClickHouse) =>
  numberOf(clickhouse, "(SELECT value FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds')")

interface Timing {
  ms: number
  slowestMs: number
  clickhouseCpuMs: number
  bytes: number
}

/** @param path of run `i`. */
async function time(url: string, clickhouse: ClickHouse, path: (i: number) => string): Promise<Timing> {
  const took: number[] = []
  let bytes = 0
  let cpu = 0
  for (let i = -3; i < runs; i++) {
    if (i === 0) cpu = await cpuMicros(clickhouse)
    const start = performance.now()
    const response = await fetch(`${url}/api/v1${path(i + 3)}`)
    const body = await response.arrayBuffer()
    if (!response.ok) throw new Error(`${path(i + 3)}: ${response.status} ${Buffer.from(body).toString()}`)
    if (i >= 0) took.push(performance.now() - start)
    bytes = body.byteLength
  }
  const spent = (await cpuMicros(clickhouse)) - cpu
  const ms = (value: number) => Number(value.toFixed(1))
  return {
    ms: ms(median(took)),
    slowestMs: ms(Math.max(...took)),
    clickhouseCpuMs: ms(spent / 1000 / runs),
    bytes,
  }
}

const hopscope = await startHopscope({ HOPSCOPE_MEMORY_LIMIT: '60%', HOPSCOPE_SETTLE_QUIET_MS: '1000' })
const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
try {
  const toMs = Date.now()
  const traces = await load(hopscope.otlpHttpUrl, toMs)
  const loadedS = (Date.now() - toMs) / 1000
  const rolled = "(SELECT uniqExactIf(job, state = 'rolled') = uniqExact(job) FROM jobs)"
  const settled = '(SELECT toInt64(sum(sign)) FROM traces)'
  await until('all settled', async () => (await numberOf(clickhouse, settled)) === traces, 900_000)
  await until('all rolled up', async () => (await numberOf(clickhouse, rolled)) === 1, 60_000)
  const settledS = (Date.now() - toMs) / 1000
  await until(
    'merges at rest',
    async () => (await numberOf(clickhouse, '(SELECT count() FROM system.merges)')) === 0,
    120_000,
  )

  const window = `from=${toMs - dayMs}&to=${toMs}`
  const { items } = (await (await fetch(`${hopscope.apiUrl}/api/v1/hops?${window}`)).json()) as {
    items: { id: string }[]
  }
  const ids = await clickhouse.query<{ id: string }>(
    `SELECT lower(hex(trace_id)) AS id FROM traces ORDER BY cityHash64(trace_id) LIMIT ${runs + 3}`,
  )
  const hop = (i: number) => items[(i * 7) % items.length]!.id
  const asks: Record<string, [target: number | null, path: (i: number) => string]> = {
    hopList24h: [150, () => `/hops?${window}`],
    proxyList24h: [null, () => `/proxies?${window}`],
    map24h: [150, () => `/map?${window}`],
    overview24h: [150, () => `/overview?${window}`],
    hop24h: [null, (i) => `/hops/${hop(i)}?${window}`],
    hopSeries24h: [60, (i) => `/hops/${hop(i)}/series?${window}`],
    hopHeatmap24h: [null, (i) => `/hops/${hop(i)}/heatmap?${window}`],
    traceById: [40, (i) => `/traces/${ids[i]!.id}`],
    traceList24h: [null, () => `/traces?${window}`],
    traceListLongest24h: [null, () => `/traces?${window}&sort=duration`],
    traceListOfHop24h: [null, (i) => `/traces?${window}&hop=${hop(i)}`],
  }
  const timings: Record<string, Timing & { targetMs: number | null }> = {}
  for (const [name, [targetMs, path]] of Object.entries(asks)) {
    timings[name] = { ...(await time(hopscope.apiUrl, clickhouse, path)), targetMs }
  }
  await report('queries', { spans: traces * spansPerTrace, hops: items.length, runs, loadedS, settledS, timings })
} finally {
  await clickhouse.close()
  await hopscope.stop()
}
