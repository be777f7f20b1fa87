import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Measure, ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import {
  Differences,
  ExploreFieldList,
  ExploreHeatmap,
  ExploreRequestList,
  ExploreValueList,
  GroupList,
  Live,
} from '../../server/api/contract-explore.ts'
import { Heatmap, ProxyDetail } from '../../server/api/contract-measurements.ts'
import { Problem } from '../../server/api/contract.ts'
import { valueOf } from './expected.ts'
import { at, startMeasuredApi, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { makeTraces, proxyIds, writeTraces } from './measured-traffic.ts'

/** Explore, against a recomputation from every single fact. */
let api: MeasuredApi
let traces: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db, 3_000)
}, 300_000)
afterAll(() => api?.stop())

const window = { from: at(9), to: at(14) }
const traversals = () => traces.flatMap(({ proxies }) => proxies)
const ofLevel = (level: Measure['fidelity'], of: (proxy: ProxyTraversal) => Measure, among = traversals()) =>
  among.filter((proxy) => of(proxy).fidelity === level && valueOf(of(proxy)) !== null)
const added = (proxy: ProxyTraversal) => proxy.added

async function refused(path: string, query: Record<string, string>): Promise<Problem> {
  const response = await fetch(`${api.url}/api/v1/explore/${path}?${new URLSearchParams(query).toString()}`)
  expect(response.status).toBe(400)
  return Problem.parse(await response.json())
}

describe('what nothing is left out of', () => {
  it.each(['added', 'overhead', 'requestPath', 'responsePath', 'transit', 'wire', 'endToEnd', 'meshTax', 'gatewayTax'])(
    'is of %s the same out of rollups as out of facts',
    async (measure) => {
      for (const range of [window, { from: at(0), to: at(24) }]) {
        const every = { ...range, measure, q: 'outcome ~ "o", "e"' }
        const rolled = await api.get(ExploreHeatmap, 'explore/heatmap', { ...range, measure })
        expect(rolled).toEqual(await api.get(ExploreHeatmap, 'explore/heatmap', every))
        // What is usually selected: its edge is found by the rollups, and the first page by no more than its own facts.
        const slowest = await api.get(ExploreRequestList, 'explore/requests', { ...range, measure, limit: 7 })
        expect(slowest).toEqual(await api.get(ExploreRequestList, 'explore/requests', { ...every, limit: 7 }))
      }
    },
  )

  it.each(['added', 'requestPath'])('is of %s by proxy the same out of rollups as out of facts', async (measure) => {
    const rolled = await api.get(GroupList, 'explore/groups', { ...window, measure, by: 'proxy' })
    const every = { ...window, measure, by: 'proxy', q: 'outcome ~ "o", "e"' }
    expect(rolled).toEqual(await api.get(GroupList, 'explore/groups', every))
    expect(rolled.items.length).toBeGreaterThan(2)
  })
})

describe('the heatmap of any measure', () => {
  it('of one proxy is the one that its rollup has, and so are its lines and figures', async () => {
    const query = { ...window, q: `proxy = ${proxyIds.gateway}`, fidelity: 'modelled' }
    const { levels, requests, distribution, points, ...shown } = await api.get(ExploreHeatmap, 'explore/heatmap', query)
    const rolled = await api.get(Heatmap, `proxies/${proxyIds.gateway}/heatmap`, { ...window, fidelity: 'modelled' })
    expect({ ...shown, id: proxyIds.gateway }).toEqual(rolled)
    const detail = await api.get(ProxyDetail, `proxies/${proxyIds.gateway}`, window)
    expect(distribution).toEqual(detail.added.find(({ fidelity }) => fidelity === 'modelled'))
    expect(requests).toBe(detail.requests)
    expect(levels.map(({ fidelity }) => fidelity)).toEqual(['modelled', 'bounded'])
    expect(points.reduce((sum, { n }) => sum + n, 0)).toBe(shown.n)
  })

  it.each([
    ['added', 'proxy', added],
    ['overhead', 'proxy', (proxy: ProxyTraversal) => proxy.overhead],
    ['requestPath', 'proxy', (proxy: ProxyTraversal) => proxy.requestPath],
  ] as const)('of %s has as many values as there are', async (measure, _of, of) => {
    const { n, fidelity, counts } = await api.get(ExploreHeatmap, 'explore/heatmap', { ...window, measure })
    expect(n).toBe(ofLevel(fidelity, of).length)
    expect(counts.flat().reduce((a, b) => a + b, 0)).toBe(n)
  })

  it('of transit, wire, whole requests and their tax too', async () => {
    const hops = traces.flatMap(({ hops }) => hops)
    const n = async (measure: string) =>
      (await api.get(ExploreHeatmap, 'explore/heatmap', { ...window, measure, fidelity: 'exact' })).n
    expect(await n('transit')).toBe(hops.filter(({ transit }) => transit.fidelity === 'exact').length)
    expect(await n('wire')).toBe(hops.filter(({ wire }) => wire.fidelity === 'exact').length)
    expect(await n('endToEnd')).toBe(traces.filter(({ duration }) => duration !== null).length)
    const modelled = await api.get(ExploreHeatmap, 'explore/heatmap', { ...window, measure: 'meshTax' })
    expect(modelled.levels.reduce((sum, level) => sum + level.n, 0)).toBe(await n('endToEnd'))
  })

  it('of nothing in the range is empty', async () => {
    const empty = await api.get(ExploreHeatmap, 'explore/heatmap', { from: at(1), to: at(2) })
    expect(empty).toMatchObject({ n: 0, requests: 0, levels: [], fidelity: 'unknown' })
    expect(empty.distribution.n).toBe(0)
  })
})

