import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import type { TraceAnalysis, TraceInput } from './types.ts'

/** Structure of exchanges beyond the plain request and answer; times in µs. */
const analyse = (drawing: string, change: (trace: TraceInput) => TraceInput = (trace) => trace): TraceAnalysis =>
  analyseTrace(change(picture(drawing)), { networkRttNs: null })
const proxy = (trace: TraceAnalysis, id: string) => trace.proxies.find((p) => p.spanId === id)!
const path = (trace: TraceAnalysis) => trace.criticalPath.map((s) => `${s.spanId} ${s.class} ${s.ns / 1000}`)

describe('attempts (D6)', () => {
  it('puts a hedge that was cancelled off the path, and its time after the answer into the proxy', () => {
    const trace = analyse(`
      o S gateway:a 0-1000
        r1 C up:a 100-960 canceled=true http.status_code=0
        r2 C up:a 300-900 http.status_code=200 retry.count=1`)
    expect(path(trace)).toEqual(['o gateway.proc 300', 'r2 external 600', 'o gateway.proc 100'])
    expect(proxy(trace, 'o').overhead.ns).toBe(400_000)
    expect(proxy(trace, 'o').retry.attempts).toBe(2)
  })

  it('takes a resend among the calls of an aggregating gateway for an attempt, other calls for calls', () => {
    const trace = analyse(`
      g S krakend 0-1000 krakend.stage=global
        a1 C krakend 100-200 name=/a krakend.stage=backend-request http.response.status_code=503
        a2 C krakend 300-900 name=/a krakend.stage=backend-request http.response.status_code=200
        b C krakend 110-250 name=/b krakend.stage=backend-request http.response.status_code=200`)
    // Waiting between a1 and a2 is back-off only where b does not fill it.
    expect(proxy(trace, 'g').retry).toEqual({ attempts: 2, backoffNs: 50_000, wastedNs: 100_000 })
    expect(proxy(trace, 'g').overhead.ns).toBe(1_000_000 - 150_000 - 600_000 - 50_000)
  })

  it('gives a followed redirect no transit but its time', () => {
    const trace = analyse(`
      c C go:a 0-1000
        s1 S go:b 100-200 http.response.status_code=307
        s2 S go:d 300-900 http.response.status_code=200`)
    expect(trace.hops.map((hop) => [hop.callee?.service, hop.transit.ns])).toEqual([
      ['b', null],
      ['d', 400_000],
    ])
  })
})

describe('streams', () => {
  it('a WebSocket is excluded from distributions on its whole way', () => {
    const trace = analyse(`
      c C go:a 0-100000
        o C out:a 100-99900
          i S in:b 200-99800
            s S go:b 300-99700 http.response.status_code=101`)
    expect(trace.spans.map((span) => span.self.reasons)).toEqual(Array(4).fill(['streaming']))
    expect(trace.proxies.map((p) => [p.overhead.fidelity, p.added.fidelity])).toEqual(
      Array(2).fill(['unknown', 'unknown']),
    )
    expect(trace.hops.map((hop) => hop.transit.reasons)).toEqual([['streaming']])
    // Neither sidecar tells its work from its waiting: all that is not the application's may be theirs.
    expect(trace.tax.mesh).toMatchObject({ lowerNs: 0, upperNs: 600_000, estimateNs: null })
    expect(trace.duration).toBe(100_000_000)
  })

  it('does not spread to other exchanges of the same request', () => {
    const trace = analyse(`
      s S go:a 0-1000
        c C go:a 100-400 url.scheme=wss
        d C go:a 500-900
          b S go:b 550-850`)
    expect(trace.spans.map((span) => span.self.fidelity)).toEqual(['exact', 'unknown', 'exact', 'exact'])
    expect(trace.hops.map((hop) => hop.transit.ns)).toEqual([100_000])
  })
})

describe('messages', () => {
  const drawing = `
    s S go:a 0-1000
      p P go:a 200-400
        q Q go:b 350-9000
          c C go:b 400-8000
            t S go:d 500-7900`
  it('a consumer blocks nobody, and no hop leads through a broker', () => {
    const trace = analyse(drawing)
    expect(path(trace)).toEqual(['s app 200', 'p app 200', 's app 600'])
    expect(trace.hops.map((hop) => [hop.caller?.service, hop.callee?.service])).toEqual([['b', 'd']])
  })

  it('a link joins no trees: a consumer with one is a root of its own', () => {
    const linked = analyse('q Q go:b 0-500', (trace) => ({
      ...trace,
      spans: trace.spans.map((span) => ({ ...span, links: [{ traceId: 'f'.repeat(32), spanId: 'e'.repeat(16) }] })),
    }))
    expect([linked.duration, linked.flags, linked.hops]).toEqual([500_000, 0, []])
  })
})

describe('calls aside', () => {
  it('what a proxy asks for itself is a hop of its own, no part of the request and no overhead', () => {
    const trace = analyse(
      `
      g S gateway:a 0-1000
        x C up:a 100-300
        y C up:a 350-900
          s S go:b 400-850`,
      (given) => ({
        ...given,
        spans: given.spans.map((span) => (span.spanId === 'x' ? { ...span, name: 'async authz egress' } : span)),
      }),
    )
    expect(proxy(trace, 'g').overhead.ns).toBe(250_000)
    expect(proxy(trace, 'g').retry.attempts).toBe(1)
    expect(trace.hops.map((hop) => hop.segments.map((s) => `${s.class} ${s.ns / 1000}`))).toEqual([
      ['gateway.proc 250', 'external 200', 'wire 100'],
    ])
  })
})
