import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import { ClaimList } from '../../server/api/contract-claims.ts'
import { Comparison } from '../../server/api/contract-compare.ts'
import { Composition } from '../../server/api/contract-composition.ts'
import { Problem } from '../../server/api/contract.ts'
import { at, startMeasuredApi, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { hopIds, proxyIds } from './measured-traffic.ts'

/** Two groups of requests over stored facts, against a recount of every single one. */
let api: MeasuredApi
let traces: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db, 4_000)
}, 300_000)
afterAll(() => api?.stop())

const window = { from: String(at(9)), to: String(at(14)) }
const ask = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${api.url}/api/v1/compare`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
async function compare(a: object, b: object, more: object = {}): Promise<Comparison> {
  const response = await ask({ a: { filter: a, ...window }, b: { filter: b, ...window }, ...more })
  const body: unknown = await response.json()
  expect(response.status, JSON.stringify(body)).toBe(200)
  return Comparison.parse(body)
}
const gateways = (holds: (proxy: ProxyTraversal) => boolean) =>
  traces.flatMap(({ proxies }) => proxies).filter((proxy) => proxy.identity.workload === 'edge' && holds(proxy))

describe('a comparison', () => {
  it('of two versions that are equally fast finds no difference, and has every request of both', async () => {
    const filter = (version: string) => ({ proxy: proxyIds.gateway, version, environment: 'production' })
    const answer = await compare(filter('v1'), filter('v2'), { measure: 'overhead' })
    expect(answer.verdict).toBe('not_distinguishable')
    expect(answer.sentence).toMatch(/not distinguishable in in-process time/)
    for (const [side, version] of [
      ['a', 'v1'],
      ['b', 'v2'],
    ] as const) {
      const expected = gateways(
        (proxy) => proxy.version === version && proxy.identity.environment === 'production',
      ).length
      expect(answer[side]).toMatchObject({ n: expected, requests: expected, coverage: 1, fidelity: 'exact' })
    }
    expect(answer.matched).toEqual(['route', 'caller', 'callee', 'zone'])
    expect(answer.strata.reduce((sum, { n }) => sum + n.a + n.b, 0)).toBe(answer.a.n + answer.b.n)
    expect(answer.common).toBe(1)
  })

  it('has the quantiles of the values, null where too few allow none', async () => {
    const { quantiles } = await compare(
      { proxy: 'Edge', route: '/checkout' },
      { proxy: 'Edge' },
      { measure: 'overhead' },
    )
    const values = gateways(({ route }) => route === '/checkout')
      .map(({ overhead }) => overhead.ns!)
      .sort((x, y) => x - y)
    for (const q of [0.25, 0.5, 0.9]) {
      const told = quantiles!.find((one) => one.q === q)!
      expect(Math.abs(told.aNs! / values[Math.ceil(q * values.length) - 1]! - 1)).toBeLessThan(0.02)
      expect(told.diffNs).toBe(told.bNs! - told.aNs!)
    }
    const least = quantiles!.find(({ q }) => q === 0.999)!
    expect(least).toMatchObject({ aNs: null, diffNs: null, distinguishable: false, reasons: ['few_samples'] })
  })

  it('says which is faster, the other way round too, and by how much at p50 and beyond', async () => {
    const slow = { proxy: 'Edge', q: 'took > 600us' }
    const fast = { proxy: 'Edge', q: 'took < 400us' }
    const answer = await compare(slow, fast, { measure: 'overhead' })
    expect(answer.verdict).toBe('b_faster')
    expect(answer.sentence).toMatch(
      /^Edge · took < 400us is faster than Edge · took > 600us in in-process time: [\d.]+ µs less at p50/,
    )
    expect(answer.adjusted!.shift.hi).toBeLessThan(1)
    expect(answer.adjusted!.quantiles.find(({ q }) => q === 0.5)!.diffNs).toBeLessThan(0)
    expect((await compare(fast, slow, { measure: 'overhead' })).verdict).toBe('a_faster')
  })

  it('is at one level on both sides: that which the side with fewer values has most of', async () => {
    const answer = await compare({ proxy: 'Edge' }, { proxy: 'Edge' }, { measure: 'added' })
    expect([answer.a.fidelity, answer.b.fidelity]).toEqual(['modelled', 'modelled'])
    const modelled = gateways(({ added }) => added.fidelity === 'modelled').length
    expect(answer.a.n).toBe(modelled)
    const none = await compare({ proxy: 'Edge' }, { proxy: 'checkout' }, { measure: 'overhead' })
    expect(none).toMatchObject({ verdict: 'not_comparable', adjusted: null })
    expect(none.reasons).toContain('no_common_level')
    expect(none.sentence).toMatch(/cannot be compared: .*no level of fidelity has values on both sides/)
  })

  it('asks hops and whole requests by what is on their way', async () => {
    const hops = traces.flatMap(({ hops }) => hops)
    const count = async (filter: object, measure: string) => (await compare(filter, {}, { measure })).a
    expect((await count({ hop: hopIds.entry }, 'transit')).requests).toBe(
      (await count({ hop: hopIds.entry, service: 'checkout' }, 'transit')).requests,
    )
    expect((await count({}, 'transit')).requests).toBe(hops.length)
    const family = traces[0]!.proxies.find(({ identity }) => identity.workload === 'edge')!.identity.family
    const through = await count({ family, environment: 'production' }, 'endToEnd')
    expect(through.requests).toBe(traces.filter((trace) => trace.environment === 'production').length)
    expect((await count({ family: 'nothing' }, 'endToEnd')).requests).toBe(0)
    expect((await count({ version: 'v1' }, 'endToEnd')).requests).toBe(
      traces.filter(({ proxies }) => proxies.some(({ version }) => version === 'v1')).length,
    )
  })

  it('of routes that differ is matched by what they have in common, or not at all', async () => {
    const routes = await compare(
      { proxy: 'Edge', route: '/checkout' },
      { proxy: 'Edge', route: '/search' },
      { measure: 'overhead' },
    )
    expect(routes).toMatchObject({
      verdict: 'not_comparable',
      reasons: ['few_common_strata'],
      common: 0,
      adjusted: null,
    })
    expect(routes.shift).toBeDefined()
    const anyway = await compare(
      { proxy: 'Edge', route: '/checkout' },
      { proxy: 'Edge', route: '/search' },
      { measure: 'overhead', matchRoutes: false },
    )
    expect(anyway).toMatchObject({ verdict: 'not_distinguishable', matched: [], common: 1 })
    const loaded = await compare({ proxy: 'Edge' }, { proxy: 'Edge' }, { measure: 'overhead', matchLoad: true })
    expect(loaded.matched).toContain('load')
    expect(loaded.strata.every(({ keys }) => /^\d+$/.test(keys['load']!))).toBe(true)
  })

  it('of little or nothing says so', async () => {
    expect(await compare({ proxy: 'nobody' }, {}, { measure: 'added' })).toMatchObject({
      verdict: 'not_comparable',
      a: { n: 0, requests: 0 },
      adjusted: null,
    })
    const response = await ask({
      a: { filter: {}, from: String(at(9)), to: String(at(10)) },
      b: { filter: { route: '/checkout' }, from: String(at(12)), to: String(at(12, 6)) },
      measure: 'transit',
    })
    const brief = Comparison.parse(await response.json())
    expect(brief.verdict).toBe('not_comparable')
    expect(brief.reasons).toContain('few_minutes')
  })

  it('of the same requests twice, and of times that overlap, finds no difference', async () => {
    const twice = await compare({ proxy: 'Edge' }, { proxy: 'Edge' }, { measure: 'overhead' })
    expect([twice.verdict, twice.adjusted!.shift.ratio, twice.common]).toEqual(['not_distinguishable', 1, 1])
    for (const { diffNs } of twice.adjusted!.quantiles) expect(diffNs ?? 0).toBe(0)
    const side = (from: number, to: number) => ({
      filter: { proxy: 'Edge' },
      from: String(at(from)),
      to: String(at(to)),
    })
    const response = await ask({ a: side(9, 12), b: side(10, 14), measure: 'overhead' })
    expect(Comparison.parse(await response.json()).verdict).toBe('not_distinguishable')
  })

  it('with a dozen requests on one side is not comparable, and tells no quantile', async () => {
    const values = gateways(() => true)
      .map(({ overhead }) => overhead.ns!)
      .sort((x, y) => y - x)
    const few = await compare(
      { proxy: 'Edge', q: `took >= ${values[11]}ns` },
      { proxy: 'Edge' },
      { measure: 'overhead' },
    )
    expect([few.verdict, few.a.n]).toEqual(['not_comparable', 12])
    expect(few.reasons).toContain('few_requests')
    for (const { aNs, reasons } of few.quantiles!) expect([aNs, reasons]).toEqual([null, ['few_samples']])
  })

  it('answers the same again', async () => {
    const one = () => compare({ version: 'v1' }, { version: 'v2' }, { measure: 'added' })
    expect(await one()).toEqual(await one())
  })
})

describe('as Markdown', () => {
  const question = {
    a: { filter: { proxy: 'Edge', version: 'v1' }, ...window },
    b: { filter: { proxy: 'Edge', version: 'v2' }, ...window },
    measure: 'overhead',
  }
  it('has the sentence, the numbers with their intervals, the method, the question and the queries', async () => {
    const said = await compare(question.a.filter, question.b.filter, { measure: 'overhead' })
    const response = await ask(question, { accept: 'text/markdown' })
    expect(response.headers.get('content-type')).toMatch(/^text\/markdown/)
    const text = await response.text()
    expect(text).toContain(`# ${said.sentence}`)
    expect(text).toContain(said.method)
    for (const { sql } of said.sql) expect(text).toContain(sql)
    expect(text.match(/^\| p50 \|.*…/gm)).toHaveLength(2)
    const headers = { 'content-type': 'application/json' }
    const again = { method: 'POST', headers, body: JSON.stringify(question) }
    expect(await (await fetch(`${api.url}/api/v1/compare?format=md`, again)).text()).toBe(text)
  })

  it('has what else the screen shows: steadiness, kinds, what it is made of, resources and what it comes with', async () => {
    const said = await compare(question.a.filter, question.b.filter, { measure: 'overhead' })
    const markdown = async (asked: object) => (await ask({ ...question, ...asked }, { accept: 'text/markdown' })).text()
    const text = await markdown({})
    const titles = (of: string) => [...of.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles(text).slice(1)).toEqual([
      ...['As measured', 'Steadiness', 'By kind of request', 'What whole requests are made of'],
      ...['Resources per million requests', 'What it comes with', 'Method', 'Question'],
    ])
    for (const { ratio, lo, hi } of [said.adjusted!.tail, said.adjusted!.dispersion, said.adjusted!.jitter])
      expect(text).toContain(`| × ${ratio.toFixed(2)} | ${lo.toFixed(2)} … ${hi.toFixed(2)} | `)
    const [kind] = said.strata
    expect(text).toContain(`| ${kind!.n.a} | ${kind!.n.b} | `)
    expect(text).toMatch(/^\| together \| [\d.]+ ms \| [\d.]+ ms \|/m)
    // Nobody sent metrics: that is said, and is no 0.
    expect(text).toContain('Unknown: not sent.')
    expect(text).toContain('A and B have no value in common of version')
    // How long a proxy took narrows no whole requests, and unmatched requests have no kinds.
    const narrowed = { ...question.a, filter: { proxy: 'Edge', q: 'took > 1us' } }
    const other = titles(await markdown({ a: narrowed, matchRoutes: false }))
    expect(other).not.toContain('What whole requests are made of')
    expect(other).not.toContain('By kind of request')
  })

  it('its queries can be asked as they stand', async () => {
    const { sql, a } = await compare({ route: "it's \\ here" }, { version: 'v2' }, { measure: 'endToEnd' })
    expect(a.requests).toBe(0)
    for (const one of sql) expect(await api.db.clickhouse.query(one.sql)).toBeDefined()
  })
})