describe('a filter', () => {
  const count = async (q: string, measure = 'added') =>
    (await api.get(ExploreHeatmap, 'explore/heatmap', { ...window, q, measure })).requests
  const expected = (holds: (proxy: ProxyTraversal) => boolean) => traversals().filter(holds).length

  it.each([
    ['route = /checkout', (proxy: ProxyTraversal) => proxy.route === '/checkout'],
    ['route = /checkout, /search', () => true],
    ['route != /checkout', (proxy: ProxyTraversal) => proxy.route !== '/checkout'],
    ['version = v1 and status = 503', (proxy: ProxyTraversal) => proxy.version === 'v1' && proxy.status === 503],
    ['version = v1 status >= 500', (proxy: ProxyTraversal) => proxy.version === 'v1' && proxy.status >= 500],
    ['outcome = error', (proxy: ProxyTraversal) => proxy.error],
    ['instance ~ EDGE', (proxy: ProxyTraversal) => proxy.instance.includes('edge')],
    ['instance !~ edge', (proxy: ProxyTraversal) => !proxy.instance.includes('edge')],
    ['proxy = Edge', (proxy: ProxyTraversal) => proxy.identity.name === 'Edge'],
    ['proxy != Edge', (proxy: ProxyTraversal) => proxy.identity.name !== 'Edge'],
    ['took > 1.5ms', (proxy: ProxyTraversal) => (valueOf(proxy.added) ?? 0) > 1_500_000],
    ['attempts > 1', (proxy: ProxyTraversal) => proxy.retry.attempts > 1],
    ['caller = ""', (proxy: ProxyTraversal) => proxy.caller === ''],
    [`route = "'; DROP TABLE traces; --"`, () => false],
    ['route = "\\\\\\""', () => false],
  ])('%s lets through what it says', async (q, holds) => {
    expect(await count(q)).toBe(expected(holds))
  })

  it('of hops and whole requests knows proxies, hops and services', async () => {
    const hops = traces.flatMap(({ hops }) => hops)
    expect(await count('proxy = Edge', 'transit')).toBe(hops.filter(({ via }) => via.length > 0).length)
    expect(await count('proxy != Edge', 'transit')).toBe(hops.filter(({ via }) => via.length === 0).length)
    expect(await count('service = cart', 'endToEnd')).toBe(traces.length)
    expect(await count('service != cart', 'endToEnd')).toBe(0)
    expect(await count('proxy = cart', 'endToEnd')).toBe(traces.filter(({ proxies }) => proxies.length > 2).length)
    expect(await count('hop = 0000000000000012', 'endToEnd')).toBe(
      traces.filter(({ hops: of }) => of.some(({ hopId }) => hopId === '0000000000000012')).length,
    )
  })

  it.each([
    ['route =', 7, '“route =” has no value'],
    ['route', 5, '“route” has no operator'],
    ['= x', 0, '“=” has no field before it'],
    ['route = "x', 8, 'this quotation mark is not closed'],
    ['route = x and', 13, 'a condition is missing after “and”'],
    ['route = x oops', 14, '“oops” has no operator'],
    ['colour = red', 0, 'there is no field “colour”'],
    ['constructor = x', 0, 'there is no field “constructor”'],
    ['version = v1 and took > soon', 24, '“soon” is no duration'],
    ['version = v1 and status = ok', 26, '“ok” is no number'],
    ['took ~ 5ms', 0, '“~” looks into text'],
    ['route > 5', 0, '“>” compares numbers'],
    ['span.x > 5', 0, '“>” compares numbers'],
    ['took > 1ms, 2ms', 7, '“>” takes one value'],
    ['route ! x', 6, '“!” stands only in'],
    [Array.from({ length: 21 }, (_, i) => `route != r${i}`).join(' '), 250, 'more than 20 conditions'],
  ])('%s: names the place that is wrong', async (q, place, says) => {
    const problem = await refused('heatmap', { q })
    expect(problem).toMatchObject({ title: 'The filter cannot be read', field: 'q', at: place })
    expect(problem.detail).toContain(says)
    expect(problem.detail).toContain(`character ${place + 1}`)
  })
})

