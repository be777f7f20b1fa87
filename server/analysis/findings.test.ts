import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tracesOf, type ExportRequest } from '../../test/otlp-json.ts'
import { analyseTrace } from './analyse.ts'
import { flagNames } from './flags.ts'
import type { ProxyTraversal, TraceAnalysis } from './types.ts'

/** What the README of each recording says an analysis must find. Times in ms. */
const folder = new URL('../../test/fixtures/recordings/', import.meta.url)
const linesOf = <T>(name: string, file: string): T[] =>
  gunzipSync(readFileSync(new URL(`${name}/${file}.jsonl.gz`, folder)))
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)

interface TruthLine {
  root_id: string
  warmup: boolean
  trace_id: string
}

const known = new Map<string, TraceAnalysis[]>()
function recording(name: string): TraceAnalysis[] {
  let traces = known.get(name)
  if (!traces) {
    traces = tracesOf(linesOf<ExportRequest>(name, 'spans.otlp')).map((trace) =>
      analyseTrace(trace, { networkRttNs: 0 }),
    )
    known.set(name, traces)
  }
  return traces
}
/** Traces of the loads whose name begins so, warm-up left out. */
function load(name: string, prefix: string): TraceAnalysis[] {
  const ids = new Set(
    linesOf<TruthLine>(name, 'truth')
      .filter(({ root_id, warmup }) => !warmup && root_id.startsWith(prefix))
      .map(({ trace_id }) => trace_id),
  )
  return recording(name).filter(({ traceId }) => ids.has(traceId))
}

const proxiesOf = (traces: readonly TraceAnalysis[], name?: string, role?: string): ProxyTraversal[] =>
  traces
    .flatMap((trace) => trace.proxies)
    .filter(({ identity }) => (!name || identity.name === name) && (!role || identity.role === role))
const median = (values: readonly (number | null)[]): number => {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]! / 1e6
}
const fidelities = (proxies: readonly ProxyTraversal[]) => [...new Set(proxies.map((proxy) => proxy.overhead.fidelity))]
const appSelf = (traces: readonly TraceAnalysis[], service: string) =>
  median(
    traces.flatMap(({ spans }) =>
      spans
        .filter((span) => span.role === 'app' && span.service === service && span.input.kind === 2)
        .map((span) => span.self.ns),
    ),
  )

describe('s1-sidecars', () => {
  const traces = [...load('s1-sidecars', 'r'), ...load('s1-sidecars', 'c')]
  it('every hop has two sidecars between CLIENT and SERVER, each bounded', () => {
    const hops = traces.flatMap((trace) => trace.hops).filter((hop) => hop.kind === 'internal')
    expect(hops).toHaveLength(2 * 120)
    expect(hops.every((hop) => hop.via.length === 2 && hop.transit.ns !== null)).toBe(true)
    const others = proxiesOf(traces).filter((proxy) => proxy.overhead.fidelity !== 'bounded')
    // A few Node servers end more than their slack late.
    expect(new Set(others.map((proxy) => proxy.overhead.reasons.join()))).toEqual(new Set(['neg_gap']))
    expect(others.length).toBeLessThan(0.02 * 480)
  })
  it('tells no leg beside a Node span exactly', () => {
    const legs = proxiesOf(traces, 'payments', 'sidecar-inbound').map((proxy) => proxy.requestPath.fidelity)
    expect(legs).not.toContain('exact')
  })
})

