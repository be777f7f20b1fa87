import { describe, expect, it } from 'vitest'
import { tracesOf } from '../../test/otlp-json.ts'
import { t1Export, t1SpanId } from '../../test/t1.ts'
import { analyseTrace } from './analyse.ts'
import { sumClasses } from './tax.ts'
import type { AnalysisSettings, TraceAnalysis, TraceInput } from './types.ts'

/** T1 of algorithms.md section 2, "T1-nodes", and what its test catalogue (section 12) says of it. */
const us = 1000
const input = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!
const analyse = (settings: Partial<AnalysisSettings> = {}, trace: TraceInput = input) =>
  analyseTrace(trace, { networkRttNs: null, ...settings })
const rows = ['g', 'gu', 'p1', 'A', 'c1', 'o1', 'i1', 'B', 'c2', 'o2', 'i2', 'C']
const selfTimes = (trace: TraceAnalysis) =>
  Object.fromEntries(rows.map((id) => [id, trace.spans.find((span) => span.spanId === t1SpanId(id))!.self.ns! / us]))
const proxy = (trace: TraceAnalysis, id: string) => trace.proxies.find((p) => p.spanId === t1SpanId(id))!
const expectedSelf = {
  g: 500,
  gu: 400,
  p1: 400,
  A: 2000,
  c1: 100,
  o1: 700,
  i1: 350,
  B: 3850,
  c2: 120,
  o2: 680,
  i2: 350,
  C: 2550,
}

