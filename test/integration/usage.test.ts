import { gzipSync } from 'node:zlib'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { hashOfKey, whoHasKey } from '../../collector/receivers/access.ts'
import { noKey } from '../../collector/pipeline/rates.ts'
import type { ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import { Resources } from '../../server/api/contract-resources.ts'
import { metricsProtobufOfJson } from '../../storage/otlp-json.ts'
import type { Running } from '../../storage/running.ts'
import { quiet } from '../harness.ts'
import { at, startMeasuredApi, startMs, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { proxyIds } from './measured-traffic.ts'

/** What proxies take: from metrics as exporters send them to CPU seconds a million requests. */
let api: MeasuredApi
let traces: TraceAnalysis[]
let collector: Running
const key = 'hsk_of-a-test'
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db, 2_000)
  collector = await startCollector({
    ...{ clickhouseUrl: api.db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    access: whoHasKey(() => new Map([[hashOfKey(key), { ...noKey, name: 'test' }]])),
  })
}, 300_000)
afterAll(async () => {
  await collector?.close()
  await api?.stop()
})

const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url
const json = { 'content-type': 'application/json', 'api-key': key }
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  fetch(`${urlOf('OTLP/HTTP')}/v1/metrics`, { method: 'POST', headers, body })
async function send(request: object): Promise<{ rejected: string | undefined; why: string }> {
  const response = await post(JSON.stringify(request))
  expect(response.status, await response.clone().text()).toBe(200)
  const said = (await response.json()) as { partialSuccess?: { rejectedDataPoints: string; errorMessage: string } }
  return { rejected: said.partialSuccess?.rejectedDataPoints, why: said.partialSuccess?.errorMessage ?? '' }
}
const attributes = (of: Record<string, string>) =>
  Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }))
const request = (resource: Record<string, string>, ...metrics: object[]) => ({
  resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ metrics }] }],
})
const ns = (ms: number) => `${ms}000000`
const cumulative = { aggregationTemporality: 2, isMonotonic: true }
const every = (stepMs: number, fromMs: number, toMs: number) =>
  Array.from({ length: Math.floor((toMs - fromMs) / stepMs) + 1 }, (_, i) => fromMs + i * stepMs)
const rows = async () =>
  Number((await api.db.clickhouse.query<{ n: string }>('SELECT count() AS n FROM proxy_usage FINAL'))[0]!.n)

const [from, to] = [at(10), at(13)]
async function asked(path: string, a: object, b: object, measure: string, window: { from: number; to: number }) {
  const cohort = (filter: object) => ({ filter, from: String(window.from), to: String(window.to) })
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ a: cohort(a), b: cohort(b), measure }),
  })
  const body = await response.text()
  expect(response.status, body).toBe(200)
  return body
}
const resources = async (a: object, b: object = a, measure = 'overhead', window = { from, to }) =>
  Resources.parse(JSON.parse(await asked('resources', a, b, measure, window)))
/** Passages through instances in the window, by name. */
function passed(holds: (proxy: ProxyTraversal) => boolean): Map<string, number> {
  const n = new Map<string, number>()
  for (const trace of traces)
    for (const proxy of trace.proxies) {
      const ms = startMs(trace, proxy.start)
      if (ms >= from && ms < to && holds(proxy)) n.set(proxy.instance, (n.get(proxy.instance) ?? 0) + 1)
    }
  return n
}