describe('s2-gateway-mesh, s2-gateway-spawn, s2-verbose-tags', () => {
  it('the gateway is exact by its two spans, sidecars are bounded', () => {
    const traces = load('s2-gateway-mesh', 'r')
    const gateways = proxiesOf(traces, 'istio-ingressgateway')
    expect([gateways.length, fidelities(gateways)]).toEqual([80, ['exact']])
    expect(gateways.every((gateway) => gateway.spanIds.length === 2)).toBe(true)
    expect(fidelities(proxiesOf(traces).filter((proxy) => proxy.identity.role !== 'gateway'))).toEqual(['bounded'])
  })
  it('with upstream spans everywhere every proxy is exact, and what lies between two is wire', () => {
    const traces = [...load('s2-gateway-spawn', 'r'), ...load('s2-gateway-spawn', 'c')]
    expect(proxiesOf(traces)).toHaveLength(6 * 120)
    expect(fidelities(proxiesOf(traces))).toEqual(['exact'])
    expect(traces.flatMap((trace) => trace.hops).every((hop) => hop.wire.fidelity === 'exact')).toBe(true)
  })
  it('events and tags make single spans exact; a repeated connect time counts nowhere', () => {
    const traces = load('s2-verbose-tags', 'r')
    expect(proxiesOf(traces)).toHaveLength(6 * 60)
    expect(fidelities(proxiesOf(traces))).toEqual(['exact'])
    expect(proxiesOf(traces).filter((proxy) => (proxy.connectNs ?? 0) > 0)).toEqual([])
  })
})

describe('s3-fault-proxy, s3-slow-app', () => {
  const medians = (name: string) => {
    const proxies = proxiesOf(load(name, 'r'))
    const names = [...new Set(proxies.map(({ identity }) => `${identity.role} ${identity.name}`))]
    return Object.fromEntries(
      names.map((key) => [
        key,
        median(
          proxies
            .filter(({ identity }) => `${identity.role} ${identity.name}` === key)
            .map((proxy) => proxy.overhead.hiNs),
        ),
      ]),
    )
  }
  it('blame the sidecar with the fault, and no other proxy', () => {
    const { 'sidecar-inbound orders': faulty, ...others } = medians('s3-fault-proxy')
    expect(faulty).toBeGreaterThan(17)
    expect(faulty).toBeLessThan(25)
    expect(Object.values(others).filter((ms) => ms > 2)).toEqual([])
    const flagged = proxiesOf(load('s3-fault-proxy', 'r'), 'orders', 'sidecar-inbound')
    expect(new Set(flagged.map((proxy) => proxy.responseFlags))).toEqual(new Set(['DI']))
  })
  it('blame the application where it is slow, and no proxy', () => {
    expect(Object.values(medians('s3-slow-app')).filter((ms) => ms > 3)).toEqual([])
    const [slow, usual] = [appSelf(load('s3-slow-app', 'r'), 'orders'), appSelf(load('s3-fault-proxy', 'r'), 'orders')]
    expect(slow - usual).toBeGreaterThan(17)
    expect(slow - usual).toBeLessThan(25)
  })
})

describe.each(['s4-errors', 's4-errors-spawn'])('%s', (name) => {
  const outbound = (prefix: string) => proxiesOf(load(name, `${prefix}_`), 'frontend', 'sidecar-outbound')
  const inbound = (prefix: string) => proxiesOf(load(name, `${prefix}_`), 'orders', 'sidecar-inbound')
  const seen = <T>(proxies: readonly ProxyTraversal[], of: (proxy: ProxyTraversal) => T) => [
    ...new Set(proxies.map(of)),
  ]

  it.each([
    ['retry', 2, 200, '-'],
    ['retry2', 3, 200, '-'],
    ['exhaust', 3, 503, 'URX'],
  ] as const)('%s: %i attempts, then %i %s', (prefix, attempts, status, flags) => {
    const proxies = outbound(prefix)
    expect(proxies).toHaveLength(12)
    expect(seen(proxies, (proxy) => proxy.retry.attempts)).toEqual([attempts])
    expect(seen(proxies, (proxy) => proxy.status)).toEqual([status])
    expect(seen(proxies, (proxy) => proxy.responseFlags)).toEqual([flags])
  })
  it.each([
    ['slow', 504, 'UT'],
    ['dead', 503, 'UF'],
    ['deadretry', 503, 'URX,UF'],
    ['e404', 404, '-'],
    ['e500', 500, '-'],
    ['noroute', 404, 'NR'],
  ] as const)('%s: %i %s', (prefix, status, flags) => {
    const proxies = outbound(prefix)
    expect(proxies).toHaveLength(12)
    expect(seen(proxies, (proxy) => [proxy.status, proxy.responseFlags].join(' '))).toEqual([`${status} ${flags}`])
    expect(seen(proxies, (proxy) => proxy.localReply)).toEqual([prefix === 'noroute'])
  })

  it('a caller that is gone leaves no number: DC and code 0', () => {
    for (const proxies of [inbound('slow'), inbound('abort')]) {
      expect(proxies.length).toBeGreaterThan(0)
      expect(seen(proxies, (proxy) => `${proxy.status} ${proxy.responseFlags}`)).toEqual(['0 DC'])
      expect(seen(proxies, (proxy) => proxy.overhead.reasons.join())).toEqual(['truncated'])
    }
  })

  it('back-off and failed attempts are not the overhead of the proxy', () => {
    for (const { overhead, retry } of outbound('exhaust')) {
      expect(retry.wastedNs).toBeGreaterThan(0)
      if (overhead.hiNs !== null) expect(overhead.hiNs).toBeLessThan(10e6)
    }
  })
})