describe('T1', () => {
  const trace = analyse()

  it('SELF-1: has the self times of D1', () => {
    expect(selfTimes(trace)).toEqual(expectedSelf)
  })

  it('SELF-3: keeps them, and all else, under ±2 ms of clock offset per node', () => {
    const offsets: Record<string, number> = {
      'node-edge': 0,
      'node-a': 2_000_000,
      'node-b': -2_000_000,
      'node-c': 1_300_000,
    }
    const skewed = input.spans.map((span) => ({
      ...span,
      start: span.start + offsets[span.resource.attributes.get('k8s.node.name')!]!,
    }))
    const moved = analyse({}, { ...input, spans: skewed })
    expect(selfTimes(moved)).toEqual(expectedSelf)
    expect(moved.hops.map((hop) => hop.transit.ns)).toEqual(trace.hops.map((hop) => hop.transit.ns))
    expect(moved.proxies.map((p) => [p.overhead, p.added])).toEqual(trace.proxies.map((p) => [p.overhead, p.added]))
    expect(sumClasses(moved.criticalPath)).toEqual(sumClasses(trace.criticalPath))
  })

  it('does not depend on the order of the spans', () => {
    expect(analyse({}, { ...input, spans: [...input.spans].reverse() })).toEqual(trace)
  })

  const hop = (callee: string) => {
    const { kind, caller, transit, segments } = trace.hops.find((one) => one.callee?.service === callee)!
    return [kind, caller?.service, transit.ns! / us, ...segments.map((s) => `${s.class} ${s.ns / us}`)]
  }

  it('HOP-1: takes 1150 = 100 + 700 + 350 from A to B, and 1150 = 120 + 680 + 350 to C (D3)', () => {
    expect(hop('cart')).toEqual(['internal', 'checkout', 1150, 'loopback 100', 'proxy.out+wire 700', 'proxy.in 350'])
    expect(hop('pay')).toEqual(['internal', 'checkout', 1150, 'loopback 120', 'proxy.out+wire 680', 'proxy.in 350'])
    expect(trace.hops).toHaveLength(3)
  })

  it('HOP-2: enters over a hop of 1300 = 500 + 400 + 400', () => {
    expect(hop('checkout')).toEqual(['entry', undefined, 1300, 'gateway.proc 500', 'wire 400', 'proxy.in 400'])
  })

  it('PROXY-1: knows the gateway exactly, 500 of 300 and 200 (D4)', () => {
    const { overhead, requestPath, responsePath } = proxy(trace, 'g')
    expect([overhead.ns, requestPath.ns, responsePath.ns]).toEqual([500 * us, 300 * us, 200 * us])
    expect(overhead.fidelity).toBe('exact')
  })

  it('bounds the sidecars (D4)', () => {
    const upper = ['p1', 'o1', 'i1', 'o2', 'i2'].map((id) => proxy(trace, id).overhead)
    expect(upper.map((m) => [m.fidelity, m.loNs, m.hiNs! / us])).toEqual(
      [400, 700, 350, 680, 350].map((hi) => ['bounded', 0, hi]),
    )
    expect(proxy(trace, 'p1').overhead.reasons).toContain('tight_upper')
    expect(proxy(trace, 'o1').overhead.reasons).not.toContain('tight_upper')
  })

  it('PROXY-6: has the added intervals and estimates of D4b', () => {
    const added = ['g', 'p1', 'o1', 'i1', 'o2', 'i2'].map((id) => proxy(trace, id).added)
    expect(added.map((m) => [m.loNs, m.ns, m.hiNs])).toEqual([
      [500 * us, null, null],
      [0, 400 * us, 800 * us],
      [0, null, 800 * us],
      [0, 350 * us, 1050 * us],
      [0, null, 800 * us],
      [0, 350 * us, 1030 * us],
    ])
    // With a round trip configured, what crosses nodes gets an estimate too.
    expect(proxy(analyse({ networkRttNs: 300 * us }), 'o1').added).toMatchObject({ ns: 400 * us, fidelity: 'modelled' })
  })

  it('CP-1: has the 23 segments and class sums of D7', () => {
    expect(trace.criticalPath).toHaveLength(23)
    const sums = Object.fromEntries(Object.entries(sumClasses(trace.criticalPath)).map(([cls, ns]) => [cls, ns / us]))
    expect(sums).toEqual({
      'gateway.proc': 500,
      wire: 400,
      'proxy.in': 1100,
      app: 2000 + 3850 + 2550,
      loopback: 220,
      'proxy.out+wire': 1380,
    })
  })

  it('TAX-1: 0, 2700, 1900 with a given wire of 400, 500 for the gateway and 900 with its wire (D8)', () => {
    const work = { removableNs: 2700 * us, workNs: (400 + 700 + 350 + 680 + 350) * us }
    expect(trace.tax.mesh).toEqual({ lowerNs: 0, upperNs: 2700 * us, estimateNs: null, share: 0.225, ...work })
    expect(trace.tax.gateway).toEqual({
      lowerNs: 500 * us,
      upperNs: 500 * us,
      estimateNs: 500 * us,
      share: 500 / 12_000,
      removableNs: 500 * us,
      workNs: 500 * us,
    })
    const entry = trace.hops.find((hop) => hop.kind === 'entry')!
    expect(trace.tax.gateway.upperNs + entry.wire.ns!).toBe(900 * us)
    const known = analyse({ wire: () => 400 * us }).tax
    expect(known.mesh).toMatchObject({ lowerNs: 0, upperNs: 2700 * us, estimateNs: 1900 * us, share: 1900 / 12_000 })
    expect(known.gateway).toMatchObject({ lowerNs: 500 * us, upperNs: 500 * us, estimateNs: 500 * us })
  })

  it('estimates what single-span proxies spend where the wire is calibrated (D4)', () => {
    const known = analyse({ wire: () => 400 * us })
    const overheads = ['g', 'p1', 'o1', 'i1', 'o2', 'i2'].map((id) => proxy(known, id).overhead)
    expect(overheads.map((m) => [m.fidelity, m.loNs, m.ns, m.hiNs])).toEqual([
      ['exact', 500 * us, 500 * us, 500 * us],
      ['bounded', 0, null, 400 * us],
      ['modelled', 0, 300 * us, 700 * us],
      ['bounded', 0, null, 350 * us],
      ['modelled', 0, 280 * us, 680 * us],
      ['bounded', 0, null, 350 * us],
    ])
    expect(overheads[2]!.reasons).toContain('modeled')
    expect(known.proxies.map((p) => p.added)).toEqual(trace.proxies.map((p) => p.added))
  })

  it('asks for the wire between the nodes of each pair, and publishes nothing where one is unknown', () => {
    const asked = new Set<string>()
    const partly = analyse({
      wire: (from, to) => {
        asked.add(`${from.machine} > ${to.machine}`)
        return to.machine === 'node node-b' ? 400 * us : null
      },
    })
    expect([...asked].sort()).toEqual(['node node-a > node node-b', 'node node-a > node node-c'])
    expect(proxy(partly, 'o1').overhead.fidelity).toBe('modelled')
    expect(proxy(partly, 'o2').overhead.fidelity).toBe('bounded')
    expect(partly.tax.mesh).toMatchObject({ lowerNs: 0, upperNs: 2700 * us, estimateNs: null, share: 0.225 })
  })

  it('teaches the wire behind the gateway and two clock offsets', () => {
    // A CLIENT span of KrakenD ends with the headers of its answer, so it tells a wire but no offset.
    expect(trace.exchanges.map(({ from, to, offset, wireNs }) => [from.machine, to.machine, offset, wireNs])).toEqual([
      ['node node-edge', 'node node-a', null, 400 * us],
      ['node node-a', 'node node-b', { lo: -301 * us, up: 401 * us }, null],
      ['node node-a', 'node node-c', { lo: -291 * us, up: 391 * us }, null],
    ])
  })

  it('names each sidecar once, whatever pod it runs in', () => {
    const names = trace.proxies.map(({ identity }) => `${identity.role} ${identity.name}`)
    expect(names).toEqual([
      'gateway krakend-edge',
      'sidecar-inbound checkout',
      'sidecar-outbound checkout',
      'sidecar-inbound cart',
      'sidecar-outbound checkout',
      'sidecar-inbound pay',
    ])
    expect(new Set(trace.proxies.map(({ identity }) => identity.proxyId)).size).toBe(5)
  })
})
