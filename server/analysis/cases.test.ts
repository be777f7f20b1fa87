import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import { flagNames } from './flags.ts'
import type { TraceAnalysis } from './types.ts'

/** The test catalogue of algorithms.md section 12, as far as it is about one trace; times in µs. */
const analyse = (drawing: string): TraceAnalysis => analyseTrace(picture(drawing), { networkRttNs: null })
const span = (trace: TraceAnalysis, id: string) => trace.spans.find((s) => s.spanId === id)!
const self = (trace: TraceAnalysis, id: string) => {
  const { ns, fidelity, reasons } = span(trace, id).self
  return ns === null ? `${fidelity} ${reasons.join()}` : ns / 1000
}
const path = (trace: TraceAnalysis) => trace.criticalPath.map((s) => `${s.spanId} ${s.ns / 1000}`)
const proxy = (trace: TraceAnalysis, id: string) => trace.proxies.find((p) => p.spanId === id)!

const T2 = `
  G S go 0-10000
    U1 C go 500-9000
    U2 C go 600-4000`
const pair = (child: string) =>
  analyse(`
    P S in:a 0-10000
      C S ${child}`)

describe('self time (D1)', () => {
  it('SELF-2: takes the union of parallel children, 1500 of T2', () => {
    expect(self(analyse(T2), 'G')).toBe(1500)
  })

  it('SELF-4: is unknown where the child of a Go emitter is 1 ms longer than 10 ms', () => {
    expect(self(pair('go:b 0-11000'), 'P')).toBe('unknown neg_gap')
  })

  it('SELF-5: gives an inverted interval no duration and no say', () => {
    const trace = analyse(`
      P S go 0-100
        C C go 20-15`)
    expect([self(trace, 'P'), self(trace, 'C')]).toEqual([100, 'unknown neg_duration'])
    expect(flagNames(trace.flags)).toEqual(['neg_duration'])
  })
})

describe('critical path (D7)', () => {
  it('CP-2: of T2 is the longer of two children', () => {
    expect(path(analyse(T2))).toEqual(['G 500', 'U1 8500', 'G 1000'])
  })

  it('CP-3: of T2b leaves the child out that ended earlier, its dispatch in', () => {
    const trace = analyse(`
      P S go 0-20000
        A C go 1000-10000
        B C go 1200-19000`)
    expect(path(trace)).toEqual(['P 1200', 'B 17800', 'P 1000'])
  })

  it('CP-4: of T3 takes an overlap below δ for a sequence and loses A where δ does not reach, of T3b needs none', () => {
    const T3 = `
      P S go 0-20000
        A C go 1000-10020
        B C go 10000-19000`
    expect(path(analyse(T3))).toEqual(['P 1000', 'A 9000', 'B 9000', 'P 1000'])
    // In a unit of 100 µs the overlap of 20 is 2 ms, and δ never more than 1 ms: as with δ = 0.
    const coarse = analyseTrace(picture(T3, 100_000), { networkRttNs: null })
    expect(coarse.criticalPath.map((s) => `${s.spanId} ${s.ns / 100_000}`)).toEqual(['P 10000', 'B 9000', 'P 1000'])
    const T3b = `
      P S go 100-200
        A C go 100-150
        B C go 150-200`
    expect(path(analyse(T3b))).toEqual(['A 50', 'B 50'])
  })

  it('CP-5: of T5 leaves out a job that nobody waits for', () => {
    const trace = analyse(`
      S S go 0-1000
        db C go 100-400
        job I go 900-5000`)
    expect(path(trace)).toEqual(['S 100', 'db 300', 'S 600'])
    expect(flagNames(span(trace, 'job').flags)).toEqual(['detached_async'])
  })

  it('CP-6: of T6 cuts the server where its caller gave up', () => {
    // One clock domain: the spans are of one resource, but a SERVER below a CLIENT is another process on the machine.
    const trace = analyse(`
      c C go 0-1000
        s S go 200-1500`)
    expect(path(trace)).toEqual(['c 200', 's 800'])
    expect(flagNames(span(trace, 's').flags)).toEqual(['child_outlives'])
  })

  it('CP-7: of T7 waits for a producer, not for its consumer', () => {
    const trace = analyse(`
      S S go 0-1000
        pub P go 300-500
          sub Q go:worker 450-9000`)
    expect(path(trace)).toEqual(['S 300', 'pub 200', 'S 500'])
  })

  it('CP-11: shifts a child of another clock into its parent instead of dropping it', () => {
    const trace = analyse(`
      p S go:a 0-1000
        c S go:b 1300-1800`)
    expect(span(trace, 'c').placedStart).toBe(250_000)
    expect(path(trace)).toEqual(['p 250', 'c 500', 'p 250'])
    expect(flagNames(span(trace, 'c').flags)).toEqual(['skew_modeled'])
  })

  it('CP-10: walks 10,000 spans deep and wide', () => {
    const line = { ...picture('a S go 0-100000').spans[0]! }
    const chain = Array.from({ length: 10_000 }, (_, i) => ({
      ...line,
      spanId: `s${i}`,
      parentId: i === 0 ? '' : `s${i - 1}`,
      start: i,
      duration: 100_000 - 2 * i,
      kind: 1,
    }))
    const deep = analyseTrace({ traceId: '1', baseUnixNano: 0n, spans: chain }, { networkRttNs: null })
    expect(deep.criticalPath).toHaveLength(9_999 * 2 + 1)
    const fan = Array.from({ length: 10_000 }, (_, i) => ({
      ...line,
      spanId: `s${i}`,
      parentId: i === 0 ? '' : 's0',
      start: i * 10,
      duration: i === 0 ? 200_000 : 5,
      kind: i === 0 ? 2 : 1,
    }))
    const wide = analyseTrace({ traceId: '1', baseUnixNano: 0n, spans: fan }, { networkRttNs: null })
    expect(wide.criticalPath.reduce((sum, s) => sum + s.ns, 0)).toBe(200_000)
    expect(self(wide, 's0')).toBe((200_000 - 9_999 * 5) / 1000)
  })
})

