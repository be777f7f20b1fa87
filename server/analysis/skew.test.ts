import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { tracesOf } from '../../test/otlp-json.ts'
import { t1Export, t1SpanId } from '../../test/t1.ts'
import { analyseTrace } from './analyse.ts'
import type { OffsetLookup } from './clock/offsets.ts'
import { flagNames } from './flags.ts'
import { legsOf } from './legs.ts'
import type { TraceAnalysis, TraceInput } from './types.ts'

/** algorithms.md 1.2 steps 5 and 6, D2, with and without known offsets; pictures in µs. */
const us = 1000

/** Offsets in µs to a common clock, ± `epsilon` between any two. */
const clocks =
  (offsets: Record<string, number>, epsilon = 10): OffsetLookup =>
  (from, to) => {
    const [a, b] = [offsets[from.replace('host.id ', '')], offsets[to.replace('host.id ', '')]]
    return a === undefined || b === undefined ? undefined : { theta: (b - a) * us, epsilon: epsilon * us }
  }
const analyse = (drawing: string | TraceInput, offset?: OffsetLookup): TraceAnalysis =>
  analyseTrace(typeof drawing === 'string' ? picture(drawing) : drawing, { networkRttNs: null, offset })
const span = (trace: TraceAnalysis, id: string) => trace.spans.find((s) => s.spanId === id)!
const path = (trace: TraceAnalysis) => trace.criticalPath.map((s) => `${s.spanId} ${s.ns / us}`)
const flags = (trace: TraceAnalysis, id: string) => flagNames(span(trace, id).flags)

describe('legs (D2)', () => {
  /** T1 with every span on one node. */
  const [t1] = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 0n)])
  const oneNode: TraceInput = {
    ...t1!,
    spans: t1!.spans.map((input) => ({
      ...input,
      resource: { attributes: new Map([...input.resource.attributes, ['k8s.node.name', 'one']]) },
    })),
  }

  it('LEG-1: of (o1, i1) are 400 and 300 of 700 in one clock domain', () => {
    const o1 = analyse(oneNode).proxies.find((proxy) => proxy.spanId === t1SpanId('o1'))!
    expect(o1.overhead).toMatchObject({ loNs: 0, hiNs: 700 * us, fidelity: 'bounded' })
    expect(o1.requestPath).toMatchObject({ loNs: 0, hiNs: 400 * us, fidelity: 'bounded' })
    expect(o1.responsePath).toMatchObject({ loNs: 0, hiNs: 300 * us, fidelity: 'bounded' })
  })

  it('LEG-2: with an offset in [950, 1100] are [200, 350] and [150, 300] of 500', () => {
    const unit = 1000
    const [theta, epsilon] = [1025 * unit, 75 * unit]
    const [request, response] = [1300 * unit - theta, 1000 * unit - (1800 * unit - theta)]
    const legs = legsOf(500 * unit, { ns: request, epsilon }, { ns: response, epsilon })!
    expect(legs.request).toEqual({ lo: 200 * unit, up: 350 * unit })
    expect(legs.response).toEqual({ lo: 150 * unit, up: 300 * unit })
    expect((legs.request.lo + legs.request.up) / 2).toBe(275 * unit)
    const trace = analyse(
      `
      p S in:x 0-1000
        c S go:y 1300-1800`,
      clocks({ x: 0, y: 1025 }, 75),
    )
    expect(trace.proxies[0]!.requestPath).toMatchObject({ loNs: 0, hiNs: 350 * us, fidelity: 'bounded' })
    expect(trace.proxies[0]!.responsePath).toMatchObject({ loNs: 0, hiNs: 300 * us, fidelity: 'bounded' })
  })

  it('LEG-3: are not told when the half-width exceeds a fifth of the gap and 50 µs; the gap is', () => {
    const drawing = `
      p S in:x 0-1000
        c S go:y 1300-1800`
    const trace = analyse(drawing, clocks({ x: 0, y: 1050 }, 101))
    const [proxy] = trace.proxies
    expect(proxy!.overhead).toMatchObject({ loNs: 0, hiNs: 500 * us, fidelity: 'bounded' })
    for (const leg of [proxy!.requestPath, proxy!.responsePath])
      expect(leg).toEqual({ ns: null, loNs: null, hiNs: null, fidelity: 'unknown', reasons: ['skew_wide'] })
    expect(flags(trace, 'c')).toContain('skew_wide')
    expect(analyse(drawing, clocks({ x: 0, y: 1050 }, 100)).proxies[0]!.requestPath.fidelity).toBe('bounded')
    expect(analyse(drawing).proxies[0]!.requestPath.reasons).toEqual(['skew_unknown'])
  })

  it('of a small gap are told up to 50 µs of doubt', () => {
    expect(legsOf(100 * us, { ns: 60 * us, epsilon: 50 * us }, { ns: 40 * us, epsilon: 50 * us })).not.toBeNull()
    expect(legsOf(300 * us, { ns: 150 * us, epsilon: 61 * us }, { ns: 150 * us, epsilon: 61 * us })).toBeNull()
  })

  it('are not told where the clocks cannot be right: a leg and the gap have nothing in common', () => {
    const legs = (ns: number, slack = 0) =>
      legsOf(300 * us, { ns: ns * us, epsilon: 20 * us, slack: slack * us }, { ns: (300 - ns) * us, epsilon: 20 * us })
    expect(legs(-19)).toEqual({ request: { lo: 0, up: us }, response: { lo: 299 * us, up: 300 * us } })
    expect(legs(-21)).toBeNull()
    expect(legs(-5000)).toBeNull()
    expect(legs(321)).toBeNull()
  })

  it('add the doubt of a start grid to that of the clocks', () => {
    const drawing = `
      p S in:x 0-10000
        c S node:y 4000-8000`
    const { requestPath, responsePath } = analyse(drawing, clocks({ x: 0, y: 2000 }, 100)).proxies[0]!
    // The start was cut to a whole millisecond: the request took 2000 to 3000 µs, ± 100.
    expect([requestPath.hiNs, responsePath.hiNs]).toEqual([3100 * us, 4100 * us])
  })
})

