import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tracesOf, type ExportRequest } from '../../test/otlp-json.ts'
import { analyseTrace } from './analyse.ts'
import type { ProxyTraversal, TraceAnalysis } from './types.ts'

/** The composed documents; the figures are those of proxy-spans.md section 9, in ms. */
const documents = JSON.parse(
  readFileSync(new URL('../../test/fixtures/proxy-span-examples.json', import.meta.url), 'utf8'),
) as ExportRequest[]
const analyse = (index: number): TraceAnalysis =>
  analyseTrace(tracesOf([documents[index]!])[0]!, { networkRttNs: null })
const ms = (ns: number | null) => (ns === null ? null : ns / 1e6)
const brief = ({ identity, overhead }: ProxyTraversal) => [
  identity.family,
  identity.role,
  identity.name,
  overhead.fidelity,
  ms(overhead.ns ?? overhead.hiNs),
]
const transits = (trace: TraceAnalysis) =>
  trace.hops.map((hop) => [hop.kind, ms(hop.transit.ns), hop.segments.map((s) => ms(s.ns))])
const selfTimes = (trace: TraceAnalysis) => trace.spans.map((span) => ms(span.self.ns))

describe('composed documents', () => {
  it.each([0, 16])('%i: two sidecars, applications without spans', (index) => {
    const trace = analyse(index)
    expect(trace.proxies.map(brief)).toEqual([
      ['envoy', 'sidecar-outbound', 'frontend', 'bounded', 1.8],
      ['envoy', 'sidecar-inbound', 'orders', 'unknown', null],
    ])
    expect(trace.spans.map((span) => ms(span.duration))).toEqual([19, 17.2])
  })

  it('1: two sidecars between instrumented applications', () => {
    const trace = analyse(1)
    expect(transits(trace)).toEqual([['internal', 4.4, [1.2, 2, 1.2]]])
    expect(trace.proxies.map(brief)).toEqual([
      ['envoy', 'sidecar-outbound', 'frontend', 'bounded', 2],
      ['envoy', 'sidecar-inbound', 'orders', 'bounded', 1.2],
    ])
  })

  it('2: ingress gateway with its upstream span', () => {
    const trace = analyse(2)
    expect(trace.proxies.map(brief)).toEqual([
      ['envoy', 'gateway', 'istio-ingressgateway', 'exact', 0.6],
      ['envoy', 'sidecar-inbound', 'frontend', 'bounded', 1.1],
    ])
    expect(transits(trace)).toEqual([['entry', 3.7, [0.6, 2, 1.1]]])
  })

  it('3: KrakenD, three backends at once', () => {
    const trace = analyse(3)
    expect(trace.proxies.map(brief)).toEqual([['krakend', 'gateway', 'krakend-edge', 'exact', 2.84]])
    expect(selfTimes(trace).slice(0, 2)).toEqual([1.7, 0.55])
    expect(ms(trace.duration)).toBe(34.3)
    // The critical backend: its CLIENT, the reading of the body, the rest of it.
    const critical = trace.spans.filter((span) => /prices/.test(span.input.attributes.get('http.route') ?? ''))
    expect(critical.map((span) => ms(span.duration))).toEqual([32.03, 31.09, 0.34])
    expect(ms(critical[0]!.self.ns)).toBe(0.6)
    expect(ms(trace.proxies[0]!.connectNs)).toBe(7.2)
  })

  it('4: KrakenD, three backends one after another', () => {
    const trace = analyse(4)
    expect(trace.proxies.map(brief)).toEqual([['krakend', 'gateway', 'krakend-edge', 'exact', 4.62]])
    expect(selfTimes(trace)[1]).toBe(1.05)
  })

  it('5, 6: waypoints, called by their own name', () => {
    const trace = analyse(5)
    expect(transits(trace)).toEqual([['internal', 6.3, [3, 3.3]]])
    expect(trace.hops[0]!.dataPlane).toBe('waypoint')
    expect(trace.proxies[0]!.identity).toMatchObject({ role: 'waypoint', name: 'waypoint.shop' })
    expect(analyse(6).proxies[0]!.identity).toMatchObject({ role: 'waypoint', name: 'waypoint.shop' })
  })

  it('7: a gateway whose first attempt could not connect', () => {
    const [gateway] = analyse(7).proxies
    expect(brief(gateway!)).toEqual(['envoy', 'gateway', 'istio-ingressgateway', 'exact', 0.7])
    expect(gateway!.retry).toEqual({ attempts: 2, backoffNs: 13_500_000, wastedNs: 10_200_000 })
  })

  it('8: a sidecar that answers by itself', () => {
    const trace = analyse(8)
    expect(trace.proxies.map(brief)).toEqual([['envoy', 'sidecar-outbound', 'frontend', 'exact', 0.31]])
    expect(trace.proxies[0]).toMatchObject({ localReply: true, error: true, status: 503, responseFlags: 'UH' })
    expect(trace.hops).toEqual([])
  })

  it('9: Linkerd, both legs of each proxy', () => {
    const trace = analyse(9)
    expect(trace.spans.map((span) => ms(span.duration))).toEqual([20.1, 19, 18.54, 17.2, 16.8, 15.9])
    expect(trace.proxies.map(brief)).toEqual([
      ['linkerd', 'sidecar-outbound', 'frontend', 'exact', 0.46],
      ['linkerd', 'sidecar-inbound', 'orders', 'exact', 0.4],
    ])
    const [hop] = trace.hops
    expect(hop!.segments.map((s) => [s.class, ms(s.ns)])).toEqual([
      ['loopback', 1.1],
      ['proxy.proc', 0.46],
      ['wire', 1.34],
      ['proxy.proc', 0.4],
      ['loopback', 0.9],
    ])
  })

  it('10: Kong, its plugins and DNS within its own time', () => {
    const trace = analyse(10)
    expect(trace.proxies.map(brief)).toEqual([['kong', 'gateway', 'kong', 'exact', 1.55]])
    const stages = Object.fromEntries(trace.spans.map((span) => [span.input.name, [span.role, ms(span.duration)]]))
    expect(stages).toMatchObject({
      'kong.dns': ['middleware-stage', 0.37],
      'kong.access.plugin.key-auth': ['middleware-stage', 0.6],
      'kong.balancer': ['gateway', 14.25],
    })
    expect(transits(trace)).toEqual([['entry', 3.3, [1.55, 1.75]]])
  })

  it('11: NGINX with its clock of a millisecond', () => {
    const trace = analyse(11)
    const [proxy] = trace.proxies
    expect(brief(proxy!)).toEqual(['nginx', 'gateway', 'nginx', 'bounded', 4.3])
    expect(proxy!.overhead.reasons).toContain('coarse_clock')
    const { self } = trace.spans[0]!
    expect([self.ns, self.loNs, self.hiNs].map(ms)).toEqual([2.3, 0.3, 4.3])
  })

  it('12: Traefik, its upstream span ending with the headers', () => {
    const trace = analyse(12)
    expect(trace.proxies.map(brief)).toEqual([['traefik', 'gateway', 'traefik', 'exact', 1.55]])
    expect(transits(trace)).toEqual([['entry', 2.4, [1.55, 0.85]]])
  })

  it('13: KrakenD with a backend that timed out', () => {
    const trace = analyse(13)
    expect(trace.proxies[0]).toMatchObject({ status: 200, error: false, identity: { family: 'krakend' } })
    expect(ms(trace.spans.find((span) => span.input.kind === 3 && span.error)!.duration)).toBe(1700.19)
    expect(ms(trace.spans[1]!.duration)).toBe(1701.1)
    expect(trace.spans[1]!.input.attributes.get('complete')).toBe('false')
  })

  it('14: KrakenD inside the mesh', () => {
    const trace = analyse(14)
    expect(trace.proxies.map((p) => brief(p).slice(0, 2).join(' '))).toEqual([
      'envoy sidecar-inbound',
      'krakend gateway',
      'envoy sidecar-outbound',
      'envoy sidecar-inbound',
    ])
    expect(trace.proxies.map((p) => brief(p).slice(3))).toEqual([
      ['bounded', 1.3],
      ['exact', 2.66],
      ['bounded', 1.9],
      ['bounded', 1.1],
    ])
    expect(transits(trace)).toEqual([['entry', 7.9, [1.3, 2.66, 0.24, 0.7, 1.9, 1.1]]])
  })

  it('15: Envoy stream events in a single span', () => {
    const [proxy] = analyse(15).proxies
    expect([proxy!.requestPath, proxy!.responsePath].map((m) => [m.fidelity, ms(m.ns)])).toEqual([
      ['exact', 0.91],
      ['exact', 0.21],
    ])
  })

  it('17: one id for both halves of a Zipkin pair', () => {
    const trace = analyse(17)
    expect(trace.spans.map((span) => [ms(span.duration), span.role, span.proxyProduct])).toEqual([
      [12, 'sidecar-outbound', 'consul'],
      [10.4, 'sidecar-inbound', 'consul'],
    ])
    expect(trace.proxies.map((proxy) => proxy.identity.name)).toEqual(['web', 'orders'])
    expect(trace.spans[1]!.parentId).toBe(trace.spans[0]!.spanId)
    expect(ms(trace.spans[0]!.self.ns)).toBe(1.6)
  })
})
