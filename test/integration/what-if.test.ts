import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exported, exportOf } from '../../bench/accuracy/otlp.ts'
import { randomFrom } from '../../bench/accuracy/random.ts'
import { simulate } from '../../bench/accuracy/simulate.ts'
import type { ProxyList } from '../../server/api/contract-measurements.ts'
import { Problem } from '../../server/api/contract.ts'
import { WhatIf, WhatIfRequest } from '../../server/api/contract-what-if.ts'
import { openPart } from '../../server/queries/what-if/part.ts'
import { readWhatIf } from '../../server/queries/what-if/what-if.ts'
import { connect } from '../../storage/clickhouse.ts'
import { settled } from '../browser/traffic.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import { requestsOf, through, withoutSidecars } from '../made-requests.ts'

/** What would be, asked of the whole program, against requests that are made again as they would be (algorithms.md section 10). */
/** As many as p99 takes. */
const count = 2_000
const requests = requestsOf(21, count)
let hopscope: RunningHopscope
beforeAll(async () => {
  hopscope = await startHopscope({
    HOPSCOPE_SETTLE_QUIET_MS: '1000',
    HOPSCOPE_SETTLE_MAX_MS: '10000',
    HOPSCOPE_NETWORK_RTT_US: '0',
  })
  const fromMs = Date.now() - 40 * 60_000
  for (let from = 0; from < count; from += 200) {
    const spans = requests
      .slice(from, from + 200)
      .flatMap(({ route, client, seed }, i) =>
        exported(simulate(randomFrom(seed), route, client), fromMs + (from + i) * 900, () => 0),
      )
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${hopscope.otlpHttpUrl}/v1/traces`, {
      method: 'POST',
      headers,
      body: exportOf(spans),
    })
    expect(response.status).toBe(200)
  }
  await settled(hopscope, count)
}, 300_000)
afterAll(() => hopscope?.stop())

const ask = (body: unknown) =>
  fetch(`${hopscope.apiUrl}/api/v1/what-if`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
async function whatIf(change: object, filter: object = {}): Promise<WhatIf> {
  const response = await ask({ cohort: { filter }, change })
  const body: unknown = await response.json()
  expect(response.status, JSON.stringify(body)).toBe(200)
  return WhatIf.parse(body)
}

describe('a what-if', () => {
  it('without sidecars, predicts what requests take when they are made again without', async () => {
    const answer = await whatIf({ kind: 'remove', target: { dataPlane: 'sidecar' } })
    expect(answer.requests).toMatchObject({ all: count, rootless: 0, retimed: count, unreadable: 0 })
    const truth = requests
      .map(({ route, client, seed }) => {
        const { root } = simulate(randomFrom(seed + 1), through(route, withoutSidecars), client)
        return 1000 * (root.to - root.from)
      })
      .sort((a, b) => a - b)
    expect(answer.quantiles.map(({ q }) => q)).toEqual([0.5, 0.9, 0.95, 0.99])
    for (const { q, beforeNs, loNs, hiNs } of answer.quantiles) {
      const trueNs = truth[Math.ceil(q * count) - 1]!
      expect([q, loNs! <= trueNs, trueNs <= hiNs!]).toEqual([q, true, true])
      expect(hiNs! - loNs!).toBeLessThan(0.4 * beforeNs!)
    }
    expect(answer.saved!.loNs).toBeGreaterThan(0)
    expect(answer.saved!.hiNs).toBeGreaterThan(answer.saved!.loNs)
    expect(answer.assumptions.length).toBeGreaterThan(4)
    expect(answer.sql.every(({ sql }) => !/\{\w+:/.test(sql))).toBe(true)
  })

  it('of nothing changed comes to what was', async () => {
    const answer = await whatIf({ kind: 'scale', target: {}, factor: 1 })
    expect(answer.saved).toMatchObject({ meanNs: 0, loNs: 0, hiNs: 0 })
    for (const { beforeNs, afterNs } of answer.quantiles) expect(afterNs).toBe(beforeNs)
    expect([answer.fidelity, answer.overtaken]).toEqual(['modelled', 0])
  })

  it('adds and caches: more takes longer, calls that are not made take nothing', async () => {
    const added = await whatIf({ kind: 'add', target: { dataPlane: 'gateway' }, ns: 2_000_000 })
    expect(added.saved!.hiNs).toBeLessThan(-1_000_000)
    const cached = await whatIf({ kind: 'cache', service: 'w-stock', share: 0.5 })
    expect(cached.requests.concerned).toBeGreaterThan(0)
    expect(cached.saved!.loNs).toBeGreaterThan(0)
  })

  it('puts one proxy in place of another, within a range of both ways, and by itself changes next to nothing', async () => {
    const { items } = (await (await fetch(`${hopscope.apiUrl}/api/v1/proxies`)).json()) as ProxyList
    const gateway = items.find(({ role, overhead }) => role === 'gateway' && overhead[0]?.fidelity === 'exact')!
    const target = { proxy: gateway.id }
    const by = { filter: { proxy: gateway.id } }
    const answer = await whatIf({ kind: 'replace', target, by }, { proxy: gateway.id })
    expect(answer.replacements.map(({ how }) => how)).toEqual(['same rank', 'any rank'])
    expect(answer.requests.concerned).toBe(answer.requests.retimed)
    // Buckets are 2.2 % wide.
    expect(answer.saved!.loNs).toBeLessThanOrEqual(0)
    expect(answer.saved!.hiNs).toBeGreaterThanOrEqual(0)
    expect(answer.saved!.share.hi - answer.saved!.share.lo).toBeLessThan(0.2)
    expect(answer.sentence).toContain(`With the in-process time of ${gateway.name} in place of that of ${gateway.name}`)
  })

  it('of more requests than are re-timed draws runs of neighbours, which say the same of all', async () => {
    const change = { kind: 'remove', target: { dataPlane: 'sidecar' } }
    const all = await whatIf(change)
    const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
    const asked = WhatIfRequest.parse({ cohort: { filter: {} }, change })
    const options = { signal: new AbortController().signal, queryId: 'what-if-of-some', most: 1_000 }
    const parts = [openPart(clickhouse), openPart(clickhouse)]
    const some = await readWhatIf(clickhouse, parts, asked, { networkRttNs: null }, options)
    await clickhouse.close()
    expect(some.requests).toMatchObject({ all: count, rootless: 0, unreadable: 0 })
    expect(some.requests.retimed).toBeGreaterThan(900)
    expect(some.requests.retimed).toBeLessThanOrEqual(1_000)
    const ofSome = some.quantiles.filter(({ reasons }) => reasons.length === 0)
    expect(ofSome.map(({ q }) => q)).toEqual([0.5, 0.9, 0.95])
    for (const [i, { q, beforeLoNs, beforeHiNs, loNs, hiNs }] of ofSome.entries()) {
      const { beforeNs, loNs: lo, hiNs: hi } = all.quantiles[i]!
      expect([q, beforeLoNs! <= beforeNs!, beforeNs! <= beforeHiNs!]).toEqual([q, true, true])
      expect([q, loNs! <= hi!, lo! <= hiNs!]).toEqual([q, true, true])
      expect(beforeHiNs! - beforeLoNs!).toBeLessThan(0.4 * beforeNs!)
    }
    expect(some.assumptions.at(-1)).toMatch(/^Requests were drawn in \d+ runs of \d/)
    expect(all.assumptions.at(-1)).toMatch(/independent/)
  })

  it('of nothing says so, and why', async () => {
    const none = await whatIf({ kind: 'remove', target: {} }, { route: 'nowhere' })
    expect(none).toMatchObject({ saved: null, fidelity: 'unknown', overtaken: null, reasons: ['no_requests'] })
    expect(none.sentence).toMatch(/nothing can be said/)
    expect(none.quantiles.every(({ beforeNs, reasons }) => beforeNs === null && reasons.length === 1)).toBe(true)
    const nobody = await whatIf({ kind: 'remove', target: { proxy: 'nobody' } })
    expect(nobody).toMatchObject({ reasons: ['not_concerned'], saved: { meanNs: 0 } })
    const by = { filter: { proxy: 'nobody' } }
    expect((await whatIf({ kind: 'replace', target: {}, by })).reasons).toEqual(['no_replacement'])
  })
})

it.each([
  [{ cohort: { filter: { q: 'took >' } }, change: { kind: 'noRetries' } }, 'cohort.filter.q'],
  [{ cohort: { filter: {} }, change: { kind: 'cache', service: 'x', share: 2 } }, 'change.share'],
  [{ cohort: { filter: {} }, change: { kind: 'forget' } }, 'change.kind'],
  [{ cohort: { filter: {} }, change: { kind: 'replace', by: { filter: { hop: 'x' } } } }, 'change.by.filter.hop'],
  [{ cohort: {} }, 'change'],
])('%j names what is wrong', async (body, field) => {
  const response = await ask(body)
  expect(response.status).toBe(400)
  expect(Problem.parse(await response.json()).field).toBe(field)
})