describe('s5-streaming', () => {
  it.each(['small', 'stream', 'big', 'huge', 'slowread', 'upload'])(
    '%s: two proxies, and nothing exact about a sidecar',
    (prefix) => {
      const traces = load('s5-streaming', prefix)
      expect(traces.length).toBeGreaterThan(0)
      expect(traces.every((trace) => trace.proxies.length === 2)).toBe(true)
      expect(fidelities(proxiesOf(traces, 'media')).includes('exact')).toBe(false)
    },
  )
  it('a slow reader: its wait is not called work of the gateway', () => {
    const gateways = load('s5-streaming', 'slowread').flatMap((trace) =>
      trace.proxies.filter((p) => p.identity.role === 'gateway'),
    )
    expect(gateways.length).toBeGreaterThan(0)
    // The packets show 240 ms of "own" time, nearly all of it the client's.
    expect(median(gateways.map((gateway) => gateway.overhead.ns))).toBeLessThan(10)
  })
})

describe('s6-krakend', () => {
  it('is exact: global less the union of its calls', () => {
    for (const prefix of ['catalog', 'seq', 'one', 'err'])
      expect([prefix, fidelities(proxiesOf(load('s6-krakend', prefix)))]).toEqual([prefix, ['exact']])
  })
  it('parallel and sequential calls are different calls, not attempts', () => {
    const attempts = ['catalog', 'seq', 'part'].flatMap((prefix) =>
      proxiesOf(load('s6-krakend', prefix)).map((p) => p.retry.attempts),
    )
    expect(new Set(attempts)).toEqual(new Set([1]))
  })
  it('a timed-out backend: the client has 200, the gateway no error', () => {
    const proxies = proxiesOf(load('s6-krakend', 'part'))
    expect(proxies).toHaveLength(25)
    expect(proxies.every((proxy) => proxy.status === 200 && !proxy.error)).toBe(true)
  })
  it('concurrent_calls: two attempts, the loser off the critical path', () => {
    const traces = load('s6-krakend', 'conc')
    expect(new Set(proxiesOf(traces).map((proxy) => proxy.retry.attempts))).toEqual(new Set([2]))
    const retry = traces.flatMap((trace) => trace.criticalPath).filter((segment) => segment.class === 'retry')
    expect(median([0, ...retry.map((segment) => segment.ns)])).toBeLessThan(1)
  })
  it('an unknown endpoint is answered by KrakenD itself', () => {
    const proxies = proxiesOf(recording('s6-krakend')).filter((proxy) => proxy.status === 404)
    expect(proxies).toHaveLength(4)
    expect(proxies.every((proxy) => proxy.localReply && proxy.spanIds.length === 1)).toBe(true)
  })
})

