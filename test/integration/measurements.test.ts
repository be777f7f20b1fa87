import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Hop, ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import { HopDetail, HopList, ProxyDetail, ProxyList, type HopItem } from '../../server/api/contract-measurements.ts'
import { ServiceMap } from '../../server/api/contract-map.ts'
import { AttributeList, TraceList } from '../../server/api/contract-catalogue.ts'
import { histogramOf, quantile, upperEdge } from '../../server/statistics/histogram.ts'
import { distributionsOf, valueOf, valuesAt } from './expected.ts'
import { at, startMeasuredApi, within, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { hopIds, makeTraces, proxyIds, writeTraces } from './measured-traffic.ts'

/** Lists and single proxies and hops, against a recomputation from every single fact. */
let api: MeasuredApi
let traces: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db)
}, 300_000)
afterAll(() => api?.stop())

const whole = { from: at(9), to: at(14) }
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
const distinct = <T>(values: readonly T[]) => [...new Set(values)]

function expectedProxies(of: readonly TraceAnalysis[]) {
  const traversals = of.flatMap(({ proxies }) => proxies)
  return distinct(traversals.map(({ identity }) => identity.proxyId))
    .map((id) => expectedProxy(traversals.filter(({ identity }) => identity.proxyId === id)))
    .sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1))
}

function expectedProxy(mine: readonly ProxyTraversal[]) {
  const { proxyId: id, ...words } = mine[0]!.identity
  const added = mine.map((proxy) => proxy.added)
  const retries = mine.filter(({ retry }) => retry.attempts > 1)
  const cost = retries.map(({ retry }) => retry.backoffNs + retry.wastedNs)
  const errors = mine.filter(({ error }) => error).length
  return {
    id,
    ...words,
    instances: distinct(mine.map(({ instance }) => instance)).length,
    requests: mine.length,
    errors,
    errorRate: errors / mine.length,
    added: distributionsOf(added),
    overhead: distributionsOf(mine.map((proxy) => proxy.overhead)),
    requestPath: distributionsOf(mine.map((proxy) => proxy.requestPath)),
    responsePath: distributionsOf(mine.map((proxy) => proxy.responsePath)),
    retry: {
      requests: retries.length,
      rate: retries.length / mine.length,
      cost:
        cost.length === 0
          ? null
          : distributionsOf(cost.map((ns) => ({ ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons: [] })))[0],
    },
    coverage: added.filter((measure) => valueOf(measure) !== null).length / mine.length,
  }
}

describe('the list of proxies', () => {
  it('has every number of every level, as the facts have it', async () => {
    const list = await api.get(ProxyList, 'proxies', whole)
    expect(list.items).toEqual(expectedProxies(traces))
    expect(list).toMatchObject({ nextCursor: null, from: `${at(9)}000000`, to: `${at(14)}000000` })
    const gateway = list.items.find(({ id }) => id === proxyIds.gateway)!
    expect(gateway.added.map(({ fidelity }) => fidelity)).toEqual(['modelled', 'bounded'])
  })

  it('claims no quantile of few requests, and says why', async () => {
    const { items } = await api.get(ProxyList, 'proxies', whole)
    const rare = items.find(({ id }) => id === proxyIds.rare)!
    expect(rare.requests).toBeLessThan(200)
    expect(rare.added[0]).toMatchObject({ fidelity: 'exact', p50Ns: null, p99Ns: null, meanNs: null })
    expect(rare.added[0]!.reasons).toContain('p50_few_samples')
    expect(rare.added[0]!.maxNs).toBeGreaterThan(0)
  })

  it.each([
    ['environment', 'staging'],
    ['namespace', 'shop'],
    ['namespace', 'nowhere'],
    ['cluster', 'c1'],
    ['family', 'krakend'],
    ['role', 'sidecar-inbound'],
    ['q', 'EDG'],
  ])('is filtered by %s=%s', async (name, value) => {
    const { items } = await api.get(ProxyList, 'proxies', { ...whole, [name]: value })
    const matches = (item: Record<string, unknown>) => (name === 'q' ? item['name'] === 'Edge' : item[name] === value)
    expect(items).toEqual(expectedProxies(traces).filter(matches))
  })

  it.each([
    [at(9, 43, 10), at(13, 7, 20)],
    [at(10, 0, 0), at(12, 0, 0)],
    [at(10, 58, 30), at(11, 1, 30)],
    [at(10, 3, 0), at(10, 4, 0)],
    [at(9, 51, 20), at(10, 12, 40)],
    [at(2, 0, 0), at(3, 0, 0)],
    [at(-2, 0, 10), at(10, 20, 0)],
    [at(-2, 0, 0), at(9, 59, 0)],
  ])('reads the minutes from %d to %d exactly once, whole hours of a long window', async (from, to) => {
    const { items, ...read } = await api.get(ProxyList, 'proxies', { from, to })
    expect(items.map(({ id, requests, added }) => [id, requests, added]).sort()).toEqual(
      expectedProxies(within(traces, from, to))
        .map(({ id, requests, added }) => [id, requests, added])
        .sort(),
    )
    expect(BigInt(read.from) <= BigInt(from) * 1_000_000n && BigInt(read.to) >= BigInt(to) * 1_000_000n).toBe(true)
  })
})