describe('proxies (D4, D6)', () => {
  it('PROXY-2: takes two backends at once as one wait, 1500 of 10000', () => {
    const trace = analyse(`
      g S krakend 0-10000 krakend.stage=global
        b1 C krakend 500-9000 krakend.stage=backend-request
        b2 C krakend 600-4000 krakend.stage=backend-request`)
    expect(proxy(trace, 'g').overhead).toMatchObject({ ns: 1_500_000, fidelity: 'exact' })
    expect(proxy(trace, 'g').retry.attempts).toBe(1)
  })

  it('PROXY-3: believes timing tags of the proxy', () => {
    const trace = analyse(`
      o C out:a 0-1000 hopscope.req_us=120 hopscope.resp_us=30
        s S go:b 300-700`)
    expect(proxy(trace, 'o')).toMatchObject({
      overhead: { ns: 150_000, fidelity: 'exact' },
      requestPath: { ns: 120_000 },
      responsePath: { ns: 30_000 },
    })
  })

  it('PROXY-4: leaves failed attempts and back-off out: 200, 150, 200', () => {
    const trace = analyse(`
      o S gateway:a 0-1000
        r1 C up:a 100-300 http.status_code=503
        r2 C up:a 450-900 http.status_code=200`)
    expect(proxy(trace, 'o')).toMatchObject({
      overhead: { ns: 200_000, fidelity: 'exact' },
      retry: { attempts: 2, backoffNs: 150_000, wastedNs: 200_000 },
    })
    expect(self(trace, 'o')).toBe(350)
    expect(trace.criticalPath.map((s) => `${s.class} ${s.ns / 1000}`)).toEqual([
      'gateway.proc 100',
      'retry 200',
      'retry 150',
      'external 450',
      'gateway.proc 100',
    ])
  })

  it('PROXY-5: takes overlapping attempts as one wait: union 700, 300 left', () => {
    const trace = analyse(`
      P S gateway:a 0-1000
        r1 C up:a 100-800
        r2 C up:a 300-700`)
    expect(proxy(trace, 'P').overhead.ns).toBe(300_000)
  })

  it('PROXY-7: is censored at 0 where a Node child is 0.4 ms longer than its Envoy, unknown where it is 1.2 ms longer', () => {
    const late = pair('node:b 0-10400')
    expect(self(late, 'P')).toBe(0)
    expect(span(late, 'P').self.reasons).toEqual(['censored'])
    expect(proxy(late, 'P').overhead).toMatchObject({ loNs: 0, hiNs: 0 })
    expect(proxy(late, 'P').overhead.reasons).toContain('censored')
    const tooLate = pair('node:b 0-11200')
    expect(self(tooLate, 'P')).toBe('unknown neg_gap')
    expect(proxy(tooLate, 'P').overhead).toMatchObject({ fidelity: 'unknown', ns: null, reasons: ['neg_gap'] })
  })

  it('HOP-5: knows a local reply: the proxy spent it all, and nothing lies beyond', () => {
    const trace = analyse(`
      c C go:a 0-500
        o C out:a 100-410 response_flags=UH http.status_code=503 name=x`)
    expect(proxy(trace, 'o')).toMatchObject({
      localReply: true,
      error: true,
      overhead: { ns: 310_000, fidelity: 'exact' },
    })
    expect(trace.hops).toEqual([])
    expect(trace.criticalPath.map((s) => `${s.class} ${s.ns / 1000}`)).toEqual([
      'loopback 100',
      'proxy.proc 310',
      'loopback 90',
    ])
  })

  it('estimates no more than the bounds and the clock of its caller leave', () => {
    const estimate = (caller: string, wireUs: number) => {
      const drawing = `
        c C go:a ${caller}
          o C out:a 100-1000
            i S in:b 300-800
              B S go:b 320-780`
      const trace = analyseTrace(picture(drawing), { networkRttNs: null, wire: () => wireUs * 1000 })
      const { overhead, added } = proxy(trace, 'o')
      return [overhead.ns! / 1000, overhead.hiNs! / 1000, added.hiNs! / 1000]
    }
    expect(estimate('0-1100', 100)).toEqual([300, 400, 600])
    expect(estimate('0-1100', 1000)).toEqual([0, 400, 600])
    // The caller has its answer after 650: the proxy cannot have kept it waiting for 300 besides the 500 below.
    expect(estimate('100-750', 100)).toEqual([150, 400, 150])
  })

  it('says unknown for a proxy whose callee left no span', () => {
    const trace = analyse('o S in:a 0-500')
    expect(proxy(trace, 'o').overhead).toMatchObject({
      fidelity: 'unknown',
      ns: null,
      hiNs: null,
      reasons: ['missing_callee'],
    })
    expect(proxy(trace, 'o').added.fidelity).toBe('unknown')
    expect(trace.hops.map((h) => [h.kind, h.transit.reasons])).toEqual([['exit', ['missing_callee']]])
  })

  it('never takes an application without spans for a proxy', () => {
    const trace = analyse(`
      i S in:a 0-5000
        o C out:a 1000-4000
          j S in:b 1200-3800
            B S go:b 1300-3700`)
    expect(proxy(trace, 'i').overhead.reasons).toEqual(['missing_callee'])
    expect(proxy(trace, 'o').added.hiNs).toBeNull()
    expect(trace.hops.map((h) => [h.kind, h.via, h.transit.ns])).toEqual([
      ['entry', ['o', 'j'], 600_000],
      ['exit', ['i'], null],
    ])
  })
})

