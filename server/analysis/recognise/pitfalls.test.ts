import { describe, expect, it } from 'vitest'
import { analyseTrace } from '../analyse.ts'
import { flagNames } from '../flags.ts'
import type { ResourceInput, SpanInput, TraceAnalysis } from '../types.ts'
import { readFileSync } from 'node:fs'
import { tracesOf, type ExportRequest } from '../../../test/otlp-json.ts'

/** The pitfalls of proxy-spans.md section 3, each by its name. */

interface Drawn {
  id: string
  parent?: string
  kind: number
  name?: string
  /** us */
  at: [number, number]
  attributes?: Record<string, string>
  resource?: ResourceInput
  scope?: string
  status?: number
  flags?: number
}
const [internal, server, client] = [1, 2, 3]
const map = (record: Record<string, string>) => new Map(Object.entries(record))
const process = (service: string, more: Record<string, string> = {}): ResourceInput => ({
  attributes: map({ 'service.name': service, ...more }),
})
const host = (id: string) => ({ 'host.id': id })
const web = process('web', { ...host('a'), 'telemetry.sdk.language': 'go' })
const orders = process('orders', { ...host('b'), 'telemetry.sdk.language': 'go' })
const node = process('orders', { ...host('b'), 'telemetry.sdk.language': 'nodejs' })
const nodeHttp = '@opentelemetry/instrumentation-http'

const draw = (drawn: readonly Drawn[]): TraceAnalysis => {
  const spans = drawn.map(
    ({ id, parent = '', kind, name = id, at, attributes = {}, resource = web, ...more }): SpanInput => ({
      spanId: id,
      parentId: parent,
      name,
      kind,
      status: more.status ?? 0,
      flags: more.flags ?? 0,
      start: at[0] * 1000,
      duration: (at[1] - at[0]) * 1000,
      resource,
      scope: { name: more.scope ?? '', version: '' },
      attributeSet: map({}),
      attributes: map(attributes),
      events: [],
      links: [],
    }),
  )
  return analyseTrace({ traceId: '0af7651916cd43dd8448eb211c80319c', baseUnixNano: 0n, spans }, { networkRttNs: null })
}
const envoy = (nodeId: string, cluster: string, more: Record<string, string> = {}) => ({
  component: 'proxy',
  node_id: nodeId,
  upstream_cluster: cluster,
  response_flags: '-',
  'http.status_code': '200',
  ...more,
})
const sidecar = (workload: string) => `sidecar~10.0.0.1~${workload}-6d8f7c9b5d-x2klq.shop~shop.svc.cluster.local`
const roles = (trace: TraceAnalysis) => trace.spans.map((span) => span.role)
const fixture = (family: string, title: string): TraceAnalysis => {
  const file = new URL(`../../../test/fixtures/families/${family}.json`, import.meta.url)
  const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, ExportRequest>
  return analyseTrace(tracesOf([cases[title]!])[0]!, { networkRttNs: null })
}

describe('what is no proxy', () => {
  it('component=proxy alone', () => {
    const trace = draw([{ id: 'a', kind: server, at: [0, 10], attributes: { component: 'proxy' } }])
    expect([trace.proxies, roles(trace)]).toEqual([[], ['app']])
  })

  it('scope otelhttp, which Caddy, Tyk and Cosmo share with half of all Go programs', () => {
    const scope = 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp'
    expect(roles(draw([{ id: 'a', kind: server, at: [0, 10], scope }]))).toEqual(['app'])
    const caddy = process('edge', { 'webengine.name': 'Caddy' })
    expect(roles(draw([{ id: 'a', kind: server, at: [0, 10], scope, resource: caddy }]))).toEqual(['gateway'])
  })

  it('names of APISIX steps in an application', () => {
    const trace = draw([
      { id: 'a', kind: server, at: [0, 10] },
      { id: 'b', parent: 'a', kind: internal, name: 'resolve_dns', at: [1, 2] },
    ])
    expect([roles(trace), trace.proxies]).toEqual([['app', 'app'], []])
  })
})