function expectedHop(mine: readonly Hop[]) {
  const first = mine[0]!
  const errors = mine.filter(({ error }) => error).length
  const [transit] = distributionsOf(mine.map((hop) => hop.transit))
  return {
    id: first.hopId,
    kind: first.kind,
    caller: first.caller?.service ?? '',
    callee: first.callee?.service ?? '',
    via: first.viaProxyIds,
    environment: first.environment,
    requests: mine.length,
    errors,
    transit,
  }
}

function expectedHops() {
  const hops = traces.flatMap((trace) => trace.hops)
  return distinct(hops.map(({ hopId }) => hopId))
    .map((id) => expectedHop(hops.filter(({ hopId }) => hopId === id)))
    .sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1))
}

describe('the list of hops', () => {
  it('has every number as the facts have it', async () => {
    const { items } = await api.get(HopList, 'hops', whole)
    expect(items).toMatchObject(expectedHops())
    const entry = items.find(({ id }) => id === hopIds.entry)!
    expect(entry.viaProxies.map(({ name, family, role }) => [name, family, role])).toEqual([
      ['Edge', 'krakend', 'gateway'],
      ['checkout', 'envoy', 'sidecar-inbound'],
    ])
  })

  it('has segments whose means add up to the mean transit', async () => {
    const { items } = await api.get(HopList, 'hops', { ...whole, environment: 'production', kind: 'entry' })
    const entry = items[0]!
    const known = traces
      .filter(({ environment }) => environment === 'production')
      .flatMap(({ hops }) => hops.filter(({ kind, transit }) => kind === 'entry' && transit.ns !== null))
    const total = (cls: string) =>
      sum(known.flatMap(({ segments }) => segments.flatMap((s) => (s.class === cls ? s.ns : []))))
    expect(entry.segments).toMatchObject(
      [
        { class: 'gateway.proc', fidelity: 'exact' },
        { class: 'proxy.in', fidelity: 'bounded' },
        { class: 'wire', fidelity: 'bounded' },
      ].map((segment) => ({ ...segment, meanNs: Math.round(total(segment.class) / known.length) })),
    )
    expect(Math.abs(sum(entry.segments.map(({ meanNs }) => meanNs)) - entry.transit.meanNs!)).toBeLessThanOrEqual(2)
    expect(sum(entry.segments.map(({ share }) => share))).toBeCloseTo(1, 9)
  })

  it.each([
    ['service', 'cart', (hop: HopItem) => hop.callee === 'cart'],
    ['proxy', proxyIds.gateway, (hop: HopItem) => hop.via.includes(proxyIds.gateway)],
    ['kind', 'internal', (hop: HopItem) => hop.kind === 'internal'],
    ['q', 'CAR', (hop: HopItem) => hop.callee === 'cart'],
  ])('is filtered by %s=%s', async (name, value, matches) => {
    const { items: all } = await api.get(HopList, 'hops', whole)
    const { items } = await api.get(HopList, 'hops', { ...whole, [name]: value })
    expect(items.length).toBeGreaterThan(0)
    expect(items).toEqual(all.filter(matches))
  })
})

