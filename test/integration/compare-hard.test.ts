import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import type { ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import { Comparison } from '../../server/api/contract-compare.ts'
import { Explanation } from '../../server/api/contract-explanation.ts'
import { FeatureCosts } from '../../server/api/contract-features.ts'
import { quiet } from '../harness.ts'
import { at, startMeasuredApi, type MeasuredApi } from './measured-api.ts'
import { makeTraces, writeTraces } from './measured-traffic.ts'

/** Cohorts that were made to differ, or to be hard to compare: what may be said of them, and why not more. */
let api: MeasuredApi
const slowerNs = 2_000_000

/** An hour of requests, each as `change` makes it. */
async function hour(
  hours: number,
  change: (trace: TraceAnalysis, i: number) => TraceAnalysis,
): Promise<TraceAnalysis[]> {
  const traces = makeTraces({ traces: 800, fromMs: at(hours), toMs: at(hours + 1), seed: 100 + hours }).map(change)
  await writeTraces(api.db.clickhouse, traces)
  return traces
}
const withProxies = (trace: TraceAnalysis, change: (proxy: ProxyTraversal) => ProxyTraversal): TraceAnalysis => ({
  ...trace,
  proxies: trace.proxies.map(change),
})
const asIs = (trace: TraceAnalysis) => trace
const isGateway = ({ identity }: ProxyTraversal) => identity.role === 'gateway'
/** WEIGHT_UNKNOWN */
const unknownWeight = 131_072

let tagged: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  await hour(2, asIs)
  // One version of the gateway is slower.
  await hour(3, (trace) =>
    withProxies(trace, (proxy) => {
      if (!isGateway(proxy) || proxy.version !== 'v2') return proxy
      const ns = proxy.overhead.ns! + slowerNs
      return { ...proxy, overhead: { ...proxy.overhead, ns, loNs: ns, hiNs: ns } }
    }),
  )
  // One of ten was kept, and says so; one of nobody knows how many; three of ten lost their roots.
  await hour(4, (trace) => ({ ...trace, weight: 10 }))
  await hour(5, (trace) => ({
    ...withProxies(trace, (proxy) => ({ ...proxy, flags: unknownWeight })),
    hops: trace.hops.map((hop) => ({ ...hop, flags: unknownWeight })),
    flags: trace.flags | unknownWeight,
  }))
  await hour(6, (trace, i) => (i % 10 < 3 ? { ...trace, duration: null, flags: trace.flags | 4096 } : trace))
  // Half of the requests come by TLS, which takes longer and which their spans say.
  tagged = await hour(7, (trace, i) =>
    withProxies({ ...trace, traceId: trace.traceId }, (proxy) => {
      const spanId = `${i.toString(16).padStart(8, '0')}${isGateway(proxy) ? 'aaaaaaaa' : 'bbbbbbbb'}`
      const added =
        i % 2 === 0 && proxy.added.ns !== null ? { ...proxy.added, ns: proxy.added.ns + slowerNs } : proxy.added
      return { ...proxy, spanId, added }
    }),
  )
  const collector = await startCollector({
    ...{ clickhouseUrl: api.db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
  })
  const spans = tagged.map((trace, i) => ({
    ...{ traceId: trace.traceId, spanId: trace.proxies[0]!.spanId, name: 'GET', kind: 2 },
    startTimeUnixNano: String(trace.baseUnixNano),
    endTimeUnixNano: String(trace.baseUnixNano + 1_000_000n),
    attributes: [{ key: 'hopscope.tls', value: { stringValue: i % 2 === 0 ? 'tls:TLSv1.3' : 'tls:' } }],
  }))
  const { url } = collector.addresses.find(({ name }) => name === 'OTLP/HTTP')!
  const sent = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] }),
  })
  expect(await sent.text()).toBe('{}')
  await collector.close()
}, 300_000)
afterAll(() => api?.stop())

const cohort = (hours: number, filter: object = {}) => ({ filter, from: String(at(hours)), to: String(at(hours + 1)) })
async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  expect(response.status, JSON.stringify(answer)).toBe(200)
  return answer
}
const compare = async (a: object, b: object, measure: string) =>
  Comparison.parse(await post('compare', { a, b, measure }))