describe('names that mislead', () => {
  it('service.name of the proxy is that of the application: both stay apart', () => {
    const trace = fixture('dapr', 'service invocation: the sidecars have the names of the applications')
    expect(roles(trace)).toEqual(['app', 'sidecar-outbound', 'sidecar-inbound', 'app'])
    expect(trace.hops.map((hop) => [hop.caller?.service, hop.callee?.service, hop.via.length])).toEqual([
      ['frontend', 'orders', 2],
    ])
  })

  it('service.name of a waypoint is its destination', () => {
    const trace = fixture('istio', 'waypoint of 1.28: named after the service behind it')
    expect(trace.proxies[0]!.identity).toMatchObject({ role: 'waypoint', name: 'waypoint.shop', workload: 'waypoint' })
    expect(trace.services).toEqual(['waypoint.shop'])
  })

  it('an inbound sidecar has the name of the outbound one', () => {
    const trace = fixture('istio', 'two sidecars, applications without spans')
    expect(new Set(trace.spans.map((span) => span.input.name)).size).toBe(1)
    expect(roles(trace)).toEqual(['sidecar-outbound', 'sidecar-inbound'])
  })

  it('upstream_cluster.name ends in a semicolon', () => {
    const trace = fixture('istio', 'custom stat names: the observability name ends in a semicolon')
    expect(roles(trace)).toEqual(['sidecar-outbound', 'sidecar-inbound'])
  })

  it('an empty tag is no tag', () => {
    const attributes = envoy('', '', { 'istio.canonical_service': '', zone: '' })
    const trace = draw([{ id: 'a', kind: server, at: [0, 10], attributes, resource: process('edge') }])
    expect(trace.proxies[0]!.identity).toMatchObject({ workload: 'edge', role: 'gateway' })
    expect(trace.proxies[0]!.zone).toBe('')
  })
})

describe('shapes that mislead', () => {
  it('a gateway child has no node id and no URL', () => {
    const trace = fixture('istio', 'ingress gateway of 1.28 and later: one CLIENT span an attempt')
    expect(trace.proxies[0]!.spanIds).toHaveLength(2)
    expect(trace.proxies[0]!.overhead.fidelity).toBe('exact')
  })

  it('a gateway up to Istio 1.27 is a CLIENT span with nothing above', () => {
    const trace = fixture('istio', 'ingress gateway up to 1.27: one CLIENT span with nothing above')
    expect(trace.proxies[0]!.identity.role).toBe('gateway')
    expect(trace.hops.map((hop) => hop.kind)).toEqual(['entry'])
  })

  it('one resource plays several roles', () => {
    const resource = process('web.shop', { 'telemetry.sdk.name': 'envoy' })
    const trace = draw([
      { id: 'i', kind: server, at: [0, 100], resource, attributes: envoy(sidecar('web'), 'inbound|80||') },
      {
        id: 'o',
        parent: 'i',
        kind: client,
        at: [10, 90],
        resource,
        attributes: envoy(sidecar('web'), 'outbound|80||x'),
      },
    ])
    expect(roles(trace)).toEqual(['sidecar-inbound', 'sidecar-outbound'])
    expect(trace.proxies).toHaveLength(2)
  })

  it('a hop may have one sidecar span only', () => {
    const trace = draw([
      { id: 'c', kind: client, at: [0, 100] },
      {
        id: 'i',
        parent: 'c',
        kind: server,
        at: [10, 90],
        resource: process('orders.shop'),
        attributes: envoy(sidecar('orders'), 'inbound|80||'),
      },
      { id: 's', parent: 'i', kind: server, at: [20, 80], resource: orders },
    ])
    expect(trace.hops.map((hop) => [hop.via, hop.transit.ns])).toEqual([[['i'], 40_000]])
  })

  it('the flag of a remote parent tells a nested span from a call to oneself', () => {
    const resource = process('router', { 'service.instance.id': '1' })
    const scope = 'apollo-router'
    const twice = (flags: number) =>
      draw([
        { id: 'a', kind: server, at: [0, 100], resource, scope, flags: 257 },
        { id: 'b', parent: 'a', kind: server, at: [10, 90], resource, scope, flags },
      ]).proxies.map((proxy) => proxy.spanId)
    expect([twice(257), twice(769)]).toEqual([['a'], ['a', 'b']])
  })

  it('SERVER and CLIENT share a span id', () => {
    const trace = fixture(
      'consul',
      'Zipkin with shared span ids: CLIENT and SERVER have one id, and the names of the applications',
    )
    expect(trace.spans).toHaveLength(2)
    expect(trace.spans[1]!.parentId).toBe(trace.spans[0]!.spanId)
  })

  it('the traceparent of an HBONE tunnel joins nothing: the caller is the parent of the waypoint', () => {
    const trace = fixture('istio', 'waypoint of 1.30: between the two ztunnels, which emit nothing')
    expect(trace.hops).toHaveLength(1)
    expect(trace.hops[0]).toMatchObject({ kind: 'internal', dataPlane: 'waypoint' })
  })

  it('a proxy without tracing leaves no orphan: its cost is in a bounded difference', () => {
    const trace = draw([
      {
        id: 'o',
        kind: client,
        at: [0, 100],
        resource: process('web.shop'),
        attributes: envoy(sidecar('web'), 'outbound|80||x'),
      },
      { id: 's', parent: 'o', kind: server, at: [20, 80], resource: orders },
    ])
    expect(trace.flags & 64).toBe(0)
    expect(trace.hops[0]!.segments).toEqual([
      { class: 'proxy.out+wire', ownerSpanId: 'o', ns: 40_000, fidelity: 'bounded' },
    ])
  })
})