/** n, errors, p50, p99 of the values by what `key` says, most first. */
function expectedRows<T>(
  items: readonly T[],
  { key, value, error }: { key: (item: T) => string; value: (item: T) => number | null; error: (item: T) => boolean },
) {
  return distinct(items.map(key))
    .map((name) => {
      const mine = items.filter((item) => key(item) === name)
      const values = mine.flatMap((item) => value(item) ?? [])
      const histogram = histogramOf(values)
      const n = sum(histogram.counts)
      const at = (q: number) => (n * (1 - q) >= 0.999 ? Math.round(quantile(histogram, q)!) : null)
      return {
        ...{ value: name, n: mine.length, errors: mine.filter(error).length },
        ...{ p50Ns: at(0.5), p75Ns: at(0.75), p90Ns: at(0.9), p95Ns: at(0.95), p99Ns: at(0.99), p999Ns: at(0.999) },
        maxNs: n > 0 ? Math.round(upperEdge(histogram)!) : null,
        meanNs: n > 0 ? Math.round(sum(values) / n) : null,
      }
    })
    .sort((a, b) => b.n - a.n || (a.value < b.value ? -1 : 1))
}

describe('one proxy', () => {
  it('is what the list says, with breakdowns at its main level', async () => {
    const { items } = await api.get(ProxyList, 'proxies', whole)
    const detail = await api.get(ProxyDetail, `proxies/${proxyIds.gateway.toUpperCase()}`, whole)
    expect(detail).toMatchObject(items.find(({ id }) => id === proxyIds.gateway)!)
    const mine = traces
      .flatMap(({ proxies }) => proxies)
      .filter(({ identity, added }) => identity.proxyId === proxyIds.gateway && added.fidelity === 'modelled')
    const rows = (key: (proxy: ProxyTraversal) => string) =>
      expectedRows(mine, { key, value: ({ added }) => valueOf(added), error: ({ error }) => error })
    expect(detail.breakdowns).toEqual([
      { by: 'route', fidelity: 'modelled', rows: rows(({ route }) => route) },
      { by: 'version', fidelity: 'modelled', rows: rows(({ version }) => version) },
      { by: 'instance', fidelity: 'modelled', rows: rows(({ instance }) => instance) },
      { by: 'callee', fidelity: 'modelled', rows: rows(({ callee }) => callee) },
    ])
  })

  it('has exemplars whose value is the quantile, or next below it, in a current trace', async () => {
    const detail = await api.get(ProxyDetail, `proxies/${proxyIds.sidecar}`, whole)
    const of = (trace: TraceAnalysis) => trace.proxies.find(({ identity }) => identity.proxyId === proxyIds.sidecar)!
    const mine = traces.filter(of)
    const sorted = valuesAt(
      mine.map((trace) => of(trace).added),
      'bounded',
    ).sort((a, b) => a - b)
    expect(detail.exemplars.map(({ q }) => q)).toEqual([0.5, 0.9, 0.95, 0.99])
    for (const { q, traceId, ns, startUnixNano } of detail.exemplars) {
      expect(Math.abs(sorted.indexOf(ns) - q * sorted.length)).toBeLessThanOrEqual(1)
      const trace = mine.find((one) => one.traceId === traceId)!
      expect([of(trace).added.hiNs, trace.baseUnixNano + 1000n]).toEqual([ns, BigInt(startUnixNano)])
    }
  })

  it('without requests in the window has none, and still its name', async () => {
    const detail = await api.get(ProxyDetail, `proxies/${proxyIds.gateway}`, { from: at(2), to: at(3) })
    const nothing = { requests: 0, instances: 0, added: [], breakdowns: [], exemplars: [], coverage: 0 }
    expect(detail).toMatchObject({ name: 'Edge', ...nothing })
  })
})

describe('one hop', () => {
  it('is what the list says, with breakdowns of its transit', async () => {
    const { items } = await api.get(HopList, 'hops', whole)
    const detail = await api.get(HopDetail, `hops/${hopIds.internal}`, whole)
    expect(detail).toMatchObject(items.find(({ id }) => id === hopIds.internal)!)
    const mine = traces.flatMap(({ hops }) => hops).filter(({ hopId }) => hopId === hopIds.internal)
    const main = detail.transit.fidelity
    const rows = expectedRows(
      mine.filter(({ transit }) => transit.fidelity === main),
      { key: ({ route }) => route, value: ({ transit }) => valueOf(transit), error: ({ error }) => error },
    )
    expect(detail.breakdowns[0]).toEqual({ by: 'route', fidelity: main, rows })
    expect(detail.breakdowns[1]).toMatchObject({ by: 'version', rows: [{ value: 'v7' }] })
    expect(detail.exemplars).toHaveLength(4)
  })
})