describe('hops (D3)', () => {
  it('HOP-3: is unknown where the client is not instrumented', () => {
    const trace = analyse(`
      A S go:a 0-5000
        o C out:a 1000-4000
          B S go:b 1200-3800`)
    expect(trace.hops.map((h) => [h.kind, h.caller?.service, h.transit.fidelity, h.transit.reasons])).toEqual([
      ['internal', 'a', 'unknown', ['missing_parent']],
    ])
  })

  it('HOP-4: passes two waypoints', () => {
    const trace = analyse(`
      c C go:a 0-5000
        w1 S waypoint:w 500-4500
          w2 S waypoint:x 1000-4000
            B S go:b 1200-3800`)
    const [hop] = trace.hops
    expect(hop!.segments.map((s) => `${s.class} ${s.ns / 1000}`)).toEqual([
      'wire 1000',
      'proxy.out+wire 1000',
      'proxy.out+wire 400',
    ])
    expect([hop!.transit.ns, hop!.dataPlane, hop!.via]).toEqual([2_400_000, 'waypoint', ['w1', 'w2']])
    expect(trace.proxies.map((p) => p.identity.name)).toEqual(['w.shop', 'x.shop'])
  })

  it('takes what a server that ends late lacks from the others, none of which is exact then', () => {
    const trace = analyse(`
      c C go:a 0-1000
        i S in:b 200-900
          B S node:b 210-1310`)
    const [hop] = trace.hops
    expect([hop!.transit.ns, hop!.transit.reasons]).toEqual([0, ['censored']])
    expect(hop!.segments.map((s) => `${s.class} ${s.ns} ${s.fidelity}`)).toEqual([
      'wire 0 bounded',
      'proxy.in 0 bounded',
    ])
    const pair = analyse(`
      c C go:a 0-2000
        g S gateway:g 100-1900
          u C up:g 300-1700
            B S node:b 310-1720`).hops[0]!
    expect(pair.segments.map((s) => `${s.class} ${s.ns / 1000} ${s.fidelity}`)).toEqual([
      'wire 190 bounded',
      'gateway.proc 400 exact',
      'wire 0 bounded',
    ])
    expect(pair.wire).toMatchObject({ ns: 190_000, fidelity: 'exact', reasons: ['censored'] })
  })

  it('gives the useful attempt the hop and the failed one none', () => {
    const trace = analyse(`
      c C go:a 0-2000
        o C out:a 100-1900
          B1 S go:b 200-500 http.status_code=503
          B2 S go:b 900-1700 http.status_code=200`)
    expect(trace.hops.map((h) => [h.transit.ns, h.transit.reasons])).toEqual([
      [null, ['retry_or_hedge']],
      [1_200_000, []],
    ])
    expect(trace.hops[1]!.segments.map((s) => `${s.class} ${s.ns / 1000}`)).toEqual([
      'loopback 200',
      'proxy.out+wire 300',
      'retry 700',
    ])
  })
})