describe('placement with known offsets', () => {
  it('moves a child to where its clock says, and flags nothing', () => {
    const trace = analyse(
      `
      p S go:x 0-1000
        c S go:y 1300-1800`,
      clocks({ x: 0, y: 1200 }),
    )
    expect(span(trace, 'c').placedStart).toBe(100 * us)
    expect(path(trace)).toEqual(['p 100', 'c 500', 'p 400'])
    expect(trace.flags).toBe(0)
  })

  it('moves it into its parent where the offset is not quite right, its own descendants with it', () => {
    const trace = analyse(
      `
      p S go:x 0-1000
        c S go:y 1300-1800
          d I go:y 1400-1500`,
      clocks({ x: 0, y: 700 }),
    )
    expect([span(trace, 'c').placedStart, span(trace, 'd').placedStart]).toEqual([500 * us, 600 * us])
  })

  it('puts siblings of several clocks into the order in which they ran', () => {
    const drawing = `
      p S go:x 0-10000
        a S go:y 6000-9000
        b S go:z 1000-6500`
    const known = analyse(drawing, clocks({ x: 0, y: 5500, z: -3000 }))
    // a ran 500-3500, b 4000-9500.
    expect(path(known)).toEqual(['p 500', 'a 3000', 'p 500', 'b 5500', 'p 500'])
    expect(known.flags).toBe(0)
    const raw = analyse(drawing)
    expect(flagNames(raw.flags)).toEqual(['skew_unknown'])
    expect(path(raw)).not.toEqual(path(known))
  })

  it('lets siblings of two clocks overlap by the errors of both', () => {
    const drawing = `
      p S go:x 0-20000
        a S go:y 1000-10400
        b S go:z 10000-19000`
    const sure = analyse(drawing, clocks({ x: 0, y: 0, z: 0 }, 50))
    expect(path(sure)).toEqual(['p 10000', 'b 9000', 'p 1000'])
    const unsure = analyse(drawing, clocks({ x: 0, y: 0, z: 0 }, 250))
    expect(path(unsure)).toEqual(['p 1000', 'a 9000', 'b 9000', 'p 1000'])
  })

  it('places what is known by its offset and the rest as before', () => {
    const trace = analyse(
      `
      p S go:x 0-10000
        a S go:y 6000-9000
        b S go:unknown 20000-21000`,
      clocks({ x: 0, y: 5500 }),
    )
    expect([span(trace, 'a').placedStart, span(trace, 'b').placedStart]).toEqual([500 * us, 4500 * us])
    expect([flags(trace, 'a'), flags(trace, 'b')]).toEqual([[], ['skew_modeled']])
  })

  it('takes a child for detached only when it began after its parent whatever the clocks', () => {
    const drawing = `
      p S go:x 0-1000
        c S go:y 1500-1800`
    const after = analyse(drawing, clocks({ x: 0, y: 400 }, 99))
    expect(path(after)).toEqual(['p 1000'])
    expect(flags(after, 'c')).toEqual(['detached_async'])
    expect(span(after, 'c').placedStart).toBe(1100 * us)
    const perhaps = analyse(drawing, clocks({ x: 0, y: 400 }, 101))
    expect(path(perhaps)).toEqual(['p 700', 'c 300'])
    // Who waits, waits: a client's server cannot begin after it.
    expect(path(analyse(drawing.replace('p S', 'p C'), clocks({ x: 0, y: 400 }, 99)))).toEqual(['p 700', 'c 300'])
  })
})