describe('differences', () => {
  it('of the slowest above p90, when nobody selected, have the counts that the facts have', async () => {
    const found = await api.get(Differences, 'explore/differences', {
      ...window,
      measure: 'overhead',
      fidelity: 'exact',
    })
    const values = ofLevel('exact', (proxy) => proxy.overhead).map((proxy) => proxy.overhead.ns!)
    const sorted = values.toSorted((a, b) => a - b)
    expect(found.selection).toMatchObject({
      usual: true,
      minNs: sorted[Math.ceil(0.9 * sorted.length) - 1]! + 1,
      maxNs: null,
    })
    const over = values.filter((ns) => ns >= found.selection.minNs!)
    expect(found.selected.n).toBe(over.length)
    expect(found.baseline.n).toBe(values.length - over.length)
    const cap = sorted[Math.ceil(0.999 * sorted.length) - 1]!
    const mean = (of: number[]) => of.reduce((sum, ns) => sum + Math.min(ns, cap), 0) / of.length
    expect(found.selected.meanNs).toBeCloseTo(mean(over), -1)
    expect(found.compared).toMatchObject({ oneOf: 1, counted: 1, withSpan: 0 })
    // Made by chance alone: nothing differs but what is made of the same numbers.
    expect(found.keys.map(({ key }) => key)).toEqual([])
    expect(found.reasons).toEqual([])
    expect(found.reference).toBe('all')
  })

  it('of a box find what was put into it, and rank it first', async () => {
    const found = await api.get(Differences, 'explore/differences', {
      ...{ ...window, measure: 'endToEnd', selMinNs: 1, selFrom: at(11), selTo: at(12) },
    })
    expect(found.selected.n + found.baseline.n).toBe(traces.filter(({ duration }) => duration !== null).length)
    // By proxy, of all levels: bounded values are nearly all of sidecars.
    const proxies = await api.get(Differences, 'explore/differences', {
      ...window,
      measure: 'added',
      fidelity: 'bounded',
      selMaxNs: 1_000_000,
    })
    const bounded = ofLevel('bounded', added)
    const [inside, outside] = [true, false].map((low) =>
      bounded.filter((proxy) => proxy.added.hiNs! < 1_000_000 === low),
    )
    const share = (of: ProxyTraversal[], role: string) =>
      of.filter(({ identity }) => identity.role === role).length / of.length
    const role = proxies.keys.find(({ key, implies }) => key === 'role' || implies.includes('role'))!
    expect(role.implies.length + 1).toBeGreaterThanOrEqual(4)
    const first = role.values[0]!
    expect(first.selection).toBeCloseTo(share(inside!, 'sidecar-inbound'), 9)
    expect(first.baseline).toBeCloseTo(share(outside!, 'sidecar-inbound'), 9)
    expect(first.risk.lo).toBeGreaterThan(1)
    expect(first.risk.lo).toBeLessThan(first.risk.ratio!)
    expect(first.risk.hi).toBeGreaterThan(first.risk.ratio!)
  })

  it('of too few say so, and compare nothing', async () => {
    const found = await api.get(Differences, 'explore/differences', { ...window, selMinNs: 900_000_000_000 })
    expect(found).toMatchObject({
      reasons: ['few_selected'],
      keys: [],
      extraTime: [],
      extraNs: null,
      selected: { n: 0, meanNs: null },
    })
    const none = await api.get(Differences, 'explore/differences', { from: at(1), to: at(2) })
    expect(none).toMatchObject({ reasons: ['few_selected', 'few_others'], fidelity: 'unknown' })
  })
})