describe('outcomes that mislead', () => {
  it('a failed Envoy span may leave the status unset', () => {
    const attributes = envoy(sidecar('web'), 'outbound|80||x', {
      'http.status_code': '0',
      error: 'true',
      response_flags: 'UF',
    })
    const trace = draw([{ id: 'o', kind: client, at: [0, 10], attributes }])
    expect(trace.proxies[0]).toMatchObject({ error: true, status: 0, localReply: false })
  })

  it('a 4xx is an error to the outbound sidecar only: errors are compared within a role', () => {
    const trace = draw([
      {
        id: 'o',
        kind: client,
        at: [0, 100],
        status: 2,
        attributes: envoy(sidecar('web'), 'outbound|80||x', { 'http.status_code': '404' }),
      },
      {
        id: 'i',
        parent: 'o',
        kind: server,
        at: [10, 90],
        attributes: envoy(sidecar('orders'), 'inbound|80||', { 'http.status_code': '404' }),
      },
    ])
    expect(trace.proxies.map((proxy) => [proxy.identity.role, proxy.error])).toEqual([
      ['sidecar-outbound', true],
      ['sidecar-inbound', false],
    ])
  })

  it('stages of KrakenD say 0 for success and 500 for any failure', () => {
    const trace = fixture('krakend', 'a backend times out: the client still gets 200')
    const stages = trace.spans.filter((span) => span.role === 'middleware-stage')
    expect(stages.map((span) => span.error)).toEqual([false, false, false])
    expect([trace.error, trace.proxies[0]!.status]).toEqual([false, 200])
  })

  it('values come as strings, integers and doubles', () => {
    const kong = fixture('kong', 'two tries, one balancer span each')
    expect([kong.proxies[0]!.status, kong.proxies[0]!.retry.attempts]).toEqual([200, 2])
    expect(fixture('linkerd', 'two proxies, each with both legs').proxies.map((proxy) => proxy.status)).toEqual([
      200, 200,
    ])
  })
})