describe('metrics of proxies', () => {
  it('are absent, not zero, as long as nobody sends them', async () => {
    const { a, cpu } = await resources({ proxy: proxyIds.gateway })
    expect(a.cpuSeconds).toMatchObject({ value: null, lo: null, hi: null, reasons: ['not_sent'] })
    expect(a.memoryByteSeconds.value).toBeNull()
    expect(a.proxies[0]).toMatchObject({ name: 'Edge', instances: 3, known: 0, cpuSeconds: null, memoryBytes: null })
    expect(cpu.ratio).toBeNull()
  })

  it('become CPU seconds and memory a million requests, counted against all that went through', async () => {
    const started = at(9, 30)
    for (const i of [0, 1, 2]) {
      const pod = { 'k8s.pod.name': `edge-${i}`, 'k8s.container.name': 'krakend' }
      const cores = 0.05 * (i + 1)
      const point = (ms: number) => ({
        startTimeUnixNano: ns(started),
        timeUnixNano: ns(ms),
        asDouble: (cores * (ms - started)) / 1000,
      })
      const held = (ms: number) => ({ timeUnixNano: ns(ms), asInt: String((i + 1) * 2 ** 20) })
      const times = every(30_000, at(9, 45), at(13, 15))
      const body = request(
        pod,
        { name: 'container.cpu.time', unit: 's', sum: { ...cumulative, dataPoints: times.map(point) } },
        { name: 'container.memory.usage', unit: 'By', gauge: { dataPoints: times.map(held) } },
      )
      // What is sent again counts once.
      expect((await send(body)).rejected).toBeUndefined()
      expect((await send(body)).rejected).toBeUndefined()
    }
    expect(await rows()).toBe(3 * 2 * every(30_000, at(9, 45), at(13, 15)).length)

    const isGateway = ({ identity }: ProxyTraversal) => identity.workload === 'edge'
    const all = passed(isGateway)
    const own = passed((proxy) => isGateway(proxy) && proxy.identity.proxyId === proxyIds.gateway)
    const n = [...own.values()].reduce((sum, one) => sum + one, 0)
    const expected = (of: (i: number) => number) =>
      [...own].reduce((sum, [instance, passes]) => {
        const i = Number(instance.at(-1))
        return sum + (passes / n) * ((of(i) * 10_800) / all.get(instance)!)
      }, 0)
    const { a, cpu } = await resources({ proxy: proxyIds.gateway })
    expect(a.requests).toBe(n)
    expect(a.cpuSeconds.value! / 1e6).toBeCloseTo(
      expected((i) => 0.05 * (i + 1)),
      6,
    )
    expect(a.cpuSeconds).toMatchObject({ atLeast: false, slots: 180, reasons: [] })
    expect(a.cpuSeconds.lo!).toBeLessThan(a.cpuSeconds.value!)
    expect(a.cpuSeconds.hi!).toBeGreaterThan(a.cpuSeconds.value!)
    expect(a.memoryByteSeconds.value! / 1e6 / expected((i) => (i + 1) * 2 ** 20)).toBeCloseTo(1, 6)
    expect(a.proxies[0]).toMatchObject({ known: 1, passes: 1, memoryBytes: 6 * 2 ** 20 })
    // The same proxies at the same time: no difference can be told.
    expect(cpu).toMatchObject({ ratio: null, reasons: ['same_proxies'] })
    // A report has what a pull request can hold against it.
    const proxy = { proxy: proxyIds.gateway }
    const report = await asked('compare?format=md', proxy, proxy, 'overhead', { from, to })
    expect(report).toContain(`| CPU, s | ${Number(a.cpuSeconds.value!.toPrecision(3))} (`)
    expect(report).toContain('### SQL: what they took of A')
  })

  it('of some proxies on the way are a lower bound, of hops and whole requests too', async () => {
    for (const measure of ['transit', 'endToEnd']) {
      const { a } = await resources({}, {}, measure)
      expect(a.cpuSeconds).toMatchObject({ atLeast: true, hi: null })
      expect(a.cpuSeconds.value!).toBeGreaterThan(0)
      expect(a.cpuSeconds.reasons).toEqual(['part_not_sent'])
    }
    const { a } = await resources({ proxy: proxyIds.sidecar })
    expect(a.cpuSeconds).toMatchObject({ value: null, reasons: ['not_sent'] })
  })

  it('compare two groups of instances, with an interval', async () => {
    const { a, b, cpu } = await resources(
      { proxy: proxyIds.gateway, q: 'instance = edge-0' },
      { proxy: proxyIds.gateway, q: 'instance = edge-2' },
    )
    expect(cpu.ratio!).toBeCloseTo(b.cpuSeconds.value! / a.cpuSeconds.value!, 9)
    expect([cpu.lo! < cpu.ratio!, cpu.hi! > cpu.ratio!, cpu.distinguishable]).toEqual([true, true, cpu.lo! > 1])
    expect(cpu.ratio!).toBeGreaterThan(2)
    const cohort = (instance: string) => ({
      filter: { proxy: proxyIds.gateway, q: `instance = ${instance}` },
      ...{ from: String(from), to: String(to) },
    })
    const report = await fetch(`${api.url}/api/v1/compare?format=md`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ a: cohort('edge-0'), b: cohort('edge-2'), measure: 'overhead' }),
    })
    const three = (value: number | null) => String(Number(value!.toPrecision(3)))
    expect(await report.text()).toContain(
      `| CPU, s | ${[a, b].map(({ cpuSeconds: { value, lo, hi } }) => `${three(value)} (${three(lo)} … ${three(hi)})`).join(' | ')} | × ${cpu.ratio!.toFixed(2)} | ${cpu.lo!.toFixed(2)} … ${cpu.hi!.toFixed(2)} |`,
    )
  })

  it('come as deltas too, begin anew where a process does, and say nothing of what is not covered', async () => {
    const pod = { 'k8s.pod.name': 'checkout-0', 'k8s.container.name': 'istio-proxy' }
    const minute = 60_000
    const delta = (ms: number, seconds: number) => ({
      ...{ startTimeUnixNano: ns(ms - minute), timeUnixNano: ns(ms), asDouble: seconds },
    })
    const times = every(minute, at(10, 1), at(11))
    await send(
      request(pod, {
        name: 'container.cpu.time',
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: times.map((ms) => delta(ms, 0.6)) },
      }),
    )
    // Of its application, which is no proxy, and of the pod, which has both.
    const other = await send({
      resourceMetrics: [
        ...request({ ...pod, 'k8s.container.name': 'checkout' }, cpuOf(at(10), 9e9)).resourceMetrics,
        ...request({ 'k8s.pod.name': 'checkout-0' }, { ...cpuOf(at(10), 9e9), name: 'k8s.pod.cpu.time' })
          .resourceMetrics,
      ],
    })
    expect(other.rejected).toBe('2')
    // Begins anew at 10:30 without a word, and a third time with one.
    const anew = { 'k8s.pod.name': 'checkout-1', 'k8s.container.name': 'istio-proxy' }
    const reading = (ms: number, since: number, seconds: number) => ({
      ...{ startTimeUnixNano: since && ns(since), timeUnixNano: ns(ms), asDouble: seconds },
    })
    await send(
      request(anew, {
        name: 'container.cpu.time',
        sum: {
          ...cumulative,
          dataPoints: [
            ...every(minute, at(10), at(10, 30)).map((ms, i) => reading(ms, 0, 100 + i)),
            ...every(minute, at(10, 31), at(11)).map((ms, i) => reading(ms, 0, 1 + i)),
            ...every(minute, at(11, 1), at(11, 20)).map((ms, i) => reading(ms, at(11), 1 + i)),
          ],
        },
      }),
    )
    const hour = { from: at(10), to: at(11) }
    const ofInstance = async (name: string, window: typeof hour) =>
      (await resources({ q: `instance = ${name}`, role: undefined }, undefined, 'added', window)).a
    const n = (instance: string, fromMs: number, toMs: number) =>
      traces
        .flatMap((trace) => trace.proxies.map((proxy) => ({ proxy, ms: startMs(trace, proxy.start) })))
        .filter(({ proxy, ms }) => proxy.instance === instance && ms >= fromMs && ms < toMs).length
    const first = await ofInstance('checkout-0', hour)
    expect(first.cpuSeconds.value! / 1e6).toBeCloseTo((60 * 0.6) / n('checkout-0', hour.from, hour.to), 6)
    // Of 10:30 to 10:31 nothing is known: neither its seconds nor its requests count.
    const second = await ofInstance('checkout-1', hour)
    const known = n('checkout-1', hour.from, hour.to) - n('checkout-1', at(10, 30), at(10, 31))
    expect(second.cpuSeconds.value! / 1e6).toBeCloseTo(59 / known, 6)
    const third = await ofInstance('checkout-1', { from: at(11), to: at(11, 20) })
    expect(third.cpuSeconds.value! / 1e6).toBeCloseTo(20 / n('checkout-1', at(11), at(11, 20)), 6)
  })
})

