import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import type { Offset } from './clock/offsets.ts'
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

  it('takes the attempt that answered for the useful one, though a later one went on', () => {
    const trace = analyse(`
      o S gateway:a 0-650
        r1 C up:a 100-600 http.status_code=200
        r2 C up:a 300-900 http.status_code=200`)
    expect(proxy(trace, 'o').overhead).toMatchObject({ ns: 150_000, fidelity: 'exact' })
    expect(path(trace)).toEqual(['o gateway.proc 100', 'r1 external 500', 'o gateway.proc 50'])
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

describe('calls at once (D4)', () => {
  const fanOut = (calls: string) => {
    const trace = analyse(`
      g S krakend 0-1000 krakend.stage=global${calls}`)
    return proxy(trace, 'g').fanOut
  }
  const call = (id: string, time: string, also = '') => `
        ${id} C krakend ${time} name=/${id} krakend.stage=backend-request ${also}`

  it('cost what only the slowest was still waited for, its body included', () => {
    const three = call('a', '100-300') + call('b', '110-700') + call('c', '120-500')
    expect(fanOut(three)).toEqual({ calls: 3, stragglerNs: 200_000, stragglerSpanId: 'b' })
    const body = `${three}
          r I krakend 500-900 name=http.client.response.read.tracker krakend.stage=backend-request`
    expect(fanOut(body)).toEqual({ calls: 3, stragglerNs: 200_000, stragglerSpanId: 'c' })
    // Two groups, one after the other.
    const twice = call('a', '100-300') + call('b', '110-400') + call('c', '400-600') + call('d', '410-650')
    expect(fanOut(twice)).toEqual({ calls: 4, stragglerNs: 150_000, stragglerSpanId: 'b' })
  })

  it('cost nothing in turn, and attempts of one call are one call', () => {
    expect(fanOut(call('a', '100-300') + call('b', '300-700'))).toEqual({
      calls: 2,
      stragglerNs: 0,
      stragglerSpanId: '',
    })
    expect(fanOut(call('a', '100-300'))).toBeNull()
    const again = call('a', '100-200', 'http.response.status_code=503') + call('x', '300-900', 'retry.count=1')
    expect(fanOut(again.replace('name=/x', 'name=/a'))).toBeNull()
  })
})

describe('callers that did not wait', () => {
  it('a timeout: waiting is no work of the proxy, and no hop has a transit', () => {
    const trace = analyse(`
      c C go:a 0-1010
        o C out:a 5-1005 http.status_code=504 response_flags=UT
          i S in:b 20-5000
            B S go:b 30-4990`)
    expect(proxy(trace, 'o').overhead).toMatchObject({ fidelity: 'unknown', ns: null })
    expect(proxy(trace, 'o').added.fidelity).toBe('unknown')
    expect(trace.hops.map((hop) => hop.transit.fidelity)).toEqual(['unknown'])
    expect(trace.criticalPath.reduce((sum, { ns }) => sum + ns, 0)).toBe(1_010_000)
  })

  it('a client that is gone: its proxy says nothing of latency', () => {
    const trace = analyse(`
      g S gateway:g 0-400 response_flags=DC http.status_code=0
        u C up:g 10-390
          B S go:b 30-2000`)
    expect(proxy(trace, 'g').overhead).toMatchObject({ fidelity: 'unknown', reasons: ['truncated'] })
    expect(proxy(trace, 'g').added).toMatchObject({ fidelity: 'unknown', reasons: ['truncated'] })
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

  it('a queue wait lies between producer and consumer, as sure as their clocks', () => {
    const wait = (offset?: (from: string, to: string) => Offset | undefined, shift = 0) => {
      const trace = picture(drawing)
      const spans = trace.spans.map((span) =>
        span.spanId === 'q' ? { ...span, start: span.start + shift * 1000 } : span,
      )
      const { queueWaits } = analyseTrace({ ...trace, spans }, { networkRttNs: null, offset })
      return queueWaits.map(({ producerSpanId, consumerSpanId, wait }) => [
        `${producerSpanId} ${consumerSpanId} ${wait.fidelity} ${wait.reasons.join()}`,
        ...[wait.loNs, wait.ns, wait.hiNs].map((ns) => ns && ns / 1000),
      ])
    }
    expect(wait()).toEqual([['p q unknown skew_unknown', null, null, null]])
    const known = () => ({ theta: 20_000, epsilon: 30_000 })
    expect(wait(known, 150)).toEqual([['p q modelled ', 50, 80, 110]])
    expect(wait(known)).toEqual([['p q modelled censored', 0, 0, 0]])
    const same = analyse(`
      p P go:a 200-400
        q Q go:a 350-900`)
    expect(same.queueWaits[0]!.wait).toMatchObject({ ns: 0, fidelity: 'exact', reasons: ['censored'] })
  })

  it('a queue wait is told over a link too, within one trace', () => {
    const linked = analyse(
      `
      s S go:a 0-1000
        p P go:a 200-400
        q Q go:a 700-900`,
      (trace) => ({
        ...trace,
        spans: trace.spans.map((span) => ({
          ...span,
          links:
            span.spanId === 'q'
              ? [
                  { traceId: trace.traceId, spanId: 'p' },
                  { traceId: 'f', spanId: 'p' },
                ]
              : [],
        })),
      }),
    )
    expect(linked.queueWaits).toMatchObject([{ producerSpanId: 'p', consumerSpanId: 'q', wait: { ns: 300_000 } }])
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

describe('orphans (section 6)', () => {
  const selfOf = (drawing: string, id: string) => {
    const { fidelity, ns, hiNs } = analyse(drawing).spans.find((span) => span.spanId === id)!.self
    return `${fidelity} ${ns ?? ''} ${hiNs ?? ''}`.trim()
  }
  const caller = `
    s S go:a 0-1000
      d C go:a 10-90
      c C go:a 100-900`
  it('make the self time around them an upper bound: their parent may have been called from there', () => {
    const orphan = `${caller}
    o S go:b 300-800 parent=gone`
    expect(selfOf(orphan, 'c')).toBe('bounded  800000')
    expect(['s', 'd', 'o'].map((id) => selfOf(orphan, id))).toEqual([
      'exact 120000 120000',
      'exact 80000 80000',
      'exact 500000 500000',
    ])
    expect(analyse(orphan).spans.find((span) => span.spanId === 'c')!.self.reasons).toEqual(['missing_parent'])
  })

  it('may hang below proxies that are missing too: what may be theirs is in the upper bounds of the taxes', () => {
    const whole = analyse(caller).tax
    expect([whole.mesh.upperNs, whole.gateway.upperNs]).toEqual([0, 0])
    const { mesh, gateway } = analyse(`${caller}
    o S in:b 300-800 parent=gone`).tax
    expect(mesh).toMatchObject({ lowerNs: 0, upperNs: 800_000, estimateNs: null, share: 0.8 })
    expect(gateway).toMatchObject({ lowerNs: 0, upperNs: 800_000 })
  })

  it('leave others alone: those elsewhere in time, too long, or inside a child', () => {
    for (const orphan of ['o S go:a 1200-1300', 'o S go:b 100-2000', 'o S go:b 5000-5100'])
      expect(selfOf(`${caller}\n    ${orphan} parent=gone`, 'c')).toBe('exact 800000 800000')
    expect(selfOf(`${caller}\n    o S go:a 20-30 parent=gone`, 'd')).toBe('bounded  80000')
    expect(selfOf(`${caller}\n    o S go:a 950-960 parent=gone`, 's')).toBe('bounded  120000')
  })
})
