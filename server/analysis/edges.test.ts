import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import type { Callee } from './learned/callees.ts'
import { flagNames } from './flags.ts'
import type { TraceAnalysis } from './types.ts'

/** algorithms.md section 6: what a childless proxy or client span means. Pictures in µs. */
const childless = `
  c C go:a 0-1000 server.address=orders
    o C out:a 100-900`
const analyse = (drawing: string, callee?: Callee): TraceAnalysis =>
  analyseTrace(picture(drawing), { networkRttNs: null, callee: () => callee })
const classes = (trace: TraceAnalysis) => trace.criticalPath.map((segment) => `${segment.class} ${segment.ns / 1000}`)

describe('a childless proxy span', () => {
  it('is unknown where the callee leaves spans, external where it leaves none', () => {
    const traced = analyse(childless, 'traced')
    const [proxy] = traced.proxies
    for (const measure of [proxy!.overhead, proxy!.added, traced.hops[0]!.transit])
      expect([measure.fidelity, measure.reasons]).toEqual(['unknown', ['missing_callee']])
    expect(classes(traced)).toEqual(['loopback 100', 'unknown 800', 'loopback 100'])
    expect(flagNames(traced.flags)).toContain('missing_callee')

    const external = analyse(childless, 'external')
    for (const measure of [external.proxies[0]!.overhead, external.proxies[0]!.added, external.hops[0]!.transit])
      expect([measure.fidelity, measure.reasons]).toEqual(['unknown', ['single_span_proxy']])
    expect(classes(external)).toEqual(['loopback 100', 'external 800', 'loopback 100'])
    expect(flagNames(external.flags)).not.toContain('missing_callee')
  })

  it('is sampled out where others show that silence was decided, lost beside orphans', () => {
    const sampled = analyse(childless, 'sampled')
    expect(sampled.proxies[0]!.overhead.reasons).toEqual(['sampled_out'])
    expect(flagNames(sampled.flags)).toContain('sampled_out')
    expect(flagNames(sampled.flags)).not.toContain('missing_callee')
    const beside = `${childless}
      x S go:b 300-400 parent=gone`
    expect(analyse(beside, 'sampled').proxies[0]!.overhead.reasons).toEqual(['missing_callee'])
    expect(analyse(beside, 'external').proxies[0]!.overhead.reasons).toEqual(['missing_callee'])
  })

  it('is missing its callee while nothing is known', () => {
    expect(analyse(childless).proxies[0]!.overhead.reasons).toEqual(['missing_callee'])
  })
})

describe('a client span', () => {
  it('goes where it says itself, whatever others of its emitter say', () => {
    const { edges } = analyse(`
      s S go:shop 0-5000
        b C go:shop 100-1000
        c C go:shop 1100-2000 peer.service=orders
        d C go:shop 2100-3000
        e C go:shop 3100-4000 net.peer.name=stock`)
    expect(edges.map(({ edge }) => edge.split(' ').at(-1))).toEqual(['orders', 'stock'])
  })
})

describe('a client span without a server', () => {
  const lone = `
    c C go:a 0-1000 server.address=orders`

  it('is external unless others show that somebody should have answered', () => {
    expect(classes(analyse(lone))).toEqual(['external 1000'])
    expect(classes(analyse(lone, 'external'))).toEqual(['external 1000'])
    expect(classes(analyse(lone, 'traced'))).toEqual(['unknown 1000'])
    expect(flagNames(analyse(lone, 'traced').flags)).toEqual(['missing_callee'])
    expect(flagNames(analyse(lone, 'sampled').flags)).toEqual(['sampled_out'])
  })
})

describe('edges', () => {
  const edges = (drawing: string) =>
    analyse(drawing).edges.map(({ answered, deep, orphans }) => [answered, deep, orphans])

  it('are seen with who answers for them', () => {
    expect(
      edges(`
      c C go:a 0-1000 server.address=orders
        o C out:a 100-900
          i S in:b 200-800
            B S go:b 300-700`),
    ).toEqual([
      [true, false, false],
      [true, false, false],
      [true, true, false],
    ])
    expect(edges(childless)).toEqual([
      [false, false, false],
      [true, false, false],
    ])
  })

  it('are not seen where a request failed or was answered by the proxy itself', () => {
    expect(edges('o C out:a 100-900 http.status_code=503')).toEqual([])
    expect(edges('o C out:a 100-900 response_flags=UH http.status_code=404')).toEqual([])
  })

  it('are one per proxy and upstream, whatever the trace', () => {
    const [a, b, other] = [childless, childless, childless.replaceAll('out:a', 'out:z')].map(
      (d) => analyse(d).edges[0]!,
    )
    expect(a!.edge).toBe(b!.edge)
    expect(a!.edge).not.toBe(other!.edge)
  })
})