describe('what requests are made of', () => {
  async function composition(b?: object): Promise<Composition> {
    const body = JSON.stringify({ a: { filter: {}, ...window }, ...(b && { b: { filter: b, ...window } }) })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${api.url}/api/v1/composition`, { method: 'POST', headers, body })
    return Composition.parse(await response.json())
  }
  const sumOf = (parts: readonly (number | null)[]) => parts.reduce<number>((sum, part) => sum + part!, 0)

  it('adds up exactly, on average and around every quantile, and so does the difference', async () => {
    const { at, a } = await composition({ version: 'v1' })
    expect(a).toMatchObject({ requests: traces.length, rootless: traces.filter((one) => one.duration === null).length })
    expect(at.map(({ q }) => q)).toEqual([null, 0.5, 0.9, 0.95, 0.99])
    for (const { q, a, b, classes, reasons } of at) {
      // Some have no root: any of them could be among the slowest.
      if (q !== 0.95) expect(reasons).toEqual(q === 0.99 ? ['low_coverage'] : [])
      if (a === null) continue
      expect(sumOf(classes.map(({ aNs }) => aNs))).toBe(a.meanNs)
      expect(sumOf(classes.map(({ bNs }) => bNs))).toBe(b!.meanNs)
      expect(sumOf(classes.map(({ diffNs }) => diffNs))).toBe(b!.meanNs - a.meanNs)
    }
  })

  it('is that of the critical paths', async () => {
    const { at, b } = await composition()
    expect(b).toBeNull()
    const whole = traces.filter((one) => one.duration !== null)
    const mean = sumOf(whole.map(({ duration }) => duration)) / whole.length
    expect(at[0]!.a!.meanNs).toBe(Math.round(mean))
    for (const { class: name, aNs, diffNs, distinguishable } of at[0]!.classes) {
      const pieces = whole.flatMap(({ criticalPath }) => criticalPath.filter((piece) => piece.class === name))
      expect(Math.abs(aNs - sumOf(pieces.map(({ ns }) => ns)) / whole.length)).toBeLessThanOrEqual(1)
      expect([diffNs, distinguishable]).toEqual([null, false])
    }
  })

  it('of nothing, and of a filter that whole requests do not have, says so', async () => {
    const { at, a } = await composition({ route: 'nowhere' })
    expect(a.requests).toBeGreaterThan(0)
    for (const { reasons, classes } of at) expect([reasons, classes]).toEqual([['few_samples'], []])
    const body = JSON.stringify({ a: { filter: { q: 'caller = x' } } })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${api.url}/api/v1/composition`, { method: 'POST', headers, body })
    expect([response.status, Problem.parse(await response.json()).field]).toEqual([400, 'a.filter.q'])
  })
})