describe('groups', () => {
  it('have the distribution of each value', async () => {
    const { items, fidelity, more } = await api.get(GroupList, 'explore/groups', {
      ...window,
      by: 'version',
      q: 'proxy = Edge',
    })
    expect(fidelity).toBe('modelled')
    expect(more).toBe(0)
    const edge = traversals().filter(({ identity }) => identity.name === 'Edge')
    for (const { value, requests, distribution } of items) {
      const mine = edge.filter(({ version }) => version === value)
      expect(requests).toBe(mine.length)
      expect(distribution.n).toBe(ofLevel('modelled', added, mine).length)
      expect(distribution.p50Ns).toBeGreaterThan(0)
    }
    expect(items.map(({ value }) => value).sort()).toEqual(['v1', 'v2'])
    const byProxy = await api.get(GroupList, 'explore/groups', { ...window, by: 'proxy' })
    expect(byProxy.items.map(({ value }) => value)).toContain('Edge')
    expect((await api.get(GroupList, 'explore/groups', { ...window, by: 'span.nobody-has-it' })).items).toMatchObject([
      { value: '' },
    ])
    expect(await refused('groups', { by: 'colour' })).toMatchObject({ field: 'q' })
  })
})

describe('single requests', () => {
  it('come slowest first, page by page, each once', async () => {
    const q = { ...window, measure: 'overhead', fidelity: 'exact', limit: 200, q: 'proxy = Edge' }
    const seen: number[] = []
    const ids = new Set<string>()
    let cursor: string | null = null
    do {
      const page: ExploreRequestList = await api.get(
        ExploreRequestList,
        'explore/requests',
        cursor ? { ...q, cursor } : q,
      )
      seen.push(...page.items.map(({ ns }) => ns))
      for (const { traceId } of page.items) ids.add(traceId)
      cursor = page.nextCursor
    } while (cursor)
    const values = ofLevel('exact', (proxy) => proxy.overhead).filter(({ identity }) => identity.name === 'Edge')
    const sorted = values.map((proxy) => proxy.overhead.ns!).sort((a, b) => b - a)
    const threshold = sorted[sorted.length - Math.ceil(0.9 * sorted.length)]!
    expect(seen).toEqual(sorted.filter((ns) => ns > threshold))
    expect(ids.size).toBe(seen.length)
    const newest = await api.get(ExploreRequestList, 'explore/requests', {
      ...window,
      measure: 'endToEnd',
      sort: 'start',
      selMinNs: 0,
      limit: 5,
    })
    expect(newest.items[0]!.about).toMatchObject({ id: null, name: expect.stringMatching(/search|checkout/) })
    expect((await refused('requests', { cursor: newest.nextCursor!, sort: 'value' })).field).toBe('cursor')
  })
})

describe('completion', () => {
  it('has the fields of the measure and their real values, most requests first', async () => {
    const fields = await api.get(ExploreFieldList, 'explore/fields', { measure: 'added' })
    expect(fields.items.find(({ key }) => key === 'route')).toMatchObject({ kind: 'text', groups: true })
    const routes = await api.get(ExploreValueList, 'explore/values', { ...window, key: 'route' })
    const count = (route: string) => traversals().filter((proxy) => proxy.route === route).length
    expect(routes.items).toEqual([
      { value: '/checkout', requests: count('/checkout') },
      { value: '/search', requests: count('/search') },
    ])
    expect(
      (await api.get(ExploreValueList, 'explore/values', { ...window, key: 'route', text: 'SEA' })).items,
    ).toHaveLength(1)
    expect(
      (await api.get(ExploreValueList, 'explore/values', { ...window, key: 'proxy', text: 'edge' })).items,
    ).toMatchObject([{ value: 'Edge' }])
    expect(
      (await api.get(ExploreValueList, 'explore/values', { ...window, key: 'service', measure: 'endToEnd' })).items,
    ).toHaveLength(3)
  })
})

describe('the live tail', () => {
  it('has what settles, each request once, and says how many the limit held back', async () => {
    const first = await api.get(Live, 'explore/live', { measure: 'endToEnd' })
    const fresh = makeTraces({ traces: 50, fromMs: Date.now() - 60_000, toMs: Date.now(), seed: 99 })
    await writeTraces(api.db.clickhouse, fresh)
    const known = fresh.filter(({ duration }) => duration !== null).length
    let after = first.next
    let [arrived, shown] = [0, 0]
    for (const end = Date.now() + 10_000; arrived < known && Date.now() < end;) {
      const live = await api.get(Live, 'explore/live', { measure: 'endToEnd', after, limit: 20 })
      after = live.next
      arrived += live.arrived
      shown += live.items.length
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect([arrived, shown]).toEqual([known, 20])
    const later = await api.get(Live, 'explore/live', { measure: 'endToEnd', after })
    expect(later).toMatchObject({ arrived: 0, items: [] })
  })
})