describe('s6-krakend with other settings', () => {
  it('headers: its name, environment, arrays and a static attribute', () => {
    const traces = load('s6-krakend-headers', 'catalog')
    expect(new Set(proxiesOf(traces).map(({ identity }) => `${identity.family} ${identity.name}`))).toEqual(
      new Set(['krakend edge-api']),
    )
    expect(proxiesOf(traces)[0]!.identity.environment).not.toBe('')
    const [root] = traces[0]!.spans
    expect(root!.input.attributes.get('team') ?? root!.input.attributeSet.get('team')).toBeTruthy()
    expect(traces.flatMap((trace) => trace.spans).some((span) => span.leg === 'body')).toBe(false)
    expect(proxiesOf(traces).every((proxy) => proxy.connectNs === null)).toBe(true)
  })
  it('min: global over CLIENT, and half of the requests are single roots of the backends', () => {
    const traces = recording('s6-krakend-min')
    const whole = traces.filter((trace) => trace.proxies.length > 0)
    expect(whole.every((trace) => trace.spans.every((span) => span.role !== 'middleware-stage'))).toBe(true)
    const alone = traces.filter((trace) => trace.spans.length === 1 && trace.proxies.length === 0)
    expect(alone.length).toBeGreaterThan(10)
    expect(alone.every((trace) => trace.spans[0]!.role === 'app' && trace.hops.length === 0)).toBe(true)
  })
  it('noglobal: still a gateway, its front and back unknown', () => {
    const proxies = proxiesOf(load('s6-krakend-noglobal', 'catalog'))
    expect(proxies).toHaveLength(25)
    for (const { identity, overhead, requestPath, responsePath } of proxies) {
      expect([identity.family, identity.role, overhead.fidelity, overhead.hiNs]).toEqual([
        'krakend',
        'gateway',
        'bounded',
        null,
      ])
      expect([requestPath.fidelity, responsePath.fidelity]).toEqual(['unknown', 'unknown'])
    }
  })
})

describe('s7-caddy', () => {
  it('recognises both names of the span', () => {
    const plain = proxiesOf(load('s7-caddy', 'plain'))
    expect(new Set(plain.map(({ identity }) => `${identity.family} ${identity.name}`))).toEqual(
      new Set(['caddy caddy']),
    )
    const named = load('s7-caddy', 'named')
    expect(named.every((trace) => trace.proxies.map((p) => p.identity.family).join() === 'caddy,envoy')).toBe(true)
  })
})

describe('s8-gateway-vs-krakend', () => {
  const ways = (prefix: string) => load('s8-gateway-vs-krakend', prefix)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length / 1e6
  it('the way through KrakenD and its sidecars adds about twice as much; the processes themselves do not differ so', () => {
    const overhead = (traces: readonly TraceAnalysis[]) =>
      mean(traces.flatMap((trace) => trace.hops.flatMap((hop) => hop.transit.ns ?? [])))
    const [krakend, gateway] = [overhead(ways('krakend')), overhead(ways('gateway'))]
    expect(krakend / gateway).toBeGreaterThan(1.5)
    expect(krakend / gateway).toBeLessThan(3)
    const own = (prefix: string, family: string, role: string) =>
      median(
        ways(prefix).flatMap((trace) =>
          trace.proxies.filter((p) => p.identity.family === family && p.identity.role === role).map((p) => p.added.ns),
        ),
      )
    expect(Math.abs(own('krakend', 'krakend', 'gateway') - own('gateway', 'envoy', 'gateway'))).toBeLessThan(0.3)
  })
})