it('published figures stand beside one’s own, each with what it is of and why it is comparable or not', async () => {
  const { items, own } = await api.get(ClaimList, 'claims', window)
  for (const { says, source, method, load, measured, why } of items)
    for (const words of [says, source, method, load, measured, why]) expect(words).not.toBe('')
  for (const { own: id } of items) if (id !== null) expect(own.map((one) => one.id)).toContain(id)
  const edge = own.find(({ id }) => id === 'gateways')!
  const values = traces
    .flatMap(({ proxies }) => proxies)
    .filter(({ identity, added }) => identity.role === 'gateway' && added.fidelity === edge.fidelity)
    .map(({ added }) => (edge.fidelity === 'bounded' ? added.hiNs! : added.ns!))
    .sort((x, y) => x - y)
  expect(edge.n).toBe(values.length)
  const [p50] = edge.quantiles
  expect(Math.abs(p50!.ns! / values[Math.ceil(values.length / 2) - 1]! - 1)).toBeLessThan(0.011)
  expect(p50!.loNs! <= p50!.ns! && p50!.ns! <= p50!.hiNs!).toBe(true)
})

describe('what cannot be asked', () => {
  it.each([
    [{ a: { filter: { hop: 'x' } }, b: {}, measure: 'added' }, 'a.filter.hop', /no field “hop”/],
    [{ a: {}, b: { filter: { q: 'took >' } } }, 'b.filter.q', /value/],
    [{ a: {}, b: { filter: { dataPlane: 'mesh' } } }, 'b.filter.dataPlane', /./],
    [{ a: { from: 'now', to: 'now-1h' }, b: {} }, 'a.from', /not before to/],
    [{ a: {} }, 'b', /./],
    [{ a: {}, b: {}, measure: 'latency' }, 'measure', /./],
    [{ a: {}, b: {}, cohort: 1 }, 'cohort', /no such parameter/],
    [{ a: { filter: { proxy: 'x'.repeat(300) } }, b: {} }, 'a.filter.proxy', /./],
    ['[', undefined, /not JSON/],
  ])('%j names what is wrong', async (body, field, detail) => {
    const response = await ask(body)
    expect(response.status).toBe(400)
    const problem = Problem.parse(await response.json())
    expect(problem.field).toBe(field)
    expect(problem.detail).toMatch(detail)
  })

  it('takes neither other methods, nor pages of other sites, nor a body without end', async () => {
    expect((await fetch(`${api.url}/api/v1/compare`)).status).toBe(405)
    expect((await ask({ a: {}, b: {} }, { origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await ask({ a: {}, b: {}, x: 'x'.repeat(40_000) })).status).toBe(413)
  })

  it('values of a filter are values, whatever they hold', async () => {
    for (const evil of ["' OR 1=1 --", '\\', '{f0:String}', '🙂', '"'])
      expect((await compare({ route: evil }, { proxy: evil, zone: evil, family: evil })).a.n).toBe(0)
  })
})