function cpuOf(ms: number, seconds: unknown, more: object = {}) {
  const point = { startTimeUnixNano: ns(at(9)), timeUnixNano: ns(ms), asDouble: seconds, ...more }
  return { name: 'process.cpu.time', unit: 's', sum: { ...cumulative, dataPoints: [point] } }
}
const envoy = { 'process.executable.name': 'envoy', 'host.name': 'vm-1' }

describe('what is sent', () => {
  it('is taken by HTTP in both encodings and by gRPC, with the key that spans need', async () => {
    const body = metricsProtobufOfJson(JSON.stringify(request(envoy, cpuOf(at(12), 5))))
    const before = await rows()
    const protobuf = { 'content-type': 'application/x-protobuf', 'api-key': key }
    expect((await post(new Uint8Array(body), protobuf)).status).toBe(200)
    const gzipped = { ...protobuf, 'content-encoding': 'gzip' }
    expect((await post(new Uint8Array(gzipSync(body)), gzipped)).status).toBe(200)
    expect((await post(new Uint8Array(body), { 'content-type': 'application/x-protobuf' })).status).toBe(401)
    const client = new grpc.Client(new URL(urlOf('OTLP/gRPC')).host, grpc.credentials.createInsecure())
    const exported = (bytes: Buffer, metadata: grpc.Metadata) =>
      new Promise<Buffer>((resolve, reject) => {
        const path = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
        const same = (some: Buffer) => some
        const done = (error: grpc.ServiceError | null, answer?: Buffer) => (error ? reject(error) : resolve(answer!))
        client.makeUnaryRequest(path, same, same, bytes, metadata, done)
      })
    const metadata = new grpc.Metadata()
    await expect(exported(body, metadata)).rejects.toMatchObject({ code: grpc.status.UNAUTHENTICATED })
    metadata.set('api-key', key)
    expect((await exported(body, metadata)).length).toBe(0)
    const useless = metricsProtobufOfJson(JSON.stringify(request({}, cpuOf(at(12), 5))))
    expect((await exported(useless, metadata)).toString()).toContain('1 data point: not of a proxy')
    await expect(exported(Buffer.from('nonsense'), metadata)).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
    })
    client.close()
    expect(await rows()).toBe(before + 1)
  })

  it('is rejected in words unless it is CPU time or memory of a proxy', async () => {
    const gauge = { gauge: { dataPoints: [{ timeUnixNano: ns(at(12)), asInt: 1 }, { timeUnixNano: ns(at(12)) }] } }
    const histogram = { histogram: { dataPoints: [{}, {}, {}] } }
    expect(
      await send(request(envoy, { name: 'http.server.duration', ...histogram }, { name: 'up', ...gauge })),
    ).toMatchObject({ rejected: '5', why: expect.stringMatching(/^5 data points: only process.cpu.time, /) as string })
    const refused: [object, RegExp][] = [
      [{ ...cpuOf(at(12), 1), unit: 'ms' }, /not in s/],
      [cpuOf(at(12), 'NaN'), /not a number/],
      [cpuOf(at(12), -1), /not a number of 0 or more/],
      [cpuOf(at(12) + 400 * 86_400_000, 1), /its time/],
      [cpuOf(0, 1), /its time|start/],
      [cpuOf(at(8), 1), /start is after/],
      [{ name: 'process.cpu.time', ...gauge }, /not a monotonic sum/],
      [{ ...cpuOf(at(12), 1), sum: { ...cpuOf(at(12), 1).sum, isMonotonic: false } }, /not a monotonic sum/],
      [
        {
          ...cpuOf(at(12), 1, { startTimeUnixNano: '0' }),
          sum: { ...cpuOf(at(12), 1, { startTimeUnixNano: '0' }).sum, aggregationTemporality: 1 },
        },
        /delta without a start/,
      ],
    ]
    const before = await rows()
    for (const [metric, why] of refused) {
      const said = await send(request(envoy, metric))
      expect(Number(said.rejected), JSON.stringify(metric)).toBeGreaterThan(0)
      expect(said.why).toMatch(why)
    }
    expect((await send(request({ 'process.executable.name': 'envoy' }, cpuOf(at(12), 1)))).why).toMatch(/names no pod/)
    // Time that was waited for is none that was worked, and is no fault either.
    const waited = { attributes: attributes({ state: 'wait' }) }
    expect((await send(request(envoy, cpuOf(at(12), 7, waited)))).rejected).toBeUndefined()
    expect((await send(request(envoy, cpuOf(at(12), 7, { flags: 1 })))).rejected).toBeUndefined()
    expect(await rows()).toBe(before)
    expect((await send(request({ 'hopscope.proxy': 'mine', 'host.name': 'vm-2' }, cpuOf(at(12), 1)))).rejected).toBe(
      undefined,
    )
    expect(await rows()).toBe(before + 1)
  })

  it('is refused as malformed, whatever it is, and leaves the collector as it was', async () => {
    const good = metricsProtobufOfJson(JSON.stringify(request(envoy, cpuOf(at(12, 1), 5))))
    const protobuf = { 'content-type': 'application/x-protobuf', 'api-key': key }
    const statuses = new Set<number>()
    for (let cut = 1; cut < good.length; cut++)
      statuses.add((await post(new Uint8Array(good.subarray(0, cut)), protobuf)).status)
    expect([...statuses].filter((status) => status !== 200 && status !== 400)).toEqual([])
    let deep: object = { stringValue: 'x' }
    for (let i = 0; i < 40; i++) deep = { arrayValue: { values: [deep] } }
    const nested = { resourceMetrics: [{ resource: { attributes: [{ key: 'a', value: deep }] } }] }
    for (const body of ['{', '[]', '{"resourceMetrics":{}}', '{"resourceMetrics":[7]}', JSON.stringify(nested)])
      expect((await post(body)).status, body.slice(0, 40)).toBe(400)
    // Two bytes make an empty data point.
    const gauge = Buffer.concat([
      Buffer.from([0x2a]),
      lengthOf(2 * 600_000),
      Buffer.alloc(2 * 600_000, Buffer.from([0x0a, 0])),
    ])
    const wrapped = [0x12, 0x12, 0x0a].reduce(
      (inner, tag) => Buffer.concat([Buffer.from([tag]), lengthOf(inner.length), inner]),
      gauge,
    )
    const many = await post(new Uint8Array(wrapped), protobuf)
    expect([many.status, await many.text()]).toEqual([
      400,
      expect.stringContaining('messages in one request') as string,
    ])
    expect((await post(new Uint8Array(good), protobuf)).status).toBe(200)
  })
})

function lengthOf(n: number): Buffer {
  const bytes: number[] = []
  for (let rest = n; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