describe('s9: what is not there', () => {
  it('lost-export: orphans stay orphans, hops through orders are never 0', () => {
    const traces = load('s9-lost-export', 'r')
    expect(traces.every((trace) => flagNames(trace.flags).includes('missing_parent'))).toBe(true)
    const through = traces
      .flatMap((trace) => trace.hops)
      .filter((hop) => hop.callee?.service === 'orders' || hop.caller?.service === 'orders')
    for (const { kind, transit } of through) if (kind === 'internal') expect(transit.ns).toBeNull()
    const outbound = proxiesOf(traces, 'frontend', 'sidecar-outbound')
    expect(new Set(outbound.map((proxy) => proxy.overhead.reasons.join()))).toEqual(new Set(['missing_callee']))
  })
  it('no-sdk-dropped: each request is two traces', () => {
    const traces = load('s9-no-sdk-dropped', 'r')
    expect(traces).toHaveLength(2 * 40)
  })
  it('no-sdk-forward: time between the two sidecars of orders is the application’s', () => {
    const traces = load('s9-no-sdk-forward', 'r')
    const inbound = proxiesOf(traces, 'orders', 'sidecar-inbound')
    expect(inbound.map((proxy) => proxy.overhead.reasons.join())).toEqual(Array(40).fill('missing_callee'))
    // Until other traces have shown that orders sends no spans, its time may be its sidecar's: no estimate, and a true bound.
    const between = traces.map(({ criticalPath }) =>
      criticalPath.reduce((sum, { class: cls, ns }) => (cls === 'unknown' ? sum + ns : sum), 0),
    )
    expect(Math.min(...between)).toBeGreaterThan(1e6)
    expect(traces.map(({ tax }) => tax.mesh.estimateNs)).toEqual(Array(40).fill(null))
    const { proxyId } = inbound[0]!.identity
    const learned = traces.map((trace) =>
      analyseTrace(
        { ...trace, spans: trace.spans.map(({ input }) => input) },
        { networkRttNs: 0, callee: (edge) => (edge.startsWith(proxyId) ? 'external' : undefined) },
      ),
    )
    expect(learned.every(({ tax }) => tax.mesh.upperNs < 8e6)).toBe(true)
    expect(learned.map(({ tax }, i) => tax.mesh.upperNs + between[i]!)).toEqual(
      traces.map(({ tax }) => tax.mesh.upperNs),
    )
  })
  it('sampling: what is not sampled leaves nothing, what is sampled is whole', () => {
    const traces = recording('s9-sampling').filter((trace) => trace.proxies.length > 0)
    expect(traces.length).toBeLessThan(60)
    expect(traces.every((trace) => !flagNames(trace.flags).includes('missing_parent'))).toBe(true)
  })
  it('sampling-sidecar: the rejected half ends at the application, which claims nothing', () => {
    const rejected = recording('s9-sampling-sidecar').filter((trace) => trace.proxies.length === 0)
    expect(rejected.length).toBeGreaterThan(20)
    for (const { spans, hops, tax } of rejected) expect([spans.length, hops, tax.mesh.upperNs]).toEqual([2, [], 0])
  })
  it('untraced-proxy: no orphan, and the gaps of its neighbours are bounds', () => {
    const traces = load('s9-untraced-proxy', 'r')
    expect(traces.every((trace) => !flagNames(trace.flags).includes('missing_parent'))).toBe(true)
    expect(new Set(proxiesOf(traces).map(({ identity }) => identity.name))).toEqual(new Set(['frontend', 'payments']))
    expect(fidelities(proxiesOf(traces)).includes('exact')).toBe(false)
    const hops = traces.flatMap((trace) => trace.hops).filter((hop) => hop.callee?.service === 'orders')
    expect(hops.every((hop) => hop.via.length === 1)).toBe(true)
  })
})

describe('s11-low-rate', () => {
  it('spans of one trace arrive less far apart than a trace is waited for', () => {
    const arrivals = linesOf<{ arrival_unix_nano: string }>('s11-low-rate', 'arrivals')
    const at = new Map<string, number[]>()
    linesOf<ExportRequest>('s11-low-rate', 'spans.otlp').forEach((request, i) => {
      for (const { traceId } of tracesOf([request])) {
        const seconds = Number(BigInt(arrivals[i]!.arrival_unix_nano) / 1_000_000n) / 1000
        at.set(traceId, [...(at.get(traceId) ?? []), seconds])
      }
    })
    const apart = [...at.values()].map((times) => Math.max(...times) - Math.min(...times))
    expect(Math.max(...apart)).toBeGreaterThan(2)
    expect(Math.max(...apart)).toBeLessThan(15)
  })
})