describe('the map', () => {
  const hopsOf = (place: Partial<Record<string, string>>) =>
    traces
      .flatMap(({ hops }) => hops)
      .filter((hop) => Object.entries(place).every(([key, value]) => hop[key as 'cluster'] === value))

  it.each([{}, { environment: 'staging' }, { namespace: 'shop', cluster: 'c1' }])(
    'of %o has every hop as its list has it, and its wire as the facts have it',
    async (place) => {
      const { hops } = await api.get(ServiceMap, 'map', { ...whole, ...place })
      const { items } = await api.get(HopList, 'hops', { ...whole, ...place })
      expect(hops.map(({ wire: _, ...hop }) => hop)).toEqual(
        items.map(({ viaProxies: _, segments: __, ...hop }) => hop),
      )
      expect(hops.length).toBeGreaterThan(1)
      for (const { id, wire } of hops) {
        const measured = hopsOf(place).filter(({ hopId }) => hopId === id)
        expect(wire).toEqual(distributionsOf(measured.map((hop) => hop.wire))[0] ?? wire)
        expect(wire.n).toBe(measured.filter((hop) => hop.wire.fidelity !== 'unknown').length)
      }
    },
  )

  it('has the proxies on their way as their list has them, over all hops', async () => {
    const { hops, proxies } = await api.get(ServiceMap, 'map', { ...whole, namespace: 'shop' })
    const { items } = await api.get(ProxyList, 'proxies', whole)
    const named = new Set(hops.flatMap(({ via }) => via))
    expect(proxies).toEqual(
      items
        .filter(({ id }) => named.has(id))
        .map(({ instances: _, requestPath: __, responsePath: ___, retry: ____, ...proxy }) => proxy),
    )
    expect(proxies.length).toBe(named.size)
  })

  it('of a window without requests, and of a place that nothing is in, is empty', async () => {
    const nothing = { hops: [], proxies: [] }
    expect(await api.get(ServiceMap, 'map', { from: at(2), to: at(3) })).toMatchObject(nothing)
    expect(await api.get(ServiceMap, 'map', { ...whole, cluster: 'nowhere' })).toMatchObject(nothing)
  })

  it('refuses what it does not know', async () => {
    const response = await fetch(`${api.url}/api/v1/map?service=cart`)
    expect([response.status, ((await response.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('service'),
    ])
  })
})

it('filters offer the values that facts have, with counts', async () => {
  const values = async (key: string) => {
    const { items } = await api.get(AttributeList, 'attributes', { ...whole, key })
    return items.map(({ value, requests }) => [value, requests])
  }
  const hops = traces.flatMap(({ hops }) => hops)
  const proxies = traces.flatMap(({ proxies }) => proxies)
  const count = <T>(items: readonly T[], matches: (item: T) => boolean) => items.filter(matches).length
  expect(await values('environment')).toEqual(
    ['production', 'staging'].map((name) => [
      name,
      Math.max(
        count(hops, ({ environment }) => environment === name),
        count(proxies, ({ identity }) => identity.environment === name),
      ),
    ]),
  )
  expect(await values('role')).toEqual([
    ['sidecar-inbound', count(proxies, ({ identity }) => identity.role === 'sidecar-inbound')],
    ['gateway', traces.length],
  ])
  expect(await values('dataPlane')).toEqual([['sidecar', hops.length]])
})

it('lists the traces through a proxy or a hop by their newest facts, not by those that were taken back', async () => {
  const made = makeTraces({ traces: 40, fromMs: at(16), toMs: at(16, 10), seed: 11 })
  const job = await writeTraces(api.db.clickhouse, made)
  const through = made.find(({ proxies, hops }) => proxies.length > 1 && hops.length > 1)!
  const [proxy, hop] = [through.proxies[0]!.identity.proxyId, through.hops[0]!.hopId]
  const without = {
    ...through,
    proxies: through.proxies.filter(({ identity }) => identity.proxyId !== proxy),
    hops: through.hops.filter(({ hopId }) => hopId !== hop),
  }
  const listed = async (query: Record<string, string>) => {
    const { items } = await api.get(TraceList, 'traces', { from: at(16), to: at(17), limit: 100, ...query })
    return items.some(({ traceId }) => traceId === through.traceId)
  }
  expect(await Promise.all([listed({ proxy }), listed({ hop }), listed({})])).toEqual([true, true, true])
  await writeTraces(api.db.clickhouse, [without], job)
  expect(await Promise.all([listed({ proxy }), listed({ hop }), listed({})])).toEqual([false, false, true])
})