describe('clocks that mislead', () => {
  it('the body read of KrakenD lies outside its parent, which is no skew', () => {
    const trace = fixture('krakend', 'default layers, three backends at once')
    expect(flagNames(trace.flags)).toEqual([])
  })

  it('a CLIENT span that ends with the headers: the rest is not all the gateway', () => {
    const trace = fixture('traefik', 'body streamed after the headers: not all of the rest is Traefik')
    expect(trace.proxies[0]!.overhead).toMatchObject({ fidelity: 'bounded', loNs: 350_000, hiNs: 2_900_000 })
    expect(trace.tax.gateway.lowerNs).toBe(0)
  })

  it('a clock of a millisecond claims nothing below it', () => {
    const [nginx] = fixture('nginx', 'ngx_otel_module: a clock of a millisecond').proxies
    expect(nginx!.overhead).toMatchObject({ fidelity: 'bounded', loNs: 0, hiNs: 4_300_000 })
  })

  const overNode = (start: number, end: number) =>
    draw([
      {
        id: 'i',
        kind: server,
        at: [0, 10_000],
        resource: process('orders.shop', host('b')),
        attributes: envoy(sidecar('orders'), 'inbound|80||'),
      },
      { id: 's', parent: 'i', kind: server, at: [start, end], resource: node, scope: nodeHttp },
    ])
  it('Node starts on whole milliseconds: never called skew', () => {
    const early = overNode(-400, 9000)
    expect(flagNames(early.flags).filter((flag) => flag.startsWith('skew'))).toEqual([])
    expect(early.proxies[0]!.overhead.hiNs).toBe(600_000)
  })

  it('Node servers end late: a small negative difference is 0 and counts', () => {
    expect(overNode(0, 10_500).proxies[0]!.overhead).toMatchObject({ fidelity: 'bounded', hiNs: 0 })
    expect(overNode(0, 11_500).proxies[0]!.overhead).toMatchObject({ fidelity: 'unknown', reasons: ['neg_gap'] })
  })
})

describe('spans that are not there', () => {
  it('a proxy that vetoes a sampled parent: nothing is claimed of what is not seen', () => {
    const trace = draw([
      { id: 's', kind: server, at: [0, 100] },
      { id: 'c', parent: 's', kind: client, at: [10, 90] },
    ])
    expect([trace.hops, trace.proxies, trace.tax.mesh.upperNs]).toEqual([[], [], 0])
  })

  it('one request id in two places joins nothing', () => {
    const id = { 'guid:x-request-id': '9f2c1d64-3b1a-9f0e-8a53-0b6a1b5f7c11' }
    const trace = draw([
      { id: 'o', kind: client, at: [0, 100], attributes: envoy(sidecar('web'), 'outbound|80||x', id) },
      { id: 'i', parent: 'gone', kind: server, at: [10, 90], attributes: envoy(sidecar('orders'), 'inbound|80||', id) },
    ])
    expect(trace.proxies.map((proxy) => proxy.overhead.fidelity)).toEqual(['unknown', 'unknown'])
    expect(flagNames(trace.flags)).toContain('missing_parent')
  })

  it('an application that drops headers splits the trace: the part before it ends with its sidecar', () => {
    const trace = fixture('istio', 'two sidecars, applications without spans')
    expect(trace.hops.map((hop) => [hop.kind, hop.transit.fidelity])).toEqual([['exit', 'unknown']])
    expect(trace.proxies[1]!.overhead.reasons).toEqual(['missing_callee'])
  })

  it('where only proxies are sampled, only those with a neighbour on both sides get numbers', () => {
    const [outbound, inbound] = fixture('istio', 'two sidecars, applications without spans').proxies
    expect([outbound!.overhead.fidelity, outbound!.added.fidelity]).toEqual(['bounded', 'unknown'])
    expect([inbound!.overhead.fidelity, inbound!.added.fidelity]).toEqual(['unknown', 'unknown'])
  })
})