describe('a comparison', () => {
  it('of sampled with unsampled requests weighs them where the rate is told', async () => {
    const { verdict, a, b, adjusted } = await compare(cohort(2), cohort(4), 'transit')
    expect([verdict, a.n > 500, b.n > 500]).toEqual(['not_distinguishable', true, true])
    // Sizes are those of what was stored, however many each stands for.
    expect(Math.abs(a.requests - b.requests)).toBeLessThan(a.requests / 10)
    expect(adjusted!.quantiles.find(({ q }) => q === 0.5)!.aNs).not.toBeNull()
  })

  it('of unsampled requests with some that were sampled by an unknown rate says why it is none', async () => {
    for (const measure of ['transit', 'added', 'endToEnd']) {
      const answer = await compare(cohort(2), cohort(5), measure)
      expect(answer.verdict, measure).toBe('not_comparable')
      expect(answer.reasons).toContain('weight_unknown')
      expect(answer.sentence).toMatch(/sampling rates/)
    }
    // Both alike: as they were stored.
    expect((await compare(cohort(5), cohort(5), 'transit')).verdict).toBe('not_distinguishable')
  })

  it('with 30 % incomplete traces on one side tells nothing of whole requests, and all of hops', async () => {
    const whole = await compare(cohort(2), cohort(6), 'endToEnd')
    expect([whole.verdict, whole.reasons]).toEqual(['not_comparable', ['low_coverage']])
    expect(whole.b.coverage).toBeLessThan(0.71)
    expect(whole.sentence).toMatch(/more than a fifth of the requests of a side have no value/)
    for (const { aNs, reasons } of whole.quantiles!) expect([aNs, reasons.length]).toEqual([null, 1])
    const hops = await compare(cohort(2), cohort(6), 'transit')
    expect([hops.verdict, hops.reasons]).toEqual(['not_distinguishable', []])
  })
})

describe('an explanation', () => {
  const explain = async (a: object, b: object, measure = 'overhead') =>
    Explanation.parse(await post('explanation', { a, b, measure }))
  const edge = { proxy: 'Edge' }

  it('finds the version that became slower, and how much of the difference it is', async () => {
    const { extraNs, extraTime, apart, a, b, reasons } = await explain(cohort(2, edge), cohort(3, edge))
    expect(reasons).toEqual([])
    expect(extraTime[0]!.terms).toEqual([{ key: 'version', value: 'v2' }])
    expect(extraTime[0]!.explained).toBeGreaterThan(0.8)
    expect(extraTime[0]!.lift).toBeGreaterThan(1.6)
    expect(extraNs!).toBeGreaterThan(0.8 * (slowerNs / 2))
    expect(extraNs!).toBeLessThan(1.2 * (slowerNs / 2))
    expect([a.n > 300, b.n > 300, apart]).toEqual([true, true, []])
  })

  it('the other way round too, where B is the faster one', async () => {
    const { extraNs, extraTime } = await explain(cohort(3, edge), cohort(2, edge))
    expect(extraTime[0]!.terms).toEqual([{ key: 'version', value: 'v2' }])
    expect(extraNs!).toBeLessThan(0)
  })

  it('sets aside what parts the two anyway, and finds nothing where nothing differs', async () => {
    const sides = await explain(cohort(2, { ...edge, version: 'v1' }), cohort(3, { ...edge, version: 'v2' }))
    expect(sides.apart.map(({ key }) => key)).toContain('version')
    expect(sides.extraTime.flatMap(({ terms }) => terms).map(({ key }) => key)).not.toContain('version')
    const same = await explain(cohort(2, edge), cohort(2, edge))
    expect([same.extraTime, same.keys, same.extraNs]).toEqual([[], [], 0])
    const none = await explain(cohort(2, { proxy: 'nobody' }), cohort(2, edge))
    expect(none.reasons).toEqual(['few_others'])
    for (const { sql } of same.sql) expect(await api.db.clickhouse.query(sql)).toBeDefined()
  })
})

describe('costs of features', () => {
  const costs = async (hours: number, filter: object = {}) =>
    FeatureCosts.parse(await post('feature-costs', { cohort: cohort(hours, filter) }))

  it('are measured where spans tell, with an interval that holds the truth', async () => {
    const { items } = await costs(7, { proxy: 'Edge' })
    const mtls = items.find(({ id }) => id === 'mtls')!
    expect([mtls.state, mtls.comparison!.verdict]).toEqual(['measured', 'a_faster'])
    expect(mtls.comparison!.a.requests + mtls.comparison!.b.requests).toBe(
      tagged.filter(({ proxies }) => proxies.some(({ identity }) => identity.name === 'Edge')).length,
    )
    const p50 = mtls.comparison!.adjusted!.quantiles.find(({ q }) => q === 0.5)!
    expect([p50.loNs! <= slowerNs, p50.hiNs! >= slowerNs, p50.distinguishable]).toEqual([true, true, true])
  })

  it('are not measurable where they do not, and say what to switch on', async () => {
    const { items } = await costs(2)
    const states = Object.fromEntries(items.map(({ id, state }) => [id, state]))
    expect(states).toMatchObject({ mtls: 'not_told', coldConnections: 'not_told', filters: 'not_told' })
    expect(states).toMatchObject({ retries: 'one_sided', circuitBreakers: 'one_sided', routingRules: 'not_told' })
    for (const { needs, means } of items) expect(Math.min(needs.length, means.length)).toBeGreaterThan(20)
  })

  it('of a filter that cannot be read names it', async () => {
    const response = await fetch(`${api.url}/api/v1/feature-costs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cohort: { filter: { q: 'took >' } } }),
    })
    expect([response.status, ((await response.json()) as { field: string }).field]).toEqual([400, 'cohort.filter.q'])
  })
})
