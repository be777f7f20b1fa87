import { describe, expect, it } from 'vitest'
import { exported, exportOf } from '../bench/accuracy/otlp.ts'
import { randomFrom } from '../bench/accuracy/random.ts'
import { simulate, type MadeRequest } from '../bench/accuracy/simulate.ts'
import type { Proxy } from '../bench/accuracy/spans.ts'
import { outcomeOf, type WhatIf } from '../server/analysis/what-if.ts'
import type { AnalysisSettings } from '../server/analysis/types.ts'
import { retimedQuantiles } from '../server/statistics/what-if.ts'
import { requestsOf, through, withoutSidecars } from './made-requests.ts'
import { picture } from './picture.ts'
import { tracesOf, type ExportRequest } from './otlp-json.ts'

/** What would be, held against requests that are made again as they would be (algorithms.md section 10). */
const traceOf = (made: MadeRequest) =>
  tracesOf([JSON.parse(exportOf(exported(made, Date.UTC(2030, 0, 1), () => 0))) as ExportRequest])[0]!
const settings: AnalysisSettings = { networkRttNs: null }

it('WHATIF-3: proxies that take 0.4 of their time give what is so when they do', () => {
  const pairs = (proxy: Proxy): Proxy =>
    proxy.family === 'ztunnel' || proxy.family === 'krakend'
      ? proxy
      : { ...proxy, family: 'envoy', sends: 'server + upstream' }
  const whatIf: WhatIf = { concerns: () => true, work: (ns) => 0.4 * ns }
  let [compared, off, before, said, truth] = [0, 0, 0, 0, 0]
  for (const { route, client, seed } of requestsOf(11, 500)) {
    const told = through(route, pairs)
    if (/"ztunnel"/.test(JSON.stringify(told))) continue
    const made = simulate(randomFrom(seed), told, client)
    const again = simulate(randomFrom(seed), told, client, (us) => 0.4 * us)
    const outcome = outcomeOf(traceOf(made), settings, whatIf)!
    const trueNs = 1000 * (again.root.to - again.root.from)
    expect([outcome.lower, outcome.upper]).toEqual([outcome.estimate, outcome.estimate])
    compared++
    before += outcome.before
    said += outcome.estimate!
    truth += trueNs
    // Each way through a proxy is rounded to a microsecond.
    off += Number(Math.abs(outcome.estimate! - trueNs) > 12_000)
  }
  expect(compared).toBeGreaterThan(300)
  expect(off).toBe(0)
  expect(Math.abs(said - truth)).toBeLessThan(0.001 * (before - truth))
})

it('without sidecars, requests would be what they are when they are made again without', () => {
  const requests = requestsOf(12, 900)
  const whatIf: WhatIf = { concerns: ({ role }) => role.startsWith('sidecar'), removed: true }
  const outcomes = requests.map(({ route, client, seed }) =>
    outcomeOf(traceOf(simulate(randomFrom(seed), route, client)), settings, whatIf)!,
  )
  const truth = requests.map(({ route, client, seed }) => {
    const { root } = simulate(randomFrom(seed + 1), through(route, withoutSidecars), client)
    return 1000 * (root.to - root.from)
  })
  const all = (of: (one: (typeof outcomes)[number]) => number) => outcomes.map(of)
  const predicted = retimedQuantiles(
    { before: all((one) => one.before), lower: all((one) => one.lower), upper: all((one) => one.upper) },
    [0.5, 0.95, 0.99],
  )
  const sorted = truth.sort((a, b) => a - b)
  for (const { q, beforeNs, loNs, hiNs } of predicted) {
    const trueNs = sorted[Math.ceil(q * truth.length) - 1]!
    expect([q, loNs <= trueNs, trueNs <= hiNs]).toEqual([q, true, true])
    expect(hiNs - loNs).toBeLessThan(0.4 * beforeNs)
  }
  expect(all((one) => Number(one.upper <= one.lower && one.lower <= one.before)).every((ok) => ok === 1)).toBe(true)
})

describe('one trace', () => {
  const traced = (drawing: string, whatIf: WhatIf) => {
    const outcome = outcomeOf(picture(drawing), settings, whatIf)
    return outcome && { ...outcome, lower: outcome.lower / 1000, upper: outcome.upper / 1000 }
  }
  const retried = `
    g S gateway:edge 0-1000
      u1 C up:edge 100-300 http.status_code=503
      u2 C up:edge 400-900 http.status_code=200
        b S go:pay 450-850`

  it('says nothing without a root, and nothing new when nothing is asked', () => {
    expect(outcomeOf({ traceId: '1', baseUnixNano: 0n, spans: [] }, settings, {})).toBeNull()
    expect(traced(retried, {})).toMatchObject({ before: 1_000_000, lower: 1000, upper: 1000, overtaken: false })
  })

  it('has no time for what was tried in vain when nothing is tried again', () => {
    expect(traced(retried, { withoutRetries: true })!.upper).toBe(700)
  })

  it('leaves out calls that a cache would answer, as many as are said', () => {
    const calls = `
      root S go:root 0-1000
        a C go:root 100-400
          x S go:stock 150-350
        b C go:root 500-900
          y S go:stock 550-850`
    expect(traced(calls, { cached: { service: 'stock', share: 1 } })!.lower).toBe(300)
    expect(traced(calls, { cached: { service: 'stock', share: 0 } })!.lower).toBe(1000)
    expect(traced(calls, { cached: { service: 'other', share: 1 } })!.lower).toBe(1000)
  })
})
